"""One module for each sub-command: HELP, configure(parser), run(args) -> exit code. `cli.py` imports only the one asked for."""
