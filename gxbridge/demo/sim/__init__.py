"""The simulated devices: programs of their own that know nothing of gxbridge, only its buses."""
