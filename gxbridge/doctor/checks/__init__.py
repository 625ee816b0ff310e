"""The checks: facts enter, rows leave. A check touches nothing outside and never raises."""
