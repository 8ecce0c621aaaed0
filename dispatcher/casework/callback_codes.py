"""Call-back codes 任务码: by one, a person who was rung has 96110 or 110 check that it was us. Yes or no, no more."""

import re
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatcher import clock
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.context import Context
from dispatcher.casework.personal_data import keep_value
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.store import advisory_locks, journal_changes
from dispatcher.store.base import new_id
from dispatcher.store.cases import CaseRow
from dispatcher.store.codes import CodeCheckRow, CodeRow
from dispatcher.store.vault import SubjectRow
from dispatcher.store.visits import VisitRow
from schemas import normalise
from schemas.vocabulary import VisitState

DIGITS = 6
FIELD = "callback_code"
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}")
_TRIES = 50
_WINDOW = timedelta(minutes=1)


def issue(case_file: CaseFile, case: CaseRow, subject: SubjectRow) -> None:
    """Give a case its code; an old one whose time is over may be given again."""
    valid_until = case_file.now + case_file.context.policy.codes.valid_for
    for _ in range(_TRIES):
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        value_id = new_id()
        row = insert(CodeRow).values(
            digest=_digest(case_file.context, code), case_id=case.id, value_id=value_id, valid_until=valid_until
        )
        taken_over = {"case_id": case.id, "value_id": value_id, "valid_until": valid_until}
        given = row.on_conflict_do_update(
            index_elements=["digest"], set_=taken_over, where=CodeRow.valid_until < case_file.now
        ).returning(CodeRow.case_id)
        if case_file.session.execute(given).first() is not None:
            kept = CodeRow(
                digest=_digest(case_file.context, code), case_id=case.id, value_id=value_id, valid_until=valid_until
            )
            journal_changes.note_upsert(case_file.session, case.id, kept)
            keep_value(case_file.work, subject, FIELD, code, value_id=value_id)
            case_file.note(case.id, "code_issued", {"valid_until": valid_until.isoformat()})
            return
    case_file.note(case.id, "code_not_issued", {}, rule="codes_exhausted")


def check(work: UnitOfWork, code: str, *, officer: str | None, by: str) -> bool | None:
    """Whether this is a task of ours, and with `officer` whether that officer has it. None: too many queries.

    Every query is journalled, a refused or malformed one too, but never the code itself. A code is good until its
    time, also when its case has ended: a "no" would tell somebody we have just warned that we are the scammer.
    """
    advisory_locks.lock(work.session, [advisory_locks.CALLBACK_CODE_CHECK])
    now = work.now
    if _too_many(work):
        work.note_without_case("code_check_refused", {"officer": officer}, rule="too_many_checks", actor=by)
        return None
    code = normalise.fold_width(code)
    well_formed = _CODE.fullmatch(code) is not None
    found = select(CodeRow.case_id).where(CodeRow.digest == _digest(work.context, code), CodeRow.valid_until >= now)
    case_id = work.session.scalar(found) if well_formed else None
    genuine = case_id is not None and (officer is None or _has(work.session, case_id, officer))
    work.session.add(
        CodeCheckRow(
            id=new_id(), at=now, checked_at=clock.real_now(), officer=officer, genuine=genuine, case_id=case_id
        )
    )
    data = {"genuine": genuine, "officer": officer, "well_formed": well_formed}
    if case_id is None:
        work.note_without_case("code_checked", data, rule="callback_check", actor=by)
    else:
        case_file = CaseFile(work)
        case_file.open([case_id])
        case_file.note(case_id, "code_checked", data, actor=by, rule="callback_check")
    return genuine


def _too_many(work: UnitOfWork) -> bool:
    """In real time: a stepped clock must not open the gate to guessing."""
    since = clock.real_now() - _WINDOW
    lately = work.session.scalar(select(func.count()).where(CodeCheckRow.checked_at > since)) or 0
    return lately >= work.context.policy.codes.checks_per_minute


def _has(session: Session, case_id: UUID, officer: str) -> bool:
    """Who has the visit or had made it; not who lost it, or was called off before the door."""
    was_there = or_(VisitRow.state != VisitState.CANCELLED, VisitRow.arrived_at.is_not(None))
    mine = select(VisitRow.id).where(VisitRow.case_id == case_id, VisitRow.officer == officer, was_there)
    return session.scalar(mine.limit(1)) is not None


def _digest(context: Context, code: str) -> bytes:
    return context.vault.digest("code", code)
