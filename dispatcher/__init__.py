"""The warning dispatcher: reaches people who are being defrauded right now, and keeps the record of it."""
