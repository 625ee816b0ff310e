"""`gxbridge web`: a page for a phone at the switchboard, the same as JSON, and metrics. A program of its own that only
reads: our service and the chargers over D-Bus, the history, black boxes. What visitors send is written nowhere."""
