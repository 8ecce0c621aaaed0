"""Call-back codes 任务码: by one, a person who was rung has 96110 or 110 check that it was us. Yes or no, no more."""

import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.context import Context
from dispatcher.casework.personal_data import keep_value, read_value
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.errors import Refused
from dispatcher.store import advisory_locks, journal_changes
from dispatcher.store.base import new_id
from dispatcher.store.cases import CaseRow
from dispatcher.store.codes import CodeCheckRow, CodeRow
from dispatcher.store.vault import SubjectRow
from dispatcher.store.visits import VisitRow
from dispatcher.vault import Erased
from schemas import normalise
from schemas.refusals import RefusalCode
from schemas.vocabulary import VisitState

DIGITS = 6
LAST_DIGITS = 4
FIELD = "callback_code"
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}")
_LAST_DIGITS = re.compile(rf"[0-9]{{{LAST_DIGITS}}}")
_TRIES = 50
_MINUTE = timedelta(minutes=1)
_COLUMNS = (CodeRow.digest, CodeRow.case_id, CodeRow.value_id, CodeRow.valid_until)


class DrawnCode(NamedTuple):
    """A code that is a case's from now on, and the row that says so."""

    code: str
    row: CodeRow


def draw(work: UnitOfWork, case_ids: Collection[UUID]) -> dict[UUID, DrawnCode]:
    """A code for each of these cases, as long as there are any; an old one whose time is over may be given again."""
    drawn: dict[UUID, DrawnCode] = {}
    for _ in range(_TRIES):
        lacking = [each for each in case_ids if each not in drawn]
        if not lacking:
            break
        drawn |= _keep_free(work, lacking)
    return drawn


def _keep_free(work: UnitOfWork, case_ids: Sequence[UUID]) -> dict[UUID, DrawnCode]:
    """Draw once for each, and keep what was free, in the order of the digests: two who draw at once don't deadlock."""
    valid_until = work.now + work.context.policy.codes.valid_for
    tried = {}
    for case_id in case_ids:
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        row = CodeRow(digest=_digest(work.context, code), case_id=case_id, value_id=new_id(), valid_until=valid_until)
        tried[row.digest] = DrawnCode(code, row)
    rows = [tried[digest].row for digest in sorted(tried)]
    columns = {each.key: [getattr(row, each.key) for row in rows] for each in _COLUMNS}
    kept = work.session.scalars(_KEEP_FREE, {**columns, "now": work.now})
    return {tried[digest].row.case_id: tried[digest] for digest in kept}


def _keep_free_statement() -> ReturningInsert[bytes]:
    """By what it is given under the names of the columns, an array each; a code whose time is over is free."""
    arrays = (bindparam(each.key, type_=ARRAY(each.type)) for each in _COLUMNS)
    given = func.unnest(*arrays).table_valued(*(each.key for each in _COLUMNS)).render_derived()
    wanted = insert(CodeRow).from_select(_COLUMNS, select(given))
    free_again = wanted.on_conflict_do_update(
        index_elements=["digest"],
        set_={each.key: wanted.excluded[each.key] for each in _COLUMNS[1:]},
        where=CodeRow.valid_until < bindparam("now", type_=CodeRow.valid_until.type),
    )
    # What it is given are parameters, and no rows of a bulk insert.
    return free_again.returning(CodeRow.digest).execution_options(dml_strategy="raw")


_KEEP_FREE = _keep_free_statement()


def issue(case_file: CaseFile, case: CaseRow, subject: SubjectRow, drawn: DrawnCode | None) -> None:
    """Give a case the code that was drawn for it."""
    if drawn is None:
        case_file.note(case.id, "code_not_issued", {}, rule="codes_exhausted")
        return
    journal_changes.note_upsert(case_file.session, case.id, drawn.row)
    keep_value(case_file.work, subject, FIELD, drawn.code, value_id=drawn.row.value_id)
    case_file.note(case.id, "code_issued", {"valid_until": drawn.row.valid_until.isoformat()})


class _Query(NamedTuple):
    """A query of a code: what is asked, in normal form, and by whom."""

    code: str
    last_four: str
    officer: str | None
    asker: str

    def malformed(self) -> Refused | None:
        if not _CODE.fullmatch(self.code):
            return Refused(RefusalCode.CODE_MALFORMED)
        if not _LAST_DIGITS.fullmatch(self.last_four):
            return Refused(RefusalCode.LAST_FOUR_MALFORMED)
        return None


def check(work: UnitOfWork, code: str, last_four: str, *, asker: str, officer: str | None = None) -> bool | Refused:
    """Whether the code is of a case with an attempt to a number that ends so; with `officer`, who has its visit.

    `asker` is an operator's id or a client's address; limits are an asker's own. An unknown code, one whose time is
    over, one that was confirmed too often and one with other digits get the same no. A refusal is returned, not raised,
    so that its journal entry is committed: every query is journalled, but never the code nor the digits. A code is good
    until its time, also when its case has ended: a "no" would tell somebody we just warned that we are the scammer.
    """
    digest = work.context.vault.digest("code_asker", asker)
    advisory_locks.lock(work.session, [advisory_locks.code_asker(digest)])
    query = _Query(normalise.compact(code), normalise.compact(last_four), officer, asker)
    return _refuse_too_many(work, query) or _answer(work, query)


def _refuse_too_many(work: UnitOfWork, query: _Query) -> Refused | None:
    """In real time: a stepped clock must not open the gate to guessing."""
    codes, now = work.context.policy.codes, work.real_now
    counts = select(
        func.count().filter(CodeCheckRow.checked_at > now - _MINUTE),
        func.count().filter(CodeCheckRow.checked_at > now - codes.wrong_checks_within, ~CodeCheckRow.genuine),
    )
    since = now - max(_MINUTE, codes.wrong_checks_within)
    lately = counts.where(CodeCheckRow.asker == query.asker, CodeCheckRow.checked_at > since)
    asked, wrong = work.session.execute(lately).one().tuple()
    if asked < codes.checks_per_minute and wrong < codes.wrong_checks:
        return None
    is_guessing = wrong >= codes.wrong_checks
    rule = "too_many_wrong_checks" if is_guessing else "too_many_checks"
    work.note_without_case("code_check_refused", {"officer": query.officer}, rule=rule, actor=query.asker)
    wait = codes.wrong_checks_within if is_guessing else _MINUTE
    return Refused(RefusalCode.TOO_MANY_CODE_CHECKS, minutes=-(-wait // _MINUTE))


def _answer(work: UnitOfWork, query: _Query) -> bool | Refused:
    malformed = query.malformed()
    case_id = None if malformed else _find_case(work, query.code)
    if case_id is None:
        _keep(work, query, None, genuine=False)
        data = {"genuine": False, "officer": query.officer, "well_formed": malformed is None}
        work.note_without_case("code_checked", data, rule="callback_check", actor=query.asker)
        return malformed or False
    case_file = CaseFile(work)
    case_file.open([case_id])
    is_ours = _is_ours(case_file, case_id, query)
    is_used_up = is_ours and _is_used_up(work, case_id)
    genuine = is_ours and not is_used_up
    _keep(work, query, case_id, genuine=genuine)
    data = {"genuine": genuine, "officer": query.officer, "well_formed": True}
    rule = "code_used_up" if is_used_up else "callback_check"
    case_file.note(case_id, "code_checked", data, actor=query.asker, rule=rule)
    return genuine


def _find_case(work: UnitOfWork, code: str) -> UUID | None:
    found = select(CodeRow.case_id).where(CodeRow.digest == _digest(work.context, code))
    return work.session.scalar(found.where(CodeRow.valid_until >= work.now))


def _is_ours(case_file: CaseFile, case_id: UUID, query: _Query) -> bool:
    tried = {each.phone_id for each in case_file.attempts[case_id] if each.sent_at is not None}
    tried |= case_file.past_calls.keys()
    # An officer shows the code at the door, also to a person whom nobody could call.
    is_shown = query.officer is not None
    value_ids = [each.value_id for each in case_file.phones[case_id] if is_shown or each.id in tried]
    is_number = one_ends_with((_number(case_file.work, each) for each in value_ids), query.last_four)
    return is_number and (query.officer is None or _has(case_file.session, case_id, query.officer))


def one_ends_with(numbers: Iterable[str], last_four: str) -> bool:
    """Whether one of the numbers ends so. All are compared, each in constant time, so that the wait tells nothing."""
    return sum([secrets.compare_digest(each[-LAST_DIGITS:], last_four) for each in numbers]) > 0


def _number(work: UnitOfWork, value_id: UUID) -> str:
    """A number of the vault; empty, which no digits match, if the person was erased or the value is damaged."""
    try:
        return read_value(work, value_id)
    except (Erased, InvalidTag, ValueError):
        return ""


def _is_used_up(work: UnitOfWork, case_id: UUID) -> bool:
    """The case is locked here, so no two queries get the last yes."""
    confirmed = select(func.count()).where(CodeCheckRow.case_id == case_id, CodeCheckRow.genuine)
    return work.session.scalars(confirmed).one() >= work.context.policy.codes.yes_per_code


def _keep(work: UnitOfWork, query: _Query, case_id: UUID | None, *, genuine: bool) -> None:
    row = CodeCheckRow(id=new_id(), at=work.now, checked_at=work.real_now, asker=query.asker)
    row.officer, row.genuine, row.case_id = query.officer, genuine, case_id
    work.session.add(row)


def _has(session: Session, case_id: UUID, officer: str) -> bool:
    """Who has the visit or had made it; not who lost it, or was called off before the door."""
    was_there = or_(VisitRow.state != VisitState.CANCELLED, VisitRow.arrived_at.is_not(None))
    mine = select(VisitRow.id).where(VisitRow.case_id == case_id, VisitRow.officer == officer, was_there)
    return session.scalar(mine.limit(1)) is not None


def _digest(context: Context, code: str) -> bytes:
    return context.vault.digest("code", code)
