"""What came in and what was decided in the last minutes, kept so that it can be read and played again. The inputs and
results of a bridge enter; `edge/box_files.py` keeps the bytes that leave."""
