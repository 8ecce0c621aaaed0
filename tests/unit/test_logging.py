"""The log of a process, and of one that is configured again."""

import logging as stdlib_logging
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from dispatcher import logging


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Whatever a test configures ends with it."""
    root, before = stdlib_logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def test_what_has_logged_before_is_heard_after_another_configuration() -> None:
    log = logging.logger("dispatcher.tests")
    logging.configure("ERROR")
    log.info("first")
    logging.configure("ERROR")
    with capture_logs() as heard:
        log.info("second", case="x")
    assert heard == [{"event": "second", "log_level": "info", "case": "x"}]
