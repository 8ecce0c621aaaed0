"""Tables that people push, CSV and XLSX: read, and turned into instructions by their columns."""
