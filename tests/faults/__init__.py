"""Fault drills: the whole stack under load while something breaks; then every invariant is asked (docs/faults.md)."""
