"""Pictures of voltage, current, state of charge, limits, permissions and findings. Blocks of `core/history` enter; a
picture file or a chart in a terminal leaves. The drawing packages are optional."""
