"""`gxbridge doctor` without its checks: gathering what they look at, and the archive for a forum."""
