"""A made-up roster, and officers who work their visits: what the tests of visits, transfers and cards share."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from casework_fixture import CaseworkFixture

from dispatcher.store.visits import StaffRow, VisitRow
from dispatcher.supervision.decisions import SupervisorDecision
from dispatcher.visits import officer_steps, roster
from dispatcher.visits.roster import RosterAssigner
from providers.base import ProviderSettings
from providers.roster import RosterProvider
from schemas.officer_report import OfficerReport
from schemas.roster import Roster
from schemas.vocabulary import Channel

UNITS = (
    {"code": "CENTRE", "name": "中心", "kind": "centre"},
    {"code": "COUNTY", "name": "区台", "kind": "county", "parent": "CENTRE"},
    {"code": "P1", "name": "一所", "kind": "precinct", "parent": "COUNTY"},
    {"code": "P2", "name": "二所", "kind": "precinct", "parent": "COUNTY"},
)
AWAY = {"code": "AWAY", "name": "外地反诈中心", "kind": "centre"}
STAFF = (
    *(("A", "P1", "officer"), ("B", "P1", "officer"), ("C", "P1", "officer"), ("L", "P1", "station_leader")),
    *(("DESK", "COUNTY", "county_desk"), ("DUTY", "CENTRE", "centre"), ("Z", "P2", "officer")),
)
# Who acts beside the ladder: our supervisors and operator, and the duty of another centre.
BESIDE = (
    *(("S-1", "CENTRE", "supervisor"), ("S-2", "CENTRE", "operator"), ("S-3", "COUNTY", "supervisor")),
    *(("X-1", "AWAY", "operator"), ("X-2", "AWAY", "supervisor")),
)
BADGES = {badge for badge, *_ in STAFF}
# Everybody is on the roster, and nobody is there at nine in the morning.
OFF_DUTY = {badge: ["20:00-08:00"] for badge, unit, _ in STAFF if unit != "P2"}
Load = Callable[..., None]
ORDER = SupervisorDecision("S-1", "家属来电,何样已到派出所")


def load_roster(casework: CaseworkFixture, *badges: str, **duty: list[str]) -> None:
    """A roster of these officers (all of them where none is named), with their duty times."""
    officers = [
        {"badge": badge, "unit": unit, "role": role, "duty": duty.get(badge, ["00:00-24:00"])}
        for badge, unit, role in STAFF
        if not badges or badge in badges
    ]
    with casework.begin() as work:
        roster.load(work, _roster(officers))


def employ(casework: CaseworkFixture) -> None:
    """Somebody who may act, where no roster has been loaded: nobody is on duty."""
    if not casework.rows(StaffRow):
        with casework.begin() as work:
            roster.store(work.session, _roster([]))


def _roster(officers: list[dict[str, Any]]) -> Roster:
    staff = [{"badge": badge, "unit": unit, "role": role} for badge, unit, role in BESIDE]
    return Roster.model_validate({"units": (*UNITS, AWAY), "officers": officers, "staff": staff})


def assign(casework: CaseworkFixture) -> None:
    """Deliver until no assignment is due."""
    settings = ProviderSettings("roster", "roster", frozenset({Channel.VISIT}))
    while casework.deliver(RosterProvider(settings, RosterAssigner(casework.sessions, casework.context))):
        pass


def case_with_visit(casework: CaseworkFixture, precinct: str | None = "P1", number: int = 1, **changes: Any) -> UUID:
    """A critical case whose visit has been assigned."""
    address = {"kind": "residence", "text": "样板路1号", "precinct_code": precinct}
    known = {"urgency": "critical", "channels": ["visit"], "addresses": [address]}
    case_id = casework.open(number, **(known | changes))
    assign(casework)
    return case_id


def visit_of(casework: CaseworkFixture, case_id: UUID) -> VisitRow:
    """The case's last visit."""
    return casework.rows(VisitRow, VisitRow.case_id == case_id)[-1]


def act(casework: CaseworkFixture, case_id: UUID, step: str, *, officer: str | None = None, **facts: Any) -> VisitRow:
    """One step of an officer's work, with what the officer reports: of whoever has the visit, where nobody is named."""
    report, visit = OfficerReport(**facts), visit_of(casework, case_id)
    with casework.begin() as work:
        return officer_steps.act(work, visit.id, step, officer=officer or visit.officer, report=report)


def decide_as_supervisor(
    casework: CaseworkFixture, order: Callable[..., Any], case_id: UUID, *what: Any, by: SupervisorDecision = ORDER
) -> Any:
    """A supervisor's order on a case."""
    employ(casework)
    with casework.begin() as work:
        return order(work, case_id, by, *what)
