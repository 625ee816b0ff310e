"""gxbridge: battery values on D-Bus and charge limits that say why, for GX devices."""

__version__ = "0.1.0"
