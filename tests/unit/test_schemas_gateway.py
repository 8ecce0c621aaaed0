"""Receipts of gateways: words, figures and notes, and what of them is dropped."""

import pytest
from pydantic import ValidationError
from wire import PRIVATE

from schemas.gateway import GatewayReceipt
from schemas.vocabulary import Answer, Result

KEY = "01890a5d-ac96-774b-bcce-b302099a8057"


def receipt(result: str = "DELIVERED", detail: object = None) -> GatewayReceipt:
    return GatewayReceipt.model_validate({"id": KEY, "ref": "r1", "result": result, "detail": detail, "extra": 1})


@pytest.mark.parametrize("written", [KEY, KEY.upper(), KEY.replace("-", ""), f" {KEY.upper().replace('-', '')}\n"])
def test_an_id_is_ours_however_it_is_written(written: str) -> None:
    assert GatewayReceipt.model_validate({"id": written, "result": "DELIVERED"}).id == KEY


@pytest.mark.parametrize(
    ("given", "ref"),
    [("r1", "r1"), ("网关-1", "网关-1"), (20260302, "20260302"), ("r" * 101, "r" * 100)]
    + [(each, None) for each in ("", None, True, 1.5, [], {"id": 1}, "r\n", "r\0", "\ud800")],
)
def test_a_reference_is_read_or_left_out(given: object, ref: str | None) -> None:
    found = GatewayReceipt.model_validate({"id": KEY, "ref": given, "result": "DELIVERED"})
    assert (found.ref, found.contact_result) == (ref, Result.DELIVERED)


@pytest.mark.parametrize("at", ["2026-03-02T09:06:20+08:00", 1772413580, 1772413580.5, None, [], {"at": 1}])
def test_no_result_is_lost_for_its_time(at: object) -> None:
    assert GatewayReceipt.model_validate({"id": KEY, "result": "BUSY", "at": at}).contact_result is Result.BUSY


@pytest.mark.parametrize("result", Result)
def test_a_known_result_is_kept(result: Result) -> None:
    assert receipt(result.value).contact_result is result


@pytest.mark.parametrize("word", ["delivered", "OK", "", "成功", "SUCCESS"])
def test_a_word_we_do_not_know_is_unknown(word: str) -> None:
    assert receipt(word).contact_result is Result.UNKNOWN


def test_what_is_in_hand_is_interim() -> None:
    assert receipt("QUEUED").is_interim
    assert receipt("REQUESTED").is_interim
    assert not any(receipt(result.value).is_interim for result in Result)


@pytest.mark.parametrize(
    ("detail", "confirmed", "answer"),
    [
        ({"confirmed": True, "answer": "denies"}, True, Answer.DENIES),
        ({"confirmed": "true", "answer": "maybe"}, False, None),
        ({"confirmed": 1, "answer": ["denies"]}, False, None),
        ({}, False, None),
        ("confirmed", False, None),
        (None, False, None),
    ],
)
def test_confirmation_is_a_plain_true(detail: object, confirmed: bool, answer: Answer | None) -> None:
    found = receipt("ANSWERED_SUBJECT", detail)
    assert (found.confirmed, found.answer) == (confirmed, answer)


@pytest.mark.parametrize(
    ("detail", "yuan", "hours"),
    [
        ({"stopped_yuan": 52_000}, 52_000, None),
        ({"stopped_yuan": 0, "hours": 1}, 0, 1),
        ({"stopped_yuan": 10**15, "hours": 720}, 10**15, 720),
        ({"stopped_yuan": 10**15 + 1, "hours": 721}, None, None),
        ({"stopped_yuan": -1, "hours": 0}, None, None),
        ({"stopped_yuan": True, "hours": True}, None, None),
        ({"stopped_yuan": "52000", "hours": 24.0}, None, None),
        ({"stopped_yuan": [52_000], "hours": None}, None, None),
        ("stopped_yuan", None, None),
        (None, None, None),
    ],
)
def test_a_figure_that_cannot_be_one_is_dropped(detail: object, yuan: int | None, hours: int | None) -> None:
    found = receipt("STOPPED_PARTLY", detail)
    assert (found.stopped_yuan, found.hours) == (yuan, hours)
    assert found.contact_result is Result.STOPPED_PARTLY


@pytest.mark.parametrize(
    ("detail", "note"),
    [
        ("number_reassigned", "number_reassigned"),
        ({"note": "busy"}, "busy"),
        ("他说他叫何样兰", None),
        ("called 15400000001", None),
        ("15400000001", None),
        ("a" * 41, None),
        ("", None),
        ({"note": 7}, None),
        ({"note": {"name": "何样兰"}}, None),
        ([PRIVATE], None),
        (7, None),
        (None, None),
    ],
)
def test_free_text_of_a_receipt_is_dropped(detail: object, note: str | None) -> None:
    assert receipt(detail=detail).note == note


@pytest.mark.parametrize(
    "body",
    [
        {"id": "何样兰", "result": "DELIVERED"},
        {"id": KEY},
        {"id": KEY, "result": "X" * 41},
        {"id": KEY, "result": 7},
        {"id": 7, "result": "DELIVERED"},
        {"id": KEY.replace("0", "０"), "result": "DELIVERED"},
        {"id": "-" * 36, "result": "DELIVERED"},
    ],
)
def test_a_bad_receipt_is_refused_without_its_content(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        GatewayReceipt.model_validate(body)
    assert "何样兰" not in str(caught.value)
