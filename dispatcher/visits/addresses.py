"""A case's addresses: in which order they are to be visited now, and which of them a visit has tried."""

from sqlalchemy import select

from dispatcher.casework import snapshot
from dispatcher.casework.case_file import CaseFile
from dispatcher.engine.places import visiting_order
from dispatcher.errors import Refused
from dispatcher.store.cases import AddressRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.visits import VisitRow
from schemas.refusals import RefusalCode
from schemas.vocabulary import AddressKind, Result

TRIED = "visit_address_tried"
# What can be said of one of several addresses, before the next one is tried.
IN_VAIN = (Result.NOT_FOUND_TEMPORARILY, Result.WRONG_ADDRESS)


def in_order(case_file: CaseFile, visit: VisitRow) -> list[AddressRow]:
    """Those of the case that are still true, first to be visited first."""
    rows = {str(row.id): row for row in case_file.places[visit.case_id]}
    case = snapshot.read(case_file, visit.case_id)
    return [rows[place.id] for place in visiting_order(case, case_file.context.policy, case_file.now)]


def tried(case_file: CaseFile, visit: VisitRow) -> dict[str, str]:
    """What came of each address that was tried in this visit, by the address's id. The journal is its only record."""
    found = select(JournalRow.data).where(
        JournalRow.case_id == visit.case_id,
        JournalRow.event == TRIED,
        JournalRow.data["visit"].as_string() == str(visit.id),
    )
    entries = case_file.session.scalars(found.order_by(JournalRow.seq))
    return {entry["address"]: entry["result"] for entry in entries}


def left(case_file: CaseFile, visit: VisitRow) -> list[AddressRow]:
    """What is still to be tried in this visit, next first. An address of another precinct is for that precinct."""
    known, own = tried(case_file, visit), (None, visit.precinct_code)
    return [row for row in in_order(case_file, visit) if str(row.id) not in known and row.precinct_code in own]


def of_kind(case_file: CaseFile, visit: VisitRow, kind: AddressKind | None) -> AddressRow:
    """The address that an officer means by its kind: of several the first not tried yet. Raises Refused."""
    known = tried(case_file, visit)
    such = [row for row in in_order(case_file, visit) if row.kind == kind]
    if not such:
        raise Refused(RefusalCode.NO_SUCH_ADDRESS)
    return next((row for row in such if str(row.id) not in known), such[0])


def last(case_file: CaseFile, visit: VisitRow) -> AddressRow | None:
    """The one address that "not found" can still be about. Raises Refused where there are more."""
    untried = left(case_file, visit)
    if len(untried) > 1:
        raise Refused(RefusalCode.ADDRESSES_NOT_TRIED, addresses=[row.kind for row in untried])
    return untried[0] if untried else None
