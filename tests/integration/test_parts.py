"""A carrier's receipts find their attempts: by message id or by reference, in any order, part by part."""

from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted

from dispatcher.delivery import smpp_parts
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.parts import PartRow
from dispatcher.store.receipts import ReceiptRow
from providers.base import Accepted, InDoubt
from providers.smpp.parts import Part, Report, reference, referred
from schemas.vocabulary import Result

NAME = "scripted"


def taken(key: UUID, message_id: str = "1", part: int = 1, of: int = 1) -> Part:
    return Part(message_id, str(key), part, of)


def report(message_id: str = "1", result: Result = Result.DELIVERED, mark: int | None = None) -> Report:
    return Report(message_id, result, result.value, mark)


def write(casework: CaseworkFixture, *entries: Part | Report, provider: str = NAME) -> bool:
    """Keep each in a transaction of its own, settle what follows. Returns whether a receipt was stored."""
    stored = False
    for each in entries:
        with casework.begin() as work:
            stored |= smpp_parts.write(work, [(provider, each)])
    casework.settle()
    return stored


@pytest.fixture
def sent(casework: CaseworkFixture) -> AttemptRow:
    """An attempt that was accepted, with its id still to come."""
    case_id = casework.open()
    casework.deliver(Scripted([Accepted()]))
    return casework.attempts(case_id)[0]


@pytest.fixture
def doubted(casework: CaseworkFixture) -> AttemptRow:
    """An attempt whose response never came."""
    case_id = casework.open()
    casework.deliver(Scripted([InDoubt("connection lost")]))
    return casework.attempts(case_id)[0]


def result(casework: CaseworkFixture, attempt: AttemptRow) -> tuple[str, str | None, str | None]:
    now = casework.rows(AttemptRow, AttemptRow.id == attempt.id)[0]
    return now.state, now.result, now.detail


@pytest.mark.parametrize("turned", [False, True])
def test_a_receipt_settles_its_attempt_whichever_comes_first(
    casework: CaseworkFixture, sent: AttemptRow, turned: bool
) -> None:
    entries: list[Part | Report] = [taken(sent.send_key), report()]
    assert write(casework, *(reversed(entries) if turned else entries))
    assert result(casework, sent) == ("settled", "DELIVERED", None)


def test_both_in_one_batch_and_copies_with_them(casework: CaseworkFixture, sent: AttemptRow) -> None:
    batch = [(NAME, report()), (NAME, taken(sent.send_key)), (NAME, report()), (NAME, taken(sent.send_key))]
    with casework.begin() as work:
        assert smpp_parts.write(work, batch)
    with casework.begin() as work:
        assert not smpp_parts.write(work, batch)
    assert len(casework.rows(ReceiptRow)) == 1


def test_another_provider_s_ids_are_its_own(casework: CaseworkFixture, sent: AttemptRow) -> None:
    write(casework, taken(sent.send_key))
    assert not write(casework, report(), provider="other")
    assert result(casework, sent)[0] == "accepted"


def test_delivered_is_what_is_delivered_whole(casework: CaseworkFixture, sent: AttemptRow) -> None:
    write(casework, taken(sent.send_key, "1", 1, 2), report("1"))
    assert not write(casework, taken(sent.send_key, "2", 2, 2))
    assert result(casework, sent)[0] == "accepted"
    assert write(casework, report("2"))
    assert result(casework, sent) == ("settled", "DELIVERED", None)


def test_one_part_that_failed_is_a_message_that_failed(casework: CaseworkFixture, sent: AttemptRow) -> None:
    write(casework, taken(sent.send_key, "1", 1, 2), taken(sent.send_key, "2", 2, 2), report("1"))
    assert write(casework, report("2", Result.FAILED_PERMANENT))
    assert result(casework, sent) == ("settled", "FAILED_PERMANENT", "FAILED_PERMANENT")


def test_the_first_word_on_a_part_stands_unless_it_was_unknown(casework: CaseworkFixture, sent: AttemptRow) -> None:
    write(casework, report("1", Result.UNKNOWN), report("1", Result.DELIVERED), report("1", Result.FAILED_PERMANENT))
    assert [row.result for row in casework.rows(PartRow)] == ["DELIVERED"]


def test_the_same_part_twice_is_not_the_whole(casework: CaseworkFixture, doubted: AttemptRow) -> None:
    """A message sent again under its key: part 1 of both arrived, part 2 of neither."""
    write(casework, taken(doubted.send_key, "1", 1, 2), taken(doubted.send_key, "3", 1, 2))
    assert not write(casework, report("1"), report("3"))
    assert result(casework, doubted)[0] == "in_doubt"


def test_a_doubt_is_settled_by_the_reference_that_was_sent_along(
    casework: CaseworkFixture, doubted: AttemptRow
) -> None:
    assert write(casework, report("77", mark=reference(str(doubted.send_key), 1, 1)))
    assert result(casework, doubted) == ("settled", "DELIVERED", None)


def test_so_is_the_doubt_on_a_message_in_parts(casework: CaseworkFixture, doubted: AttemptRow) -> None:
    key = str(doubted.send_key)
    assert not write(casework, taken(doubted.send_key, "76", 1, 2), report("76", mark=reference(key, 1, 2)))
    assert write(casework, report("77", mark=reference(key, 2, 2)))
    assert result(casework, doubted) == ("settled", "DELIVERED", None)


def test_a_reference_of_nothing_in_doubt_is_nobody_s(casework: CaseworkFixture, sent: AttemptRow) -> None:
    """It was answered: its id is known, and a receipt with another id is not its own."""
    assert not write(casework, report("77", mark=reference(str(sent.send_key), 1, 1)))
    assert result(casework, sent)[0] == "accepted"


def test_a_receipt_without_owner_is_kept_for_the_response_that_follows_at_once_only(
    casework: CaseworkFixture, sent: AttemptRow
) -> None:
    """Carriers use their ids again: last week's receipt is not for this week's message."""
    write(casework, report())
    casework.sql("UPDATE parts SET written_at = written_at - interval '6 minutes'")
    assert not write(casework, taken(sent.send_key))
    assert [row.result for row in casework.rows(PartRow)] == [None]
    assert write(casework, report())


def test_an_id_that_is_used_again_belongs_to_the_later_message(casework: CaseworkFixture, sent: AttemptRow) -> None:
    write(casework, taken(UUID(int=1)), report())
    assert not write(casework, taken(sent.send_key))
    assert write(casework, report("1", Result.FAILED_TEMPORARY))
    assert result(casework, sent)[1] == "FAILED_TEMPORARY"


def test_old_parts_are_forgotten(casework: CaseworkFixture, sent: AttemptRow) -> None:
    write(casework, taken(sent.send_key, "1"), taken(sent.send_key, "2"))
    casework.sql("UPDATE parts SET written_at = written_at - interval '8 days' WHERE message_id = '1'")
    with casework.sessions.begin() as session:
        smpp_parts.forget(session)
    assert [row.message_id for row in casework.rows(PartRow)] == ["2"]


def test_a_reference_fits_one_key_or_none() -> None:
    keys = [str(UUID(int=number)) for number in range(200)]
    for part, of in ((1, 1), (2, 2), (5, 5)):
        mark = reference(keys[3], part, of)
        assert mark is not None
        assert mark < 1 << 16
        assert referred(mark, "1", keys[:20]) == Part("1", keys[3], part, of)
        assert referred(mark, "1", keys[4:20]) is None
        assert referred(mark, "1", [keys[3], keys[3]]) is None
    assert reference(keys[3], 1, 6) is None
    assert referred(0xF, "1", keys) is None
