"""`gxbridge demo`: two simulated installations with the real service, played in acts that are judged.

The real service is a process of its own here, and nothing of it but its buses is used.

Bottom up: `sim/` are the devices (they know nothing of gxbridge); `processes` starts programs and leaves none behind;
`buses` gives them a D-Bus and a CAN bus; `bus_watch` sees what is on D-Bus; `roles` names the services and paths;
`checks` compare them; `simulation` is one installation, running; `acts.yaml` says what happens and what must come of
it, `acts` plays it and judges; `lines` and `screen` show it; `main` is the command.
"""
