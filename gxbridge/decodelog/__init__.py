"""What `gxbridge decode` is made of. Rows of a log enter; decoded lines, tables and statistics leave."""
