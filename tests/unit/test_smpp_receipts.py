"""Receipts of SMSCs: in whatever way they write an id or a text, each is read, or its form is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.smpp.delivery_receipts import UnreadableReceipt, report_of
from providers.smpp.message_ids import IdForm, id_of_receipt, id_of_response
from providers.smpp.parts import Report
from providers.smpp.wire import Delivered
from schemas.channel_results import RESULTS_OF
from schemas.vocabulary import Channel, Result

TEXT = "id:ABC123 stat:DELIVRD err:000"
IDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=65)
FORMS = st.sampled_from(("same", "exact", "decimal_of_hex", "hex_of_decimal"))


@pytest.mark.parametrize(
    ("form", "response", "receipt", "is_same"),
    [
        ("same", "00B8BE19", "B8BE19", True),
        ("same", "1101C1-C9D03D-F000", "1101c1-c9d03d-f000", True),
        ("same", "000", "0", True),
        ("same", "10", "1", False),
        ("exact", "00B8BE19", "B8BE19", False),
        ("exact", "aB3", "Ab3", False),
        ("exact", "aB3", "aB3", True),
        ("decimal_of_hex", "00B8BE19", "12107289", True),
        ("decimal_of_hex", "b8be19", "0012107289", True),
        ("decimal_of_hex", "1_0", "16", False),
        ("decimal_of_hex", "Ref-7", "ref-7", True),
        ("hex_of_decimal", "12107289", "B8BE19", True),
    ],
)
def test_an_id_is_known_again_however_it_is_written(form: IdForm, response: str, receipt: str, is_same: bool) -> None:
    assert (id_of_response(response, form) == id_of_receipt(receipt, form)) is is_same


@given(IDS, st.integers(0, 8))
def test_neither_zeros_nor_case_make_another_id(message_id: str, zeros: int) -> None:
    written = "0" * zeros + message_id.swapcase()
    assert id_of_response(message_id, "same") == id_of_receipt(written, "same") != ""


@given(st.integers(0, 2**64), st.booleans())
def test_hexadecimal_and_decimal_are_one_number(number: int, filled: bool) -> None:
    width = 20 if filled else 0
    assert id_of_response(f"{number:0{width}X}", "decimal_of_hex") == id_of_receipt(str(number), "decimal_of_hex")
    assert id_of_response(str(number), "hex_of_decimal") == id_of_receipt(f"{number:0{width}x}", "hex_of_decimal")


@pytest.mark.parametrize(
    ("data_coding", "text"),
    [
        (8, TEXT.encode()),
        (8, TEXT.encode("utf-16-be")),
        (0, TEXT.encode()),
        (0, TEXT.encode("utf-16-be")),
        (3, TEXT.encode("latin-1")),
    ],
)
def test_a_text_is_read_as_it_is_and_not_as_it_is_said_to_be(data_coding: int, text: bytes) -> None:
    assert report_of(Delivered(4, data_coding, text, {}), "same") == Report("abc123", Result.DELIVERED, "DELIVRD 000")


@pytest.mark.parametrize(
    ("delivered", "form"),
    [
        (Delivered(0, 0, TEXT.encode(), {}), "text_without_receipt_class"),
        (Delivered(4, 0, b"stat:DELIVRD", {}), "no_message_id"),
        (Delivered(4, 0, b"", {0x1E: b"A" * 101}), "message_id_too_long"),
    ],
)
def test_a_form_that_is_not_read_is_named(delivered: Delivered, form: str) -> None:
    with pytest.raises(UnreadableReceipt, match=f"^{form}$"):
        report_of(delivered, "same")


@pytest.mark.parametrize("text", ["好的", "id: I do not want this", "stat: what", ""])
def test_what_a_person_writes_is_no_receipt(text: str) -> None:
    assert report_of(Delivered(0, 8, text.encode("utf-16-be"), {}), "same") is None


@given(
    st.builds(
        Delivered,
        st.integers(0, 255),
        st.sampled_from((0, 3, 8, 245)),
        st.binary(max_size=80) | st.builds(lambda one, two: one + TEXT.encode() + two, st.binary(), st.binary()),
        st.dictionaries(st.sampled_from((0x1E, 0x204, 0x424, 0x427)), st.binary(max_size=120)),
    ),
    FORMS,
)
def test_anything_is_a_report_or_none_or_a_named_form(delivered: Delivered, form: IdForm) -> None:
    try:
        report = report_of(delivered, form)
    except UnreadableReceipt:
        return
    if report is not None:
        assert report.result in RESULTS_OF[Channel.SMS]
        assert "\0" not in report.message_id + report.detail
