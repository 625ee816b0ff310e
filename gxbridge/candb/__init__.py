"""From the YAML of `can_db/` to the importable `gxbridge/_candb.py`. Needed to build and to inspect, never to run."""
