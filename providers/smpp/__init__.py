"""SMPP 3.4: one transceiver bind to a carrier's SMSC.

The specification meant throughout is "Short Message Peer to Peer Protocol Specification v3.4", issue 1.2, 12-Oct-1999.
"""
