"""What counts instead of what is shown now: what was said before, what is heard on CAN, and what cannot be true."""
