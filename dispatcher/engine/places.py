"""Where a person is to be visited, in order, at a moment."""

from datetime import datetime

from dispatcher.engine import times
from dispatcher.engine.case import Case, Place
from dispatcher.policy.models import Policy
from schemas.vocabulary import AddressKind

# Lower comes first. In working hours a place of work comes before the residence.
_ORDER = {
    AddressKind.CURRENT: 0,
    AddressKind.RESIDENCE: 2,
    AddressKind.WORK: 3,
    AddressKind.HOTEL: 3,
    AddressKind.BRANCH: 3,
    AddressKind.REGISTERED: 4,
    AddressKind.UNKNOWN: 5,
}
_AT_WORK = _ORDER | {AddressKind.WORK: 1}


def visiting_order(case: Case, policy: Policy, now: datetime) -> tuple[Place, ...]:
    """The places that are still true, first to be visited first; of one kind the newest leads."""
    order = _AT_WORK if times.is_working(policy, now) else _ORDER
    true = [place for place in case.places if place.valid_until is None or place.valid_until > now]
    newest_first = sorted(true, key=lambda place: place.added_at, reverse=True)
    return tuple(sorted(newest_first, key=lambda place: order[place.kind]))


def precinct(case: Case, policy: Policy, now: datetime) -> str | None:
    """The precinct of the first place that names one."""
    return next((place.precinct for place in visiting_order(case, policy, now) if place.precinct), None)
