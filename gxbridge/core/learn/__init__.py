"""What an unknown register means, found by comparing it with the vendor's D-Bus values. Frames and values of one clock
enter; hypotheses with their evidence, and candidate entries for the database, leave. None is believed by default."""
