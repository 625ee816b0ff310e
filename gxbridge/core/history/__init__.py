"""What was measured, limited and allowed over seconds, days and months: samples, their memory, and their bytes. Items
of services and moments enter; blocks leave. `gxbridge/history` keeps them on a disk."""
