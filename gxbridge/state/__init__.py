"""The state store: the one file with what must outlive the process. Nothing else in gxbridge keeps such a file.

A checked value of `core/model/remembered.py`, which also says when it is due to be written, enters and leaves.
"""
