"""The readers, one file for each kind of log: lines of text to rows, or the records of a binary file."""
