"""The history of a running installation: read from D-Bus every second, kept in memory, and appended to a disk every
quarter of an hour. SeenServices enter; blocks of `core/history` leave. It writes to nothing but its own folder."""
