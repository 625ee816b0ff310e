"""All that may be sent on CAN, and what asks for it: an address of our own, requests, and a fixed list of writes."""
