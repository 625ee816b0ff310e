"""The history on a disk, in two forms that hold the same: a database where the Python has sqlite3, else files that are
only appended to. Blocks of `core/history` enter and leave. Which days make room is decided in `gxbridge/history`."""
