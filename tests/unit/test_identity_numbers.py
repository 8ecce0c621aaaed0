"""Which identity numbers identify somebody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity_numbers import IdStrength, birth_date, id_number, strength
from tests.unit.cases import victims

RESIDENT = "11010119900307467X"


@pytest.mark.parametrize("victim", victims("f01a-placeholder-id").values(), ids=lambda each: str(each["id_number"]))
def test_a_placeholder_identifies_nobody(victim: dict[str, str]) -> None:
    assert strength(victim.get("id_type"), victim["id_number"]) is IdStrength.NONE


def test_what_cannot_be_seen_makes_no_other_number() -> None:
    numbers = [victim["id_number"] for victim in victims("f05c-invisible-in-id").values()]
    assert {id_number(each) for each in numbers} == {RESIDENT}
    assert {strength(None, each) for each in numbers} == {IdStrength.STRONG}


@pytest.mark.parametrize(
    "text",
    [
        "11010119900307467x",
        "１１０１０１１９９００３０７４６７Ｘ",
        " 110101 19900307 467X ",
        "110101-19900307-467X",
        "'11010119900307467X",
        "’11010119900307467X",
        "＇11010119900307467X",
        '"11010119900307467X"',
        "“11010119900307467X”",
        "\ufeff11010119900307467X",
        "110101\u200b19900307\u200d467X\u2060",
        "\u202d11010119900307467X\u202c",
        "110101\u00ad19900307467X",
        "11010119900307467X\ufe0f",
        "11010119900307467\u00d7",
        "11010119900307467\u0425",
        "١١٠١٠١١٩٩٠٠٣٠٧٤٦٧X",
        "110101\u300019900307\t467X\n",
    ],
)
def test_one_number_in_many_spellings(text: str) -> None:
    assert id_number(text) == RESIDENT
    assert strength("居民身份证", text) is IdStrength.STRONG


@pytest.mark.parametrize(
    ("id_type", "text", "found"),
    [
        (None, "110101199003074610", IdStrength.STRONG),
        ("身份证", "440524188001010014", IdStrength.NONE),  # born 1880
        ("身份证", "440524190001010014", IdStrength.WEAK),
        ("身份证", "110101199003074611", IdStrength.WEAK),
        ("身份证", "110101199013074618", IdStrength.NONE),  # no such month
        ("身份证", "110101199002304610", IdStrength.NONE),  # no such day
        ("身份证", "190101199003074610", IdStrength.NONE),  # no such province
        ("身份证", "110101199003070000", IdStrength.WEAK),  # the zeros of a spreadsheet
        ("身份证", "110101199003074000", IdStrength.WEAK),
        ("身份证", "110101900307467", IdStrength.WEAK),  # an old card
        ("身份证", "110101199003074", IdStrength.NONE),  # cut to the length of one
        ("身份证", "11010119900307467", IdStrength.NONE),
        ("身份证", "110101", IdStrength.NONE),
        ("身份证", "1101011990030746", IdStrength.NONE),
        ("身份证", "110101199003074610110101199003074610", IdStrength.NONE),
        ("身份证", "110101********7463", IdStrength.NONE),
        ("身份证", "110101＊＊＊＊＊＊＊＊7463", IdStrength.NONE),
        ("身份证", "110101XXXXXXXX7463", IdStrength.NONE),
        ("身份证", "11010119900307****", IdStrength.NONE),
        ("身份证", "110101199003074●●●", IdStrength.NONE),
        ("身份证", "1.10101199003071E+17", IdStrength.NONE),
        ("身份证", "1.1010119900307462e+17", IdStrength.NONE),
        ("身份证", "1.10101E17", IdStrength.NONE),
        ("身份证", "110101199003074610.0", IdStrength.STRONG),
        ("身份证", "111111111111111111", IdStrength.NONE),
        ("身份证", "999999999999999999", IdStrength.NONE),
        ("身份证", "123456789012345678", IdStrength.NONE),
        ("身份证", "987654321098765432", IdStrength.NONE),
        ("身份证", "身份证号码", IdStrength.NONE),
        ("身份证", "test", IdStrength.NONE),
        ("身份证", "None", IdStrength.NONE),
        ("身份证", "null", IdStrength.NONE),
        ("身份证", "待补充", IdStrength.NONE),
        ("身份证", "#N/A", IdStrength.NONE),
        ("身份证", "", IdStrength.NONE),
        (None, "15400000001", IdStrength.NONE),  # a phone
        (None, "19900307", IdStrength.NONE),  # a date
        ("passport", "110101199003074610", IdStrength.STRONG),  # its check digit says what it is
        ("护照", "E58346217", IdStrength.STRONG),
        ("护照", "ＥＡ８３４６２１７", IdStrength.STRONG),
        (None, "E58346217", IdStrength.STRONG),
        ("身份证", "E58346217", IdStrength.WEAK),
        ("外国护照", "C01X00T47", IdStrength.STRONG),
        ("护照", "583462179", IdStrength.STRONG),
        (None, "583462179", IdStrength.NONE),
        (None, "AB5834621", IdStrength.WEAK),
        ("护照", "E12345678", IdStrength.WEAK),
        ("护照", "E00000000", IdStrength.NONE),
        ("护照", "XXXXX1734", IdStrength.NONE),
        ("护照", "E5834", IdStrength.NONE),
        ("回乡证", "H58346217", IdStrength.STRONG),
        ("港澳居民来往内地通行证", "M5834621701", IdStrength.STRONG),
        ("台胞证", "58346217", IdStrength.STRONG),
        (None, "58346217", IdStrength.NONE),
        ("港澳台居民居住证", "810000199408230021", IdStrength.STRONG),
        ("外国人永久居留身份证", "USA110080010132", IdStrength.STRONG),
        ("军官证", "军字第5834621号", IdStrength.WEAK),
        ("军官证", "5834621", IdStrength.WEAK),
        ("军官证", "无", IdStrength.NONE),
    ],
)
def test_how_far_a_number_identifies(id_type: str | None, text: str, found: IdStrength) -> None:
    assert strength(id_type, text) is found


def test_a_birth_date_is_read_from_a_masked_number_too() -> None:
    assert str(birth_date(RESIDENT)) == str(birth_date("'1101011990 0307****")) == "1990-03-07"
    assert birth_date("110101********7463") is birth_date(None) is birth_date("E58346217") is None


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("33060220160801123", "2016-08-01"),  # without its check digit
        ("330602 2016 0801", "2016-08-01"),
        ("33060220160801****", "2016-08-01"),
        ("330602201608011234567", "2016-08-01"),  # with digits too many
        ("3.30602201608011E+17", "2016-08-01"),
        ("330602201608******", "2016-08-31"),
        ("330602201602****12", "2016-02-29"),
        ("3306022016****1234", "2016-12-31"),
        ("******201608011234", "2016-08-01"),
        ("330602201201123", "2012-01-12"),  # or an old card of somebody born in 1920
        ("330602201613011234", None),
        ("330602********1234", None),
        ("3.30602E+17", None),
        ("330602201608", None),  # may be any number
        ("990602201608011", "2016-08-01"),
        ("100602201608011", None),  # no such province
        ("110101900307467", None),  # an old card: nobody who has one is a child
    ],
)
def test_of_a_cut_or_masked_number_the_latest_birth_date_counts(text: str, born: str | None) -> None:
    found = birth_date(text)
    assert (found and str(found)) == born


@given(st.none() | st.text(), st.text() | st.from_regex(r"[0-9Xx*.E+ ]{0,20}", fullmatch=True))
def test_any_text_has_a_strength_and_folds_once(id_type: str | None, text: str) -> None:
    assert strength(id_type, text) in IdStrength
    assert id_number(id_number(text)) == id_number(text)


@given(st.text(st.characters(exclude_categories=["Nd", "No"]), max_size=40))
def test_what_holds_no_digits_identifies_nobody(text: str) -> None:
    assert strength(None, text) is IdStrength.NONE
