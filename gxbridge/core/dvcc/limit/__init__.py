"""CVL, CCL and DCL as lists of caps: each cap with its value, reason, source and age; the tightest wins."""
