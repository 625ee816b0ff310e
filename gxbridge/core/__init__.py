"""The pure room: standard library only, no clock, no socket, no file, no log. Time comes in as `now`."""
