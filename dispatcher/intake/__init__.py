"""Intake: from a pushed line to a case."""
