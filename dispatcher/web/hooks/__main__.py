"""Receive the gateways' receipts: python -m dispatcher.web.hooks"""

import sys
from contextlib import suppress

import uvicorn

from dispatcher import logging
from dispatcher.errors import OperatorError
from dispatcher.ports import free_port
from dispatcher.settings import settings
from dispatcher.setup import build_services
from dispatcher.web.hooks.app import make
from dispatcher.web.server import allow_most_files, configure


def main() -> None:
    """Listen on DISPATCHER_HOOKS_HOST and DISPATCHER_HOOKS_PORT. Raises OperatorError."""
    found = settings()
    logging.configure(found.log_level)
    services = build_services(serving=True)
    _ = services.registry
    free_port(found.hooks_host, found.hooks_port, "DISPATCHER_HOOKS_PORT")
    allow_most_files()
    with suppress(KeyboardInterrupt):
        uvicorn.Server(configure(make(services), found.hooks_host, found.hooks_port)).run()


try:
    main()
except OperatorError as error:
    sys.stderr.write(f"dispatcher: {error}\n")
    sys.exit(2)
