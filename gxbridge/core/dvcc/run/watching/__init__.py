"""What is watched from one decision to the next: whether limits are obeyed, what is shared, which clocks run."""
