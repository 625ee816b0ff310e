"""`gxbridge demo`: two simulated installations with the real service, played in acts that are judged.

The real service is a process of its own here; the demo sees of it what any D-Bus client can.

Bottom up: `sim/` are the devices (they know nothing of gxbridge); `processes` starts programs and leaves none behind;
`buses` gives them a D-Bus and a CAN bus; `roles` names the services and paths; `simulation` is one installation,
running, with all that is seen on its D-Bus; `checks` compare that; `acts.yaml` says what happens and what must come of
it, `acts` plays it and judges; `lines` and `screen` show it; `main` is the command.
"""
