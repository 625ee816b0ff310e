"""The D-Bus contract, proved on the running service: real frames in, a real dbus-daemon, clients that are not ours."""
