"""SIP: calls through a trunk, each by a baresip process of its own.

RFC 3261 is SIP; RFC 3398 says which of its codes an exchange's release causes become (7.2.4.1).
"""
