"""The upload page: a table is chosen, its columns are named, its rows looked at, then pushed."""
