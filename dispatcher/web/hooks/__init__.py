"""Provider callbacks."""
