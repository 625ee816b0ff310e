"""Recorded CAN logs of every format as one stream of rows, and playing one back in place of a bus."""
