"""Adapters of one client: whatever speaks our gateway protocol."""
