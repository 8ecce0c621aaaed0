"""A line from whichever door, in transactions of its own: a fault of ours stops neither it nor the next one."""

from uuid import UUID

from sqlalchemy.exc import OperationalError

from dispatcher.casework.set_aside import Begin, is_outage, kind_of
from dispatcher.intake import instructions
from dispatcher.intake.answer import Answer
from dispatcher.logging import logger
from schemas.errors import BadInstruction, ProgramFault

_log = logger(__name__)


def take_line(begin: Begin, raw: bytes, *, door: str, kept_as: UUID | None = None) -> Answer:
    """Take one line, or keep it in quarantine where taking it raises. An outage goes up.

    It is tried a second time with the decisions left to its case's next look: what the engine fails on is taken.
    `kept_as`: the id under which it is kept if it is refused. A line that comes again under it is not kept twice.
    """
    for postpones in (False, True):
        try:
            with begin(postpones_decisions=postpones) as work:
                return instructions.take(work, raw, door=door, kept_as=kept_as)
        except Exception as error:
            # Neither is a fault of the line's: it waits for the database, or for who has the case.
            if is_outage(error) or isinstance(error, OperationalError):
                raise
            failed = error
    return keep_failed(begin, raw, failed, door=door, kept_as=kept_as)


def keep_failed(begin: Begin, raw: bytes, error: Exception, *, door: str, kept_as: UUID | None = None) -> Answer:
    """Keep a line in quarantine because taking it raised this."""
    kind = kind_of(error)
    _log.error("line_failed", door=door, **kind)
    return refuse_line(begin, raw, ProgramFault(kind["error"]), door=door, kept_as=kept_as)


def refuse_line(begin: Begin, raw: bytes, refusal: BadInstruction, *, door: str, kept_as: UUID | None = None) -> Answer:
    """Keep a line in quarantine without trying it."""
    with begin() as work:
        return instructions.refuse(work, raw, refusal, door=door, kept_as=kept_as)
