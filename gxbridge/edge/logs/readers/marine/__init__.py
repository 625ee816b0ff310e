"""What gateways, recorders and programs of boats write, as text or bytes: frames, or whole messages."""
