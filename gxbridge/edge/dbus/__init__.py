"""D-Bus: connections, messages as bytes, services that we publish and services that we watch. Only `bus.py` imports a
D-Bus library."""
