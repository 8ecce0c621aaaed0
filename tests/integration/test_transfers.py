"""Visits that another unit is offered: theirs once they accept, ours until then, the clock the same throughout."""

import pytest
from desk import Desk
from station import Load, act, assign, case_with_visit, give, visit_of

from dispatcher.casework import orders, transfers
from dispatcher.errors import OperatorError
from dispatcher.store.transfers import TransferRow
from schemas.instruction import Address
from schemas.vocabulary import ReturnReason


def test_an_offer_ends_when_the_person_turns_out_to_be_elsewhere(desk: Desk, load: Load) -> None:
    load()
    case_id = case_with_visit(desk)
    desk.pass_time(minutes=1)
    act(desk, case_id, "return", reason=ReturnReason.NOT_MY_JURISDICTION, to_unit="AWAY")
    give(desk, orders.locate, case_id, Address(kind="current", text="海棠酒店302", precinct_code="P2"))
    assign(desk)
    assert [each.state for each in desk.rows(TransferRow)] == ["lapsed"]
    with pytest.raises(OperatorError, match="no transfer"), desk.sessions.begin() as session:
        transfers.answer(session, desk.office, visit_of(desk, case_id).id, accepts=True, by="X-1")
    assert visit_of(desk, case_id).officer == "Z"
