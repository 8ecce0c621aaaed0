"""What crosses the border: vocabularies and wire models. Imports nothing of ours."""
