"""A gateway with scripted people, for demos and tests: speaks the gateway protocol, reaches nobody."""
