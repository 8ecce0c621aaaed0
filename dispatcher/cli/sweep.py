"""sweep: rings for due work, as a process of its own."""

import typer

from dispatcher import logging
from dispatcher import sweep as sweeping
from dispatcher.cli.signals import stop_on_signals
from dispatcher.settings import settings
from dispatcher.setup import build_services


def register(app: typer.Typer) -> None:
    app.command()(sweep)


def sweep() -> None:
    """巡检进程:补发唤醒、处理超时 / the sweep: rings for due work, expires leases."""
    logging.configure(settings().log_level)
    sweeping.run(build_services(serving=True), stop_on_signals())
