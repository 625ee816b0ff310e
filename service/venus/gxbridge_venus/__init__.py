"""What the install scripts leave to Python: questions over D-Bus, the first configuration, a self-test."""
