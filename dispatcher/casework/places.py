"""A case's addresses in the order in which they are to be visited now."""

from uuid import UUID

from dispatcher.casework.files import CaseFiles
from dispatcher.engine.places import visiting_order
from dispatcher.store.cases import AddressRow


def in_order(files: CaseFiles, case_id: UUID) -> list[AddressRow]:
    """Those that are still true, first to be visited first."""
    rows = {str(row.id): row for row in files.places[case_id]}
    return [rows[place.id] for place in visiting_order(files.case_value(case_id), files.office.policy, files.now)]
