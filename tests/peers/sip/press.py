"""Presses a key: sends a recording's RTP (RFC 2833 events, of package sip-tester) to a port: press.py PCAP PORT

sipp plays it only as root. Standard library alone: sipp starts it.
"""

import socket
import struct
import sys
import time
from pathlib import Path

_FILE, _RECORD, _LAYERS = 24, 16, 14 + 20 + 8  # bytes of the headers: of the file, of a packet; Ethernet, IPv4, UDP

recorded, sender = Path(sys.argv[1]).read_bytes(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
at = _FILE
while at < len(recorded):
    (length,) = struct.unpack_from("<I", recorded, at + 8)
    packet = recorded[at + _RECORD : at + _RECORD + length]
    sender.sendto(packet[_LAYERS:], ("127.0.0.1", int(sys.argv[2])))
    at += _RECORD + length
    time.sleep(0.02)
