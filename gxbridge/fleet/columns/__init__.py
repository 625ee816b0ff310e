"""Parquet: the tables with their units, and what writes them in batches, whole or not at all. Rows and decoded messages
enter; files by site and day leave."""
