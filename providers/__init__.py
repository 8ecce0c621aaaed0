"""What reaches a person: one adapter a file, behind one small protocol."""
