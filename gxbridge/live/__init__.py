"""What is on CAN buses now: `gxbridge watch`, `gxbridge capture`. Frames of buses or of a recorded log enter; a table on
a screen, or a file, leaves. Nothing is sent."""
