"""Who is master: who else may write, what was told and read back, and what may go out."""
