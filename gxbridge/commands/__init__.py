"""One module for each sub-command: configure(parser), run(args) -> exit code. `cli.py` imports the one asked for."""
