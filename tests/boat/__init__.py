"""gxbridge on a GX device: the bundle, its scripts, and a root file system laid out like Venus OS."""
