"""One module for each thing outside: CAN, D-Bus, settings, files, replay."""
