"""A decision in words: limits with their reasons, findings, and the comparison with another DVCC master."""
