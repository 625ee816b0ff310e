"""The pure part: standard library only, no clock, no socket, no file, no log. Frames, D-Bus values and `now` enter;
items, writes to chargers, frames to send and findings leave."""
