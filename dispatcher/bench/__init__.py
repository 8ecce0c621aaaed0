"""Benchmarks that anyone can run; each is paired with its baseline in one run."""
