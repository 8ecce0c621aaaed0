"""A line from whichever door, in transactions of its own: a fault of ours stops neither it nor the next one."""

from sqlalchemy.exc import OperationalError

from dispatcher.casework.set_aside import Begin, is_outage, kind_of
from dispatcher.intake import instructions
from dispatcher.intake.answer import Answer
from dispatcher.logging import logger
from schemas.errors import ProgramFault

_log = logger(__name__)


def take_line(begin: Begin, raw: bytes, *, door: str) -> Answer:
    """Take one line, or keep it in quarantine where taking it raises. An outage goes up.

    It is tried a second time with the decisions left to its case's next look: what the engine fails on is taken.
    """
    for postpones in (False, True):
        try:
            with begin(postpones_decisions=postpones) as work:
                return instructions.take(work, raw, door=door)
        except Exception as error:
            # Neither is a fault of the line's: it waits for the database, or for who has the case.
            if is_outage(error) or isinstance(error, OperationalError):
                raise
            failed = error
    return _keep(begin, raw, failed, door)


def _keep(begin: Begin, raw: bytes, error: Exception, door: str) -> Answer:
    kind = kind_of(error)
    _log.error("line_failed", door=door, **kind)
    with begin() as work:
        return instructions.refuse(work, raw, ProgramFault(kind["error"]), door=door)
