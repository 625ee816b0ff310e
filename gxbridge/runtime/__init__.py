"""The running service: it joins core and edge, and owns the tasks, the clock and the log. A configuration enters."""
