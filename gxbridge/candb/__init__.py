"""From the YAML of `can_db/` to the importable `gxbridge/_candb.py`; check, show and export it. Needed to build and to
inspect, never to run. YAML files enter; nothing that runs is imported from here."""
