"""One module for each sub-command: `configure(parser)`, `run(args)` -> exit code. `cli.py` imports the one that is
asked for. Arguments enter; text, JSON and an exit code leave."""
