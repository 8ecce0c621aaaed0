"""Send webhooks: python -m dispatcher.webhooks"""

import asyncio
import signal
import sys

from dispatcher import logging
from dispatcher.errors import OperatorError
from dispatcher.settings import settings
from dispatcher.setup import build_services
from dispatcher.webhooks import sender


async def main() -> None:
    """Send until SIGINT or SIGTERM. Raises OperatorError."""
    logging.configure(settings().log_level)
    services = build_services(serving=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await sender.run(services, stop)


try:
    asyncio.run(main())
except OperatorError as error:
    sys.stderr.write(f"dispatcher: {error}\n")
    sys.exit(2)
