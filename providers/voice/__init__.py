"""Voice clouds."""
