"""A line from whichever door, in transactions of its own: a fault of ours stops neither it nor the next one."""

from dispatcher.casework.set_aside import Begin, is_outage, kind_of
from dispatcher.intake import instructions
from dispatcher.intake.answer import Answer
from dispatcher.logging import logger
from schemas.errors import BadInstruction

FIELD = "system"  # what is at fault, where no field of the line is
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
            if is_outage(error):
                raise
            failed = error
    return _keep(begin, raw, failed, door)


def _keep(begin: Begin, raw: bytes, error: Exception, door: str) -> Answer:
    kind = kind_of(error)
    _log.error("line_failed", door=door, **kind)
    fault = BadInstruction(
        FIELD,
        f"本系统处理出错({kind['error']}),与来源无关;原文已留存,修复后可重新提交",
        f"a fault of the program ({kind['error']}), none of the source's; kept, to be pushed again once it is mended",
    )
    with begin() as work:
        return instructions.refuse(work, raw, fault, door=door)
