"""Group notices: one scam in one area is noticed once in a while, whichever case asks first."""

from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted
from visits_fixture import Load

from schemas.vocabulary import Channel

ADDRESSES = [{"kind": "residence", "text": "样板路1号", "precinct_code": "P1"}]


@pytest.fixture(autouse=True)
def roster(load: Load) -> None:
    load()


def notice(casework: CaseworkFixture, number: int, precinct: str = "P1", **changes: str) -> UUID:
    """A case whose centre asks for a notice where the person lives; what is due is done."""
    address = ADDRESSES[0] | {"precinct_code": precinct}
    case_id = casework.open(number, channels=["broadcast"], addresses=[address], **changes)
    casework.deliver(Scripted(channels=(Channel.BROADCAST,)))
    return case_id


def outcome(casework: CaseworkFixture, case_id: UUID) -> tuple[str, str | None]:
    [made] = casework.attempts(case_id, "broadcast")
    return made.rule, made.skip_reason


def test_a_notice_is_not_repeated_within_the_policys_time(casework: CaseworkFixture) -> None:
    notice(casework, 1)
    casework.pass_time(hours=23)
    assert outcome(casework, notice(casework, 2)) == ("noticed_lately", "CAP_REACHED")
    assert outcome(casework, notice(casework, 3, fraud_type="F01"))[0] == "group_notice"


def test_later_it_is_made_again_and_counts_from_then_on(casework: CaseworkFixture) -> None:
    notice(casework, 1)
    casework.pass_time(hours=25)
    assert outcome(casework, notice(casework, 2)) == ("group_notice", None)
    casework.pass_time(hours=23)
    assert outcome(casework, notice(casework, 3)) == ("noticed_lately", "CAP_REACHED")
