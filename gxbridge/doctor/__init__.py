"""`gxbridge doctor`: what an installer or a forum helper asks first. This machine, its D-Bus and its CAN ports enter;
rows with a verdict and advice leave, and an archive without secrets. It works where no service runs and loads none."""
