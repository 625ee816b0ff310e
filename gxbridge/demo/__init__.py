"""A simulated installation and a story, to see gxbridge work without hardware. It runs the real service as a process of
its own and uses nothing but its buses."""
