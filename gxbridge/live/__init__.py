"""What is on CAN buses now, for `gxbridge watch` and `gxbridge capture`. Frames enter, of buses or of a recorded log; a
table on a screen, or a file, leaves. Nothing is sent."""
