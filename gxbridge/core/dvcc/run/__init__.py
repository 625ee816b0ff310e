"""One decision after another: what is remembered in between, filters, the loss of a BMS, and who is the DVCC master."""
