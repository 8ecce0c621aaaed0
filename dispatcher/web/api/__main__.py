"""Serve the API: python -m dispatcher.web.api"""

import sys
from contextlib import suppress

import uvicorn

from dispatcher import logging
from dispatcher.errors import OperatorError
from dispatcher.ports import free_port
from dispatcher.settings import settings
from dispatcher.setup import build_services
from dispatcher.web.api.app import make
from dispatcher.web.server import allow_most_files, configure


def main() -> None:
    """Listen on DISPATCHER_API_HOST and DISPATCHER_API_PORT. Raises OperatorError."""
    found = settings()
    logging.configure(found.log_level)
    app = make(build_services(serving=True))
    free_port(found.api_host, found.api_port, "DISPATCHER_API_PORT")
    allow_most_files()
    with suppress(KeyboardInterrupt):
        uvicorn.Server(configure(app, found.api_host, found.api_port, streams=True)).run()


try:
    main()
except OperatorError as error:
    sys.stderr.write(f"dispatcher: {error}\n")
    sys.exit(2)
