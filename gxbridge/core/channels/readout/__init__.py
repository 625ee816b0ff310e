"""Bluetooth Instant Readout: an encrypted advertisement enters; a record with units leaves. It never grants
anything."""
