"""The black box: what came in and what was decided in the last minutes, so that it can be read and played again."""
