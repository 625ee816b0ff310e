"""The state store: the one file with what must outlive the process. Nothing else in gxbridge keeps such a file.

What is remembered, its checks and when it is due to be written stand in `gxbridge/core/model/remembered.py`.
"""
