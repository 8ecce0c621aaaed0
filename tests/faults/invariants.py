"""What must hold when all is quiet again. The gateway's own append-only record is the ground truth."""

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from uuid import UUID

from dispatcher.store.instructions import InstructionRow
from schemas.vocabulary import AttemptState, CaseState, Channel, Ending, Urgency
from tests.faults.snapshot import Attempt, Snapshot, Span, Transaction

Invariant = Callable[[Snapshot], Iterator[str]]

# Rules under which the same message leaves again; anything else is another step of the plan.
_SAME_STEP = frozenset({"never_taken", "not_there", "next_provider", "transient_failure", "doubt_wait"})
_PATIENCE = timedelta(seconds=10)
_TOLERANCE = timedelta(seconds=3)  # slices in flight, and a claim that was killed with its rows locked
_EARLY = timedelta(seconds=1)
_ON_ITS_WAY = timedelta(seconds=1)  # from the sender's last look at its lease to the gateway's record
_CRITICAL = Urgency.CRITICAL.rank


def in_one_case(now: Snapshot) -> Iterator[str]:
    """Every accepted instruction is in exactly one case; a version that comes after its end opens the next."""
    # Whoever pushes may wait for a case that somebody holds, and find it closed, by a time later than that of the push.
    waited = _TOLERANCE + now.blocked
    closed_at = {case.id: case.closed_at for case in now.cases}
    versions: dict[tuple[str, str], list[InstructionRow]] = defaultdict(list)
    for row in sorted(now.instructions, key=lambda row: row.version):
        versions[row.system, row.instruction_id].append(row)
    yield from (f"instruction {name[1]} is in no case" for name in now.taken if not versions[name])
    for made in versions.values():
        for one, other in pairwise(made):
            end = closed_at[one.case_id]
            if one.case_id != other.case_id and (end is None or end > other.received_at + waited):
                yield f"instruction {one.instruction_id} v{one.version}, v{other.version}: two cases at once"


def broken_kept(now: Snapshot) -> Iterator[str]:
    """Every message that could not be taken is in quarantine."""
    for word in sorted(now.broken):
        if not any(_holds(line, word) for line in now.quarantined):
            yield f"message {word} is not in quarantine"


def broken_once(now: Snapshot) -> Iterator[str]:
    """However often a message was looked at, it is in quarantine once."""
    for word in sorted(now.broken):
        count = sum(_holds(line, word) for line in now.quarantined)
        if count > 1:
            yield f"message {word} is in quarantine {count} times"


def _holds(line: str, word: str) -> bool:
    return re.search(rf"{word}\b", line) is not None


def not_stranded(now: Snapshot) -> Iterator[str]:
    """Every case is closed, or open with a time to come, or waits for a human by name."""
    pending = {each.case_id for each in now.attempts if each.action is not None}
    for case in now.cases:
        has_time = case.id in pending or (case.next_look_at is not None and case.next_look_at > now.at - _PATIENCE)
        if case.state == CaseState.OPEN and case.id not in now.waiting and not has_time:
            yield f"case {case.id} waits for nobody"


def nothing_stands(now: Snapshot) -> Iterator[str]:
    """No attempt stands in mid-way: what was to be done was done."""
    for each in now.attempts:
        is_late = each.action is not None and each.due_at < now.at - _PATIENCE
        if is_late or each.state == AttemptState.SENDING or (each.state == AttemptState.IN_DOUBT and not each.action):
            if each.state == AttemptState.IN_DOUBT and each.send_key in now.marked_keys:
                continue  # its key lives on in the attempt that stands in for it
            yield f"attempt {each.id} stands: {each.state}, {each.action} due {each.due_at}"


def receipts_kept(now: Snapshot) -> Iterator[str]:
    """Every receipt that the gateway brought is stored and settled."""
    stored = Counter(row.send_key for row in now.receipts)
    for key, words in now.reported.items():
        if stored[key] < len(words):
            yield f"receipt lost: {key} {words}"
    yield from (f"receipt {row.id} not settled" for row in now.receipts if row.settled_at is None)


def receipts_once(now: Snapshot) -> Iterator[str]:
    """However often a receipt came, it is stored once."""
    for key, count in Counter(row.send_key for row in now.receipts).items():
        if count > len(now.reported.get(key, ())):
            yield f"receipt stored {count} times: {key}"


def logged(now: Snapshot) -> Iterator[str]:
    """Every message that the gateway saw belongs to an attempt in the log."""
    sent = {each.send_key for each in now.attempts if each.sent_at is not None}
    yield from (f"message {key} without an attempt" for key in now.posts if key not in sent)


def one_message_a_step(now: Snapshot) -> Iterator[str]:
    """Per person, channel and step the gateway saw one message; each more is an attempt marked possible_duplicate."""
    for chain in now.chains(_SAME_STEP):
        posts = sum(now.posts[key] for key in {each.send_key for each in chain})
        marked = sum(each.possible_duplicate and each.sent_at is not None for each in chain)
        if posts > 1 + marked:
            yield f"{posts} messages, {marked} marked: attempt {chain[0].id} ({chain[0].channel})"


def one_step_at_a_time(now: Snapshot) -> Iterator[str]:
    """The plan never makes the same step twice at once."""

    def step(each: Attempt) -> tuple[str, ...]:
        return tuple(map(str, (each.case_id, each.phone_id, each.visit_id, each.channel, each.hook, each.rule)))

    made = [each for each in now.attempts if each.sent_at and each.rule not in _SAME_STEP]
    for _, group in groupby(sorted(made, key=lambda each: (step(each), each.sent_at)), key=step):
        for one, other in pairwise(group):
            if other.sent_at and (one.settled_at or now.at) > other.sent_at:
                yield f"attempts {one.id} and {other.id} are one step ({one.rule})"


def visits_once(now: Snapshot) -> Iterator[str]:
    """No visit is doubled: one open visit a case, one officer at a time, no officer twice."""
    visits = [each for each in now.attempts if each.channel == Channel.VISIT and each.sent_at]
    yield from (f"visit attempt {each.id} marked as a duplicate" for each in visits if each.possible_duplicate)
    keys = {each.send_key for each in visits}
    yield from (f"assignment {each.send_key} not in the log" for each in now.assignments if each.send_key not in keys)
    for (visit, badge), count in Counter((each.visit_id, each.badge) for each in now.assignments).items():
        if count > 1:
            yield f"visit {visit} assigned {count} times to {badge}"
    for _, group in groupby(sorted(visits, key=lambda each: (str(each.visit_id), each.sent_at)), key=_visit):
        for one, other in pairwise(group):
            if other.sent_at and (one.settled_at or now.at) > other.sent_at:
                yield f"visit {one.visit_id} in two hands: {one.id}, {other.id}"


def _visit(each: Attempt) -> str:
    return str(each.visit_id)


def urgent_first(now: Snapshot) -> Iterator[str]:
    """No critical attempt waited behind a routine one: none was claimed while a critical one had long been free.

    Free: due, committed, and its case locked by no transaction while the routine one was claimed.
    """
    sent = [each for each in now.attempts if each.sent_at]
    routine = sorted(now.claimed[each.id] for each in sent if each.urgency_rank > _CRITICAL + 1)
    for each in sent:
        if each.urgency_rank > _CRITICAL or each.case_id in now.cases_set_aside:
            continue
        claimed, visible = now.claimed[each.id], now.visible[each.id]
        free_at = max(now.due[each.id], visible, now.urgent_since.get(each.case_id, visible)) + _TOLERANCE + now.blocked
        earlier = routine[bisect_right(routine, free_at, key=_began) : bisect_left(routine, claimed)]
        held = now.held[each.case_id]
        overtook = sum(not any(claim.meets(other) for other in held) for claim in earlier)
        if overtook:
            yield f"critical attempt {each.id} waited behind {overtook}"


def _began(transaction: Transaction) -> datetime:
    return transaction.began_at


def not_early(now: Snapshot) -> Iterator[str]:
    """Nothing reached the gateway before it was due."""
    for each in now.attempts:
        seen = min(now.arrivals.get(each.send_key, ()), default=None)
        if seen and each.send_key == each.id and seen < now.due[each.id] - _EARLY:
            yield f"attempt {each.id} left {(now.due[each.id] - seen).total_seconds():.0f} s early"


def sent_in_time(within_s: float) -> Invariant:
    """What was not set aside itself was sent so many seconds after it was due at most, whatever became of others.

    Later only where its turn had not come: fewer workers than there were took what goes before it.
    """

    def found(now: Snapshot) -> Iterator[str]:
        turns = sorted((each.sent_at, _place(now, each)) for each in now.attempts if each.sent_at)
        for each in now.attempts:
            # What a sender had in hand when it stopped is in doubt, and waits as doubts do: the longest is told apart.
            if each.sent_at is None or each.case_id in now.cases_set_aside or each.was_in_doubt:
                continue
            # Claimed by a sender whose lease was over before it could send, it has waited until that was known.
            unsent_at = each.settled_at if each.ending is Ending.NEVER_TAKEN else None
            left_at, since = unsent_at or each.sent_at, max(now.due[each.id], now.told[each.id])
            limit = since + timedelta(seconds=within_s)
            taken = turns[bisect_left(turns, limit, key=_moment) : bisect_left(turns, left_at, key=_moment)]
            if left_at > limit and _was_its_turn(_place(now, each), taken, limit, left_at):
                yield f"attempt {each.id} waited {(left_at - since).total_seconds():.0f} s"

    return found


_Turn = tuple[datetime, tuple[int, datetime]]  # when something was claimed, and its place in the order


def _place(now: Snapshot, each: Attempt) -> tuple[int, datetime]:
    return each.urgency_rank, now.due[each.id]


def _moment(turn: _Turn) -> datetime:
    return turn[0]


def _was_its_turn(place: tuple[int, datetime], taken: Sequence[_Turn], since: datetime, until: datetime) -> bool:
    """Whether in that time somebody took what goes behind this place, or nobody took anything for long."""
    moments = [since, *map(_moment, taken), until]
    return any(other > place for _, other in taken) or any(b - a > _PATIENCE for a, b in pairwise(moments))


def sent_within_lease(now: Snapshot) -> Iterator[str]:
    """Nothing reached the gateway after the lease of its sender: by then another may send it.

    The lease begins with the claim, whose time is the database's: no worker's own clock counts. A call in which its
    sender was stopped may come late, for nobody can look at a lease and send at one moment: the doubt is for that.
    """
    claims: dict[UUID, list[Attempt]] = defaultdict(list)
    for each in now.attempts:
        if each.sent_at is not None:
            claims[each.send_key].append(each)
    for key, arrivals in now.arrivals.items():
        leases = [(each.sent_at, each.sent_at + now.leases[str(each.provider)] + _ON_ITS_WAY) for each in claims[key]]
        for at in arrivals if key not in now.stopped_calls else ():
            if leases and not any(claimed - _EARLY <= at <= end for claimed, end in leases):
                late = min(abs(at - end) for _, end in leases).total_seconds()
                yield f"message {key} came {late:.1f} s after every lease under its key"


def critical_in_time(spans: Sequence[Span], within_s: float) -> Invariant:
    """What is critical, and became due while a fault lasted, left so many seconds later at most."""

    def found(now: Snapshot) -> Iterator[str]:
        for each in now.attempts:
            if each.urgency_rank > _CRITICAL or each.sent_at is None or each.id not in now.told:
                continue
            since = max(now.due[each.id], now.told[each.id])
            waited = (each.sent_at - since).total_seconds()
            if waited > within_s and any(began + _EARLY < since < over for began, over in spans):
                yield f"critical attempt {each.id} waited {waited:.1f} s"

    return found


def sent_after_fault(spans: Sequence[Span], within_s: float) -> Invariant:
    """What was due when a fault ended was sent so many seconds later at most, or before the next one began."""
    began = [*(began for began, _ in spans[1:]), None]
    pauses = [(over, again) for (_, over), again in zip(spans, began, strict=True)]

    def found(now: Snapshot) -> Iterator[str]:
        for each in now.attempts:
            if each.sent_at is None or each.id not in now.told:
                continue
            since = max(now.due[each.id], now.told[each.id])
            for over, again in pauses:
                waited = (min(each.sent_at, again or each.sent_at) - over).total_seconds()
                if since < over < each.sent_at and waited > within_s:
                    yield f"attempt {each.id} waited {waited:.1f} s after the fault"

    return found


def set_aside_told(now: Snapshot) -> Iterator[str]:
    """Whatever was set aside had a duty of the centre, and both are over since the fault is."""
    told = {row.case_id for row in now.fault_items}
    yield from (f"case {case_id} without a duty" for case_id in now.cases_set_aside - told)
    yield from (f"work item {row.id} of case {row.case_id} not done" for row in now.fault_items if row.done_at is None)
    yield from (f"case {row.case_id} still set aside ({row.point})" for row in now.set_aside if row.ended_at is None)


def nothing_set_aside(now: Snapshot) -> Iterator[str]:
    """None of our steps raised."""
    for row in now.set_aside:
        yield f"case {row.case_id}: {row.point} raised {row.error} at {row.place}"


def rebuilt(now: Snapshot) -> Iterator[str]:
    """The journal alone gives the tables."""
    yield from (f"rebuild differs: {each}" for each in now.differences)


LOST: tuple[Invariant, ...] = (in_one_case, broken_kept, not_stranded, nothing_stands, receipts_kept)
DOUBLED: tuple[Invariant, ...] = (one_message_a_step, one_step_at_a_time, visits_once, receipts_once, broken_once)
OTHERS: tuple[Invariant, ...] = (logged, urgent_first, not_early, sent_within_lease, rebuilt)
SOUND: tuple[Invariant, ...] = (nothing_set_aside,)
POISONED: tuple[Invariant, ...] = (set_aside_told,)
