"""Supervision: what people decide about cases, and what waits for them."""
