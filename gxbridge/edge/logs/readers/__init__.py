"""The readers, one file for each kind of log, in wings by who writes it: lines of text to rows, or records."""
