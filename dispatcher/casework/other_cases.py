"""What other cases did that the engine has to know: messages to the same numbers, notices in the same area."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from dispatcher.casework.case_file import CaseFile
from dispatcher.engine.caps import NEVER_ARRIVED
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import constant, in_array, in_array_named
from dispatcher.store.cases import CaseRow, PhoneRow
from schemas.vocabulary import AttemptState, CaseState, Channel

# Longer than any cap looks back: a day, and the night before it.
_LOOK_BACK = timedelta(hours=36)
_MADE_AT = func.coalesce(AttemptRow.sent_at, AttemptRow.due_at)
_HOLDERS = select(PhoneRow.digest, PhoneRow.case_id).where(in_array_named(PhoneRow.digest, "digests"))
_NOT_MADE = (AttemptState.SKIPPED, AttemptState.CANCELLED)


@dataclass(frozen=True)
class OtherCases:
    """`used`: per case and number, what other cases sent to it and when. `noticed`: per case, the last notice.

    `down`: channels none of whose providers works.
    """

    used: dict[tuple[UUID, bytes], tuple[tuple[Channel, datetime], ...]]
    noticed: dict[UUID, datetime]
    down: frozenset[Channel]


def read(case_file: CaseFile, cases: Sequence[CaseRow]) -> OtherCases:
    """Read them for the open ones of these cases of the file; a case that has ended sends nothing."""
    session = case_file.session
    live = [case for case in cases if case.state == CaseState.OPEN]
    sharing = _sharing(session, {case.id: {phone.digest for phone in case_file.phones[case.id]} for case in live})
    used = _used(session, sharing, case_file.now) if sharing else {}
    noticed = _noticed(case_file, [case for case in live if _may_notice(case, case_file.attempts[case.id])])
    return OtherCases(used, noticed, case_file.context.provider_health.down(session))


def _sharing(session: Session, digests: Mapping[UUID, set[bytes]]) -> list[UUID]:
    """Those of them with a number that another case has too. Few have, so only they are looked at closely."""
    wanted = set().union(*digests.values())
    if not wanted:
        return []
    holders = defaultdict(set)
    # The cases' own phones need not be stored yet, and to store them for this question would be a flush more.
    with session.no_autoflush:
        found = session.execute(_HOLDERS, {"digests": list(wanted)})
    for digest, case_id in found.tuples():
        holders[digest].add(case_id)
    return [case_id for case_id, own in digests.items() if any(holders[each] - {case_id} for each in own)]


def _used(
    session: Session, case_ids: list[UUID], now: datetime
) -> dict[tuple[UUID, bytes], tuple[tuple[Channel, datetime], ...]]:
    mine, other = aliased(PhoneRow), aliased(PhoneRow)
    rows = (
        select(mine.case_id, mine.digest, AttemptRow.channel, _MADE_AT)
        .join(other, and_(other.digest == mine.digest, other.case_id != mine.case_id))
        .join(AttemptRow, and_(AttemptRow.case_id == other.case_id, AttemptRow.phone_id == other.id))
        .where(
            in_array(mine.case_id, case_ids),
            now - _LOOK_BACK < _MADE_AT,
            AttemptRow.state.not_in(_NOT_MADE),
            or_(AttemptRow.result.is_(None), AttemptRow.result.not_in(NEVER_ARRIVED)),
        )
        .distinct(mine.case_id, mine.digest, AttemptRow.channel, AttemptRow.send_key)
    )
    used: dict[tuple[UUID, bytes], list[tuple[Channel, datetime]]] = defaultdict(list)
    for case_id, digest, channel, at in session.execute(rows).tuples():
        used[case_id, digest].append((channel, at))
    return {key: tuple(sorted(each)) for key, each in used.items()}


def _may_notice(case: CaseRow, attempts: Sequence[AttemptRow]) -> bool:
    """A case that has made its notice, or has left it out, asks for no other's."""
    own = (each for each in attempts if each.channel == Channel.BROADCAST)
    is_open = all(each.state == AttemptState.CANCELLED for each in own)
    return Channel.BROADCAST in case.channels and case.area is not None and is_open


def _noticed(case_file: CaseFile, cases: Sequence[CaseRow]) -> dict[UUID, datetime]:
    """For each of these cases the last group notice on the same scam in the same area, not older than the policy asks.

    None of them has made one itself.
    """
    if not cases:
        return {}
    notices = (
        select(CaseRow.area, CaseRow.fraud_type, func.max(_MADE_AT))
        .join(CaseRow, CaseRow.id == AttemptRow.case_id)
        .where(
            AttemptRow.channel == constant(AttemptRow.channel, Channel.BROADCAST),
            case_file.now - case_file.context.policy.broadcast.again_after < _MADE_AT,
            AttemptRow.state.not_in(_NOT_MADE),
            in_array(CaseRow.fraud_type, {case.fraud_type for case in cases}),
        )
        .group_by(CaseRow.area, CaseRow.fraud_type)
    )
    last = {(area, fraud_type): at for area, fraud_type, at in case_file.session.execute(notices).tuples()}
    found = {case.id: last.get((case.area, case.fraud_type)) for case in cases}
    return {case_id: at for case_id, at in found.items() if at is not None}
