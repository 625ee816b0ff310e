"""What is on D-Bus: the paths and values of a battery service and of our own, whether a battery is published at
all, and what clients may write. Batteries, decisions and findings enter; items leave."""
