"""The tables of `warnings.toml`, and what each text may hold."""

import re
from collections.abc import Callable
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

# The gateway plays what follows only after key 1 was pressed.
CONFIRMED_PART = "||"

_LINK = re.compile(r"://|www\.|[a-z0-9-]\.[a-z]{2}", re.IGNORECASE | re.ASCII)


def _placeholders(*known: str) -> Callable[[str], str]:
    """A check that a text holds these placeholders at most, bare, and can't move the confirmed part."""

    def check(text: str) -> str:
        for _, name, spec, conversion in Formatter().parse(text):
            if name is not None and (name not in known or spec or conversion):
                allowed = ", ".join(f"{{{word}}}" for word in known) or "none"
                raise ValueError(f"unknown placeholder {{{name}}}, allowed: {allowed}")
        if CONFIRMED_PART in text:
            raise ValueError(f"may not contain {CONFIRMED_PART}")
        return text

    return check


def _no_digits_or_links(text: str) -> str:
    # A number or link in a warning is what a fraudster would put there; operators refuse it too.
    if any(character.isdigit() for character in text):
        raise ValueError("contains digits")
    if _LINK.search(text):
        raise ValueError("contains a link")
    return text


Plain = Annotated[str, AfterValidator(_placeholders())]
Sms = Annotated[Plain, AfterValidator(_no_digits_or_links)]
City = Annotated[str, AfterValidator(_placeholders("city"))]
# {type} is not among them: an opening is heard by whoever answers.
Opening = Annotated[str, AfterValidator(_placeholders("city", "surname", "title"))]
Body = Annotated[str, AfterValidator(_placeholders("city", "type"))]


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)


class Centre(Table):
    sign: Sms
    city: Plain
    city_en: Plain


class ScamType(Table):
    label_zh: Plain
    label_en: Plain
    sms_zh: Sms
    sms_en: Sms
    cue: Plain
    spoken_zh: Plain | None = None
    spoken_en: Plain | None = None

    def spoken(self, chinese: bool) -> str:
        """The type as a call says it."""
        return (self.spoken_zh or self.label_zh) if chinese else (self.spoken_en or self.label_en)


class Wording(Table):
    zh: Plain
    en: Plain

    def pick(self, chinese: bool) -> str:
        return self.zh if chinese else self.en


class FamilyWording(Table):
    zh: City
    en: City

    def pick(self, chinese: bool) -> str:
        return self.zh if chinese else self.en


class Titles(Table):
    male: Wording
    female: Wording
    unknown: Wording

    def of(self, gender: str | None) -> Wording:
        match (gender or "").strip().lower():
            case "男" | "male":
                return self.male
            case "女" | "female":
                return self.female
            case _:
                return self.unknown


class Voice(Table):
    opening_zh: Opening
    opening_en: Opening
    opening_unnamed_zh: City
    opening_unnamed_en: City
    body_zh: Body
    body_en: Body
    press: Wording
    family: FamilyWording
    titles: Titles
