"""Numbers, identities and labels become what the product reckons with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.policy import load
from schemas import normalise
from schemas.vocabulary import AddressKind, Person, Relation, Urgency


@pytest.mark.parametrize(
    ("text", "country", "e164", "flags"),
    [
        ("13800138000", "CN", "+8613800138000", ()),
        ("15400000001", "CN", "+8615400000001", ("number_invalid",)),
        ("138 0013 8000", "CN", "+8613800138000", ()),
        ("138-0013-8000", "CN", "+8613800138000", ()),
        ("138–0013—8000", "CN", "+8613800138000", ()),
        (" (138)0013.8000 ", "CN", "+8613800138000", ()),
        ("１３８００１３８０００", "CN", "+8613800138000", ()),
        ("＋８６ 138 0013 8000", "CN", "+8613800138000", ()),
        ("+8613800138000", "CN", "+8613800138000", ()),
        ("008613800138000", "CN", "+8613800138000", ()),
        ("010-12345678", "cn", "+861012345678", ()),
        ("+44 7700 900123", "CN", "+447700900123", ("number_invalid",)),
        ("0044 7700 900123", "CN", "+447700900123", ("number_invalid",)),
        ("07911 123456", "GB", "+447911123456", ()),
        ("+1 (202) 555-0123", "CN", "+12025550123", ()),
        ("99912345678901234567", "CN", "99912345678901234567", ("number_unparsed",)),
    ],
)
def test_numbers_become_e164_and_are_never_cut(text: str, country: str, e164: str, flags: tuple[str, ...]) -> None:
    found = normalise.number(text, country)
    assert (found.e164, found.flags) == (e164, flags)


def test_a_number_has_its_country() -> None:
    assert normalise.number("+447911123456").country == "GB"
    assert normalise.number("99912345678901234567").country is None


@pytest.mark.parametrize(
    "text", ["", "  ", "-", "+", "12", "无", "1380013800O", "138转8", "+86+138", "tel:110", "1" * 21]
)
def test_what_cannot_be_dialled_is_an_error_without_the_value(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not diallable$"):
        normalise.number(text)


@pytest.mark.parametrize("text", ["12345678901234567890", "447700900123", "85212345678"])
def test_a_number_that_the_library_doubts_keeps_all_its_digits(text: str) -> None:
    assert normalise.number(text).flags
    assert normalise.number(text).e164.endswith(text)


@pytest.mark.parametrize("text", ["110", "96110", "10086"])
def test_short_numbers_are_kept(text: str) -> None:
    assert normalise.number(text).e164 == f"+86{text}"


@given(
    st.from_regex(r"(\+|00)?[1-9][0-9]{2,18}", fullmatch=True) | st.text("0123456789+-() ０１", max_size=24),
    st.sampled_from(["CN", "GB", "US", "IT", "ZZ"]),
)
def test_a_number_stays_as_it_is_once_normalised(text: str, country: str) -> None:
    try:
        once = normalise.number(text, country)
    except ValueError:
        return
    assert normalise.number(once.e164, country).e164 == once.e164


@pytest.mark.parametrize(
    "text", ["11010119900307451x", " 110101 19900307 451X ", "１１０１０１１９９００３０７４５１ｘ"]
)
def test_identity_numbers_compare_equal(text: str) -> None:
    assert normalise.id_number(text) == "11010119900307451X"


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("residence", AddressKind.RESIDENCE),
        ("Residence ", AddressKind.RESIDENCE),
        ("现住址", AddressKind.RESIDENCE),
        ("户籍地", AddressKind.REGISTERED),
        ("宾馆", AddressKind.HOTEL),
        ("银行网点", AddressKind.BRANCH),
        ("当前位置", AddressKind.CURRENT),
        ("单位", AddressKind.WORK),
        ("月球", None),
        ("", None),
    ],
)
def test_address_kinds(label: str, kind: AddressKind | None) -> None:
    assert normalise.address_kind(label) is kind


@pytest.mark.parametrize("kind", AddressKind)
def test_every_address_kind_is_known_by_code_and_by_label(kind: AddressKind) -> None:
    assert normalise.address_kind(kind.value) is normalise.address_kind(kind.zh) is kind


@pytest.mark.parametrize(
    ("label", "relation", "person"),
    [
        ("女儿", Relation.CHILD, Person.FAMILY),
        ("妻子", Relation.SPOUSE, Person.FAMILY),
        ("监护人", Relation.GUARDIAN, Person.GUARDIAN),
        ("GUARDIAN", Relation.GUARDIAN, Person.GUARDIAN),
        ("同事", Relation.EMPLOYER, Person.OTHER),
        ("社区网格员", Relation.COMMUNITY, Person.OTHER),
        ("朋友", Relation.FRIEND, Person.OTHER),
    ],
)
def test_relations_and_who_they_are(label: str, relation: Relation, person: Person) -> None:
    assert normalise.relation(label) is relation
    assert relation.person is person


def test_an_unknown_relation_is_none() -> None:
    assert normalise.relation("网友") is None


@pytest.mark.parametrize("relation", Relation)
def test_every_relation_is_known_by_code_and_by_label(relation: Relation) -> None:
    assert normalise.relation(relation.value) is normalise.relation(relation.zh) is relation


@pytest.mark.parametrize(("text", "code"), [("老年人", "elderly"), ("ELDERLY", "elderly"), ("高个子", None)])
def test_vulnerabilities(text: str, code: str | None) -> None:
    assert normalise.vulnerability(text) == code


@pytest.mark.parametrize("urgency", Urgency)
def test_every_urgency_is_known_by_code_and_by_label(urgency: Urgency) -> None:
    assert load().urgency_of(urgency.value) is load().urgency_of(urgency.zh) is urgency
