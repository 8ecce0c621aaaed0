"""Serves classes of Jasmin's SMSC simulator, each on a port of its own: jasmin_smsc.py SDIST CLASS…

Run with the interpreter of the folder that `make peers-smpp` installs Twisted and smpp.pdu3 into. Prints the ports.
"""

import json
import sys

from twisted.internet import reactor
from twisted.internet.protocol import Factory

sys.path.insert(0, sys.argv[1])
from tests.protocols.smpp import smsc_simulator

ports = {}
for name in sys.argv[2:]:
    factory = Factory.forProtocol(getattr(smsc_simulator, name))
    ports[name] = reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port
print(json.dumps(ports), flush=True)
reactor.run()
