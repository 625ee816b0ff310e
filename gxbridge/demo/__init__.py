"""A simulated installation and a story, to see gxbridge work without hardware."""
