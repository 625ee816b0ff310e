"""The simulated installation: programs of their own that know nothing of gxbridge's insides, only its buses."""
