"""Turns what sources really send into codes and E.164 numbers.

Validity is an opinion: a number the library calls invalid is kept and flagged; only
what can't be dialled at all (composer, no digits) is an error of the instruction.
"""

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers

from schemas.identity_numbers import birth_date, id_number
from schemas.vocabulary import AddressKind, Relation, Vulnerability

_SEPARATORS = re.compile(r"[\s\-‐-―−()().·.]+")
_DIALLABLE = re.compile(r"\+[0-9]{3,24}|[0-9]{3,20}")

__all__ = ["birth_date", "id_number"]

# What Number.country can be: one region for each calling code, so +1 is US, wherever it rings.
CALLING_REGIONS = frozenset(regions[0] for regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.values()) - {"001"}

ADDRESS_KINDS = {name: kind for kind in AddressKind for name in (kind.value, kind.zh)} | {
    "当前位置": AddressKind.CURRENT,
    "当前": AddressKind.CURRENT,
    "现住": AddressKind.RESIDENCE,
    "现住址": AddressKind.RESIDENCE,
    "居住地": AddressKind.RESIDENCE,
    "工作": AddressKind.WORK,
    "单位": AddressKind.WORK,
    "酒店": AddressKind.HOTEL,
    "宾馆": AddressKind.HOTEL,
    "网点": AddressKind.BRANCH,
    "银行网点": AddressKind.BRANCH,
    "户籍": AddressKind.REGISTERED,
    "户籍地": AddressKind.REGISTERED,
}

RELATIONS = {name: relation for relation in Relation for name in (relation.value, relation.zh)} | {
    "监护人": Relation.GUARDIAN,
    "配偶": Relation.SPOUSE,
    "妻子": Relation.SPOUSE,
    "丈夫": Relation.SPOUSE,
    "父亲": Relation.PARENT,
    "母亲": Relation.PARENT,
    "父母": Relation.PARENT,
    "儿子": Relation.CHILD,
    "女儿": Relation.CHILD,
    "子女": Relation.CHILD,
    "兄弟": Relation.SIBLING,
    "姐妹": Relation.SIBLING,
    "哥哥": Relation.SIBLING,
    "弟弟": Relation.SIBLING,
    "姐姐": Relation.SIBLING,
    "妹妹": Relation.SIBLING,
    "亲属": Relation.RELATIVE,
    "近亲属": Relation.RELATIVE,
    "单位": Relation.EMPLOYER,
    "同事": Relation.EMPLOYER,
    "社区网格员": Relation.COMMUNITY,
    "网格员": Relation.COMMUNITY,
    "社区": Relation.COMMUNITY,
    "朋友": Relation.FRIEND,
    "其他": Relation.OTHER,
}


@dataclass(frozen=True, slots=True)
class Number:
    """A phone number as it will be dialled."""

    e164: str
    country: str | None
    flags: tuple[str, ...]


def fold_width(text: str) -> str:
    """Full-width digits, composer and signs to their half-width forms (NFKC), outer blanks removed."""
    return unicodedata.normalize("NFKC", text).strip()


def compact(text: str) -> str:
    """Digits as they are compared: half-width, without blanks, dashes and the like."""
    return _SEPARATORS.sub("", fold_width(text))


def number(text: str, country: str = "CN") -> Number:
    """A number in E.164 form, flagged where the library doubts it.

    Raises ValueError when it can't be dialled: composer, or no digits.
    """
    folded = _SEPARATORS.sub("", fold_width(text))
    if folded.startswith("00"):
        folded = "+" + folded[2:]
    if not _DIALLABLE.fullmatch(folded):
        raise ValueError("not diallable")
    try:
        parsed = phonenumbers.parse(folded, country.upper())
    except phonenumbers.NumberParseException:
        return Number(folded, None, ("number_unparsed",))
    flags = () if phonenumbers.is_valid_number(parsed) else ("number_invalid",)
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if flags:
        # What the library doubts keeps every digit: it may have taken some for a carrier's prefix.
        e164 = folded if folded.startswith("+") else f"+{parsed.country_code}{folded.lstrip('0')}"
    return Number(e164, phonenumbers.region_code_for_country_code(parsed.country_code or 0), flags)


def address_kind(text: str) -> AddressKind | None:
    """The kind for a code or a Chinese label; None where it is unknown."""
    return ADDRESS_KINDS.get(fold_width(text).lower())


def relation(text: str) -> Relation | None:
    """The relation for a code or a Chinese label; None where it is unknown."""
    return RELATIONS.get(fold_width(text).lower())


_VULNERABILITIES = {name: each for each in Vulnerability for name in (each.value, each.zh)}


def vulnerability(text: str) -> Vulnerability | None:
    """The code for a code or a Chinese label; None where it is unknown."""
    return _VULNERABILITIES.get(fold_width(text).lower())
