"""Work items: what waits for a person. Which kinds there are, when each is over by itself, and where it climbs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatcher.engine import ladder, unreached, visits
from dispatcher.engine.bank_requests import IS_DONE, has_ground, has_money_to_stop, standing_protection
from dispatcher.engine.case import Attempt, Case, Visit, WorkItem
from dispatcher.engine.decisions import BringWorkItemForward, ClimbWorkItem, Decision, EndWorkItem, OpenWorkItem
from dispatcher.policy.models import Policy
from schemas.vocabulary import BankRequest, Rung, Urgency, VisitState, WorkItemKind, WorkItemState

_K = WorkItemKind
IsOver = Callable[[WorkItem, Case], bool]
_DAY = timedelta(days=1)
_MOST_DOUBLINGS = 12
_ABOVE = {Rung.OFFICER: Rung.STATION_LEADER, Rung.STATION_LEADER: Rung.COUNTY_DESK}  # above all others is the centre
_WITH_SOMEBODY = frozenset(
    {VisitState.ASSIGNED, VisitState.ACCEPTED, VisitState.DEPARTED, VisitState.ARRIVED, VisitState.OFFERED}
    | {VisitState.TRANSFERRED}
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What is true of every item of one kind.

    `role`: whom it waits for first. `outlives_case`: it stands when the case has ended. `is_next_step`: the case
    itself waits for it, so that nothing else need be to come. `is_over`: what it asks for has come about.
    `needs_act`: nothing but that ends it, since a word that it is done would leave it undone. `is_unhurried`: it has a
    date of its own, days away, and is reminded of by days. `keeps_date`: what it is due at does not follow from the
    urgency. `needs_clock`: nobody needs it while the case is on hold;
    when it goes on, it is asked for anew. `follows`: what it follows from; where that is so no longer (a report was
    corrected, a case reopened), nobody needs it. `comes_back`: no rule asks for it, so whoever reopens a case
    asks for it again, if nobody has answered it.
    """

    role: Rung = Rung.CENTRE
    outlives_case: bool = False
    is_next_step: bool = False
    is_over: IsOver | None = None
    needs_act: bool = False
    is_unhurried: bool = False
    keeps_date: bool = False
    needs_clock: bool = False
    follows: Callable[[Case], bool] = lambda case: True
    comes_back: bool = False


def _visit_of(item: WorkItem, case: Case) -> Visit | None:
    """The open visit that an item is about."""
    visit = case.open_visit
    return visit if visit is not None and visit.id == item.cause.split(":")[1] else None


def _has_somebody(item: WorkItem, case: Case) -> bool:
    visit = case.open_visit
    return visit is None or visit.state is not VisitState.WAITING or item.cause != ladder.exhausted_cause(visit)


def _is_no_longer_late(item: WorkItem, case: Case) -> bool:
    visit = _visit_of(item, case)
    return visit is None or item.cause not in ladder.late_causes(case, visit)


def _is_with_somebody(item: WorkItem, case: Case) -> bool:
    visit = _visit_of(item, case)
    return visit is None or visit.state in _WITH_SOMEBODY


def goes_on(case: Case) -> bool:
    """Something is under way, or somebody has the visit."""
    visit = case.open_visit
    has_somebody = visit is not None and visit.state in _WITH_SOMEBODY
    return has_somebody or any(map(case.is_pending, case.attempts))


def _has_next_step(item: WorkItem, case: Case) -> bool:
    others = (each for each in case.work_items if each.id != item.id)
    return goes_on(case) or any(map(is_next_step, others))


def _has_a_number(item: WorkItem, case: Case) -> bool:
    """One was asked for because there was none. Where nobody answered on those that there are, a person says."""
    is_about_none = item.cause == visits.NUMBER_REQUEST or item.cause == f"{visits.NUMBER_REQUEST}:{item.id}"
    return is_about_none and visits.can_be_rung(case)  # with its id it was migrated


def _has_an_address(item: WorkItem, case: Case) -> bool:
    """One came after an officer had found that nothing could be done with the others."""
    told = next((each for each in case.attempts if item.cause == f"address:{each.id}"), None)
    since = told.settled_at if told is not None else None
    return since is not None and any(place.added_at > since for place in case.places)


def _is_placed(item: WorkItem, case: Case) -> bool:
    """An address came since, or was renewed, whose precinct the roster has."""
    since = item.opened_at
    return since is not None and any(each.precinct is not None and each.added_at > since for each in case.places)


def _can_be_found(item: WorkItem, case: Case) -> bool:
    """A number or an address came, or somebody has spoken with the person."""
    since = item.opened_at
    is_told_where = since is not None and any(place.added_at > since for place in case.places)
    return case.true_contact or is_told_where or unreached.has_new_number(case)


def _asked_of_bank(item: WorkItem, case: Case) -> Attempt | None:
    return next((each for each in case.attempts if item.cause == f"bank:{each.id}"), None)


def _has_ground(item: WorkItem, case: Case, policy: Policy) -> bool:
    """Nobody rings a bank about a person who turned out to be no victim, but to lift a measure; nor about a loss that
    a corrected report takes back."""
    asked = _asked_of_bank(item, case)
    if asked is None:
        return True
    is_stop = asked.bank_request is BankRequest.STOP_PAYMENT
    return has_ground(case, asked.bank_request) and (not is_stop or has_money_to_stop(case, policy))


def _bank_has_done_it(item: WorkItem, case: Case) -> bool:
    """It was granted after all, or a later request of the same kind was, or is under way: not the same once more."""
    asked = _asked_of_bank(item, case)
    if asked is None or asked.bank_request is None:
        return False
    last = case.bank_requests(asked.bank_request)[-1]
    return last.result in IS_DONE or (last.retry_of is None and last.id != asked.id and case.is_pending(last))


KINDS: Mapping[WorkItemKind, Kind] = {
    _K.FOLLOW_UP: Kind(
        Rung.OFFICER, outlives_case=True, is_unhurried=True, keeps_date=True, follows=lambda case: not case.is_open
    ),
    _K.LIFT_PROTECTION: Kind(
        outlives_case=True, keeps_date=True, is_over=lambda item, case: standing_protection(case) is None
    ),
    _K.NUMBER_REQUEST: Kind(is_over=_has_a_number),
    _K.OPERATOR_HELP: Kind(is_over=_can_be_found),
    _K.ADDRESS_REQUEST: Kind(is_over=_has_an_address),
    _K.PRECINCT_UNKNOWN: Kind(comes_back=True, is_over=_is_placed),
    _K.CASE_REPORT: Kind(outlives_case=True, follows=lambda case: case.ended_with_loss),
    _K.LOOK_BACK: Kind(
        outlives_case=True, is_unhurried=True, keeps_date=True, follows=lambda case: case.ended_with_loss
    ),
    _K.CONFLICT: Kind(outlives_case=True),
    _K.URGENCY_REVIEW: Kind(comes_back=True),
    _K.HELD_CASE: Kind(comes_back=True, is_over=lambda item, case: not case.is_on_hold),
    _K.FEEDBACK_REVIEW: Kind(outlives_case=True),
    _K.SAME_PERSON: Kind(),
    _K.CONTACT_REVIEW: Kind(comes_back=True),
    _K.EMPLOYER_APPROVAL: Kind(
        is_over=lambda item, case: case.true_contact or not unreached.has_employer_to_call(case)
    ),
    _K.DOUBT: Kind(is_over=lambda item, case: case.true_contact or not unreached.stays_in_doubt(case, item.cause)),
    _K.NOT_SENT: Kind(is_over=lambda item, case: not unreached.still_fails(case, item.cause)),
    _K.FAULT: Kind(outlives_case=True),
    _K.LADDER_EXHAUSTED: Kind(is_next_step=True, needs_act=True, needs_clock=True, is_over=_has_somebody),
    _K.VISIT_OVERDUE: Kind(
        Rung.STATION_LEADER, is_next_step=True, needs_act=True, needs_clock=True, is_over=_is_no_longer_late
    ),
    _K.TRANSFER_OFFERED: Kind(
        Rung.STATION_LEADER,
        needs_act=True,
        keeps_date=True,
        needs_clock=True,
        is_over=lambda item, case: not ladder.is_offered(case, item.cause),
    ),
    _K.OFFER_LAPSED: Kind(Rung.COUNTY_DESK, is_over=_is_with_somebody),
    _K.VISIT_RESULT: Kind(is_next_step=True, is_over=lambda item, case: case.visits[-1].id != item.cause),
    _K.PLAN_EXHAUSTED: Kind(is_next_step=True, needs_act=True, needs_clock=True, is_over=_has_next_step),
    _K.EXPIRED: Kind(is_next_step=True, needs_act=True, is_over=lambda item, case: not case.expired),
    _K.SUPPRESSED: Kind(is_next_step=True, needs_act=True, is_over=lambda item, case: not case.suppressed),
    _K.PAUSED: Kind(is_next_step=True, needs_act=True, keeps_date=True, is_over=lambda item, case: not case.paused),
    _K.BANK_NOT_REACHED: Kind(outlives_case=True, is_over=_bank_has_done_it),
    _K.URGENT_REFUSED: Kind(),
    _K.PROVIDER_OUT: Kind(needs_act=True),
    _K.EMPTY_SHIFT: Kind(Rung.COUNTY_DESK, is_unhurried=True, keeps_date=True),
    _K.POLICY_ODD: Kind(is_unhurried=True, keeps_date=True),
}

# Of no case; what they ask for is looked up where it stands (supervision/service_items.py).
WITHOUT_CASE = (_K.URGENT_REFUSED, _K.PROVIDER_OUT, _K.EMPTY_SHIFT, _K.POLICY_ODD)

# An open case that has one of these waits for a person, and for nothing else.
NEXT_STEPS = frozenset(kind for kind, of_kind in KINDS.items() if of_kind.is_next_step)
COME_BACK = frozenset(kind for kind, of_kind in KINDS.items() if of_kind.comes_back)


def ended(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """What has come about is done; what nobody needs any more, now that the case has ended, is cancelled."""
    for item in case.work_items:
        kind = KINDS[item.kind]
        is_of_no_use = _rests(kind, case) if case.is_open else not kind.outlives_case
        if is_of_no_use:
            yield EndWorkItem("item_moot", item.id, WorkItemState.CANCELLED)
        elif not kind.follows(case) or not _has_ground(item, case, policy):
            yield EndWorkItem("item_groundless", item.id, WorkItemState.CANCELLED)
        elif kind.is_over is not None and kind.is_over(item, case):
            yield EndWorkItem("item_resolved", item.id, WorkItemState.DONE)


def _rests(kind: Kind, case: Case) -> bool:
    return kind.needs_clock and case.is_on_hold


def is_needed(item: WorkItem, case: Case) -> bool:
    """What it asks for has not come about meanwhile."""
    is_over = KINDS[item.kind].is_over
    return is_over is None or not is_over(item, case)


def urgency_rose(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """What was asked for at a lower urgency has no longer than the new one gives; whoever has it in hand neither."""
    for item in case.work_items:
        sooner = brought_forward(item, case.urgency, policy.answer_by(case.urgency, now))
        if sooner is not None:
            yield sooner


def brought_forward(item: WorkItem, urgency: Urgency, by: datetime) -> BringWorkItemForward | None:
    """The item at this urgency, where that is a higher one: due, and told again, by this time at the latest."""
    is_as_urgent = item.urgency is not None and item.urgency.rank <= urgency.rank
    if is_as_urgent or KINDS[item.kind].keeps_date:
        return None
    at = min(item.due_at, by), min(item.climb_at, by)
    if item.urgency is None and at == (item.due_at, item.climb_at):
        return None  # from before items knew their urgency, and as soon: there is nothing to tell
    return BringWorkItemForward("work_item_urgency_rose", item.id, urgency, *at)


def overdue(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Past its time it goes one rung up, and at the top it is told again, at growing intervals, until it is done.

    Of an open case once a day at the least; what nobody does after the end is told ever more seldom.
    """
    for item in case.work_items:
        if item.climb_at <= now:
            yield climb(item, case.urgency, policy, now, is_pressing=case.is_open)


def climb(item: WorkItem, urgency: Urgency, policy: Policy, now: datetime, *, is_pressing: bool) -> ClimbWorkItem:
    """One rung up. What is pressing is told again once a day at the least."""
    first = _DAY if KINDS[item.kind].is_unhurried else policy.plan(urgency).answer_within
    wait = first * 2 ** min(item.climbs, _MOST_DOUBLINGS)
    again_at = now + (min(wait, _DAY) if is_pressing else wait)
    return ClimbWorkItem("item_overdue", item.id, _ABOVE.get(item.role, Rung.CENTRE), again_at)


def role_of(opened: OpenWorkItem) -> Rung:
    """Whom a new item waits for."""
    return opened.role or KINDS[opened.kind].role


def is_next_step(item: WorkItem) -> bool:
    """The case itself waits for this one."""
    return item.kind in NEXT_STEPS
