"""Limits, reasons, permissions and findings at an MQTT broker, as Home Assistant likes them. D-Bus items enter;
messages leave, and nothing is ever taken from the broker."""
