"""One module for each thing outside: CAN, D-Bus, Bluetooth, logs, files. Bytes and library objects enter; plain values
of the core leave. An edge decides nothing."""
