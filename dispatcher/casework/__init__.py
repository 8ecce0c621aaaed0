"""Use cases, one a file. Each takes a Session; the caller commits."""
