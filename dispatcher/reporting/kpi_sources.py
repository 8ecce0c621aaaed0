"""What each source pushed: how late, how often again, how often of the wrong person or of no victim."""

from typing import Any

from sqlalchemy import CTE, ScalarSelect, Uuid, cast, extract, func, or_, select

from dispatcher.intake.content import REPEATED
from dispatcher.reporting.kpi_facts import ended, is_expired
from dispatcher.store.base import constant
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.journal import JournalRow
from schemas.vocabulary import Resolution


def of_sources(cases: CTE) -> ScalarSelect[Any]:
    """By name of the source, as one JSON object, so that it stands in the statement that has read the cases."""
    repeated = _repeated()
    took = extract("epoch", InstructionRow.received_at - InstructionRow.issued_at)
    is_false = or_(InstructionRow.refuted_at.is_not(None), ended(cases, Resolution.NOT_A_VICTIM))
    columns = {
        "instructions": func.count(),
        "wrong_person": func.count().filter(cases.c.wrong_person),
        "not_a_victim": func.count().filter(is_false),
        "duplicate": func.coalesce(func.sum(repeated.c.times), 0),
        "expired_on_arrival": func.count().filter(is_expired()),
        "p50_s": func.round(func.percentile_cont(0.5).within_group(took)),
        "p90_s": func.round(func.percentile_cont(0.9).within_group(took)),
    }
    found = select(InstructionRow.system, *(value.label(name) for name, value in columns.items()))
    found = found.join(cases, cases.c.id == InstructionRow.case_id)
    found = found.outerjoin(repeated, repeated.c.instruction == InstructionRow.id)
    each = found.group_by(InstructionRow.system).subquery()
    pairs = (part for name in columns for part in (name, each.c[name]))
    return select(func.json_object_agg(each.c.system, func.json_build_object(*pairs))).scalar_subquery()


def _repeated() -> Any:
    """How often an instruction came again as it was."""
    instruction = cast(JournalRow.data["instruction"].as_string(), Uuid).label("instruction")
    again = select(instruction, func.count().label("times"))
    is_such = JournalRow.event == constant(JournalRow.event, REPEATED)
    return again.where(is_such).group_by(instruction).subquery()
