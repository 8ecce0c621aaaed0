"""PostgreSQL, which holds the truth: SQLAlchemy 2 tables, a file per noun."""
