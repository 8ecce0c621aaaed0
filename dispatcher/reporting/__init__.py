"""Reporting: the log, the case, KPIs and what explains and verifies them."""
