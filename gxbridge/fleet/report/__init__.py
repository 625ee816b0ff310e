"""The report on a data set: one SQL file for each question, asked by DuckDB; text, JSON or one page leaves. A data set
enters; nothing in it is changed."""
