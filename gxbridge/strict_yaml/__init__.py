"""YAML that people write, read strictly: every value with its line, every fault with file, line, key and cure.

`document.py` turns bytes into nodes or into plain tables, `scalars.py` turns single nodes into values, and `problem.py`
says what is wrong (without PyYAML, so that a start without a file does not load it). Nothing is ever constructed from a
tag: a value is text, a number, yes or no, empty, a list or a mapping. The configuration, `can_db/` and the catalogue of
BMS models are read here and nowhere else.
"""
