"""structlog: one JSON line per event, the same form for our lines and for the libraries'.

Values are ids and codes. Personal data has no place in a log line, and libraries that write
whole URLs or parameters are kept at WARNING.
"""

import logging
import sys
from typing import Any

import structlog

from dispatcher.terminal import escaped

_QUIET = ("httpx", "httpcore", "aiohttp", "sqlalchemy", "alembic", "kombu", "uvicorn.access")

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# One list for good: a logger that has logged keeps it, so whoever changes it (`capture_logs` does) reaches them all.
_PROCESSORS: list[Any] = [*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]


def configure(level: str = "INFO") -> None:
    """Everything this process logs goes to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
                _escape,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _escape(_logger: object, _method: str, line: Any) -> str:
    """Whoever follows a log on a terminal is shown it, and commanded nothing."""
    return escaped(line)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    found: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return found
