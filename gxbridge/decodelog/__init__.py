"""What `gxbridge decode` is made of: a log's rows to messages, and messages to lines, tables and statistics."""
