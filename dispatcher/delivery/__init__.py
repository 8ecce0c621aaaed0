"""Delivery: from a due attempt to the outcome of its provider call."""
