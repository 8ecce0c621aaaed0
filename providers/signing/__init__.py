"""Vendors' request signatures, as pure functions: time and nonce are arguments."""
