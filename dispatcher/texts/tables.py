"""The tables of `warnings.toml`, `voice.toml` and `card.toml`, and what each text may hold."""

import re
from collections.abc import Callable
from string import Formatter
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from schemas.errors import bilingual

# The gateway plays what follows only after key 1 was pressed.
CONFIRMED_PART = "||"

# The centre may say its own name; any other word of the kind tells what it is about.
_TELLING = re.compile(r"骗|(?<!反)诈|scam|(?<!anti-)fraud", re.IGNORECASE)


def is_chinese(language: str) -> bool:
    """Whether a BCP 47 tag asks for Chinese; everybody else gets English."""
    return language.lower().startswith("zh")


def _fields(text: str) -> list[tuple[str, str | None, str | None]]:
    try:
        return [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ValueError(bilingual("花括号不成对", f"braces don't match: {error}")) from None


def _placeholders(*known: str) -> Callable[[str], str]:
    """A check that a text holds these placeholders at most, bare, and can't move the confirmed part."""

    def check(text: str) -> str:
        for name, spec, conversion in _fields(text):
            if name not in known or spec or conversion:
                allowed = ", ".join(f"{{{word}}}" for word in known) or "none"
                raise ValueError(
                    bilingual(f"占位符有误 {{{name}}}", f"unknown placeholder {{{name}}}, allowed: {allowed}")
                )
        if CONFIRMED_PART in text:
            raise ValueError(bilingual(f"不得含有 {CONFIRMED_PART}", f"may not contain {CONFIRMED_PART}"))
        return text

    return check


def _discreet(text: str) -> str:
    if found := _TELLING.search(text):
        raise ValueError(bilingual(f"不得透露案情“{found.group()}”", "heard by others: may not tell of the scam"))
    return text


def _sign(text: str) -> str:
    if re.search(r"[\d\[\]【】]", text):
        raise ValueError(bilingual("签名不含数字和括号", "a sign has neither digits nor brackets"))
    return text


Discreet = AfterValidator(_discreet)
Plain = Annotated[str, AfterValidator(_placeholders())]
Sign = Annotated[Plain, AfterValidator(_sign)]
# {type} is not among them: an opening is heard by whoever answers.
Opening = Annotated[str, AfterValidator(_placeholders("city", "surname", "title")), Discreet]
Unnamed = Annotated[str, AfterValidator(_placeholders("city")), Discreet]
Others = Annotated[str, AfterValidator(_placeholders("city")), Discreet]
Placed = Annotated[str, AfterValidator(_placeholders("city", "place")), Discreet]
Coded = Annotated[str, AfterValidator(_placeholders("code"))]
Body = Annotated[str, AfterValidator(_placeholders("city", "type", "trick", "check"))]
Guardians = Annotated[str, AfterValidator(_placeholders("city", "check"))]
Trick = Annotated[str, AfterValidator(_placeholders("trick"))]
Shown = Annotated[str, AfterValidator(_placeholders("text"))]

Text = TypeVar("Text", bound=str)


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)


class Wording(Table, Generic[Text]):
    zh: Text
    en: Text

    def pick(self, chinese: bool) -> str:
        return self.zh if chinese else self.en


Each = TypeVar("Each", bound=Wording[str])


class Occasions(Table, Generic[Each]):
    """Repeating the same words to somebody who did not heed them is no second warning."""

    first: Each
    second: Each
    third: Each

    def on(self, occasion: int) -> Each:
        """The wording of the first, second or third warning; that of the third for every later one."""
        return (self.first, self.second, self.third)[min(max(occasion, 1), 3) - 1]


class Centre(Table):
    sign: Sign
    city: Plain
    city_en: Plain

    def signed(self, text: str, chinese: bool) -> str:
        return f"【{self.sign}】{text}" if chinese else f"[{self.sign}] {text}"


class ScamType(Occasions[Wording[str]]):
    """What a type is called, and its SMS without the sign: the linter looks at those."""

    label: Wording[Plain]
    spoken: Wording[Plain] | None = None
    trick: Wording[Plain]
    cue: Wording[Plain]
    private: bool = False

    def said(self, chinese: bool) -> str:
        """The type as a call says it."""
        return (self.spoken or self.label).pick(chinese)


class Titles(Table):
    male: Wording[Plain]
    female: Wording[Plain]
    unknown: Wording[Plain]

    def of(self, gender: str | None) -> Wording[Plain]:
        match (gender or "").strip().lower():
            case "男" | "male":
                return self.male
            case "女" | "female":
                return self.female
            case _:
                return self.unknown


class OthersVoice(Table):
    """What everybody hears who is neither the subject nor the guardian of a minor."""

    family: Wording[Others]
    employer: Wording[Others]
    community: Wording[Placed]
    community_unplaced: Wording[Others]


class Voice(Table):
    opening: Wording[Opening]
    opening_unnamed: Wording[Unnamed]
    press: Wording[Plain]
    check: Wording[Plain]
    check_code: Wording[Coded]
    titles: Titles
    subject: Occasions[Wording[Body]]
    private: Occasions[Wording[Body]]
    guardian: Occasions[Wording[Guardians]]
    others: OthersVoice


# Every fact a case may know of its person; a misspelt key would be a line that no officer ever sees.
Fact = Literal[
    "minor",
    "call_in_progress",
    "transfer_ongoing",
    "suspected_remote_control",
    "suspected_call_forwarding",
    "hearing",
    "sight",
    "disability",
    "mental_health",
    "elderly",
    "lives_alone",
    "student",
    "accountant",
    "antifraud_app_not_installed",
    "antifraud_app_installed_alert_off",
    "antifraud_app_installed_alert_on",
    "antifraud_app_unknown",
]


class CardLines(Table):
    again: Wording[Trick]
    together: Wording[Plain]
    alone: Wording[Plain]
    appeal: Wording[Plain]
    show: Wording[Shown]
    facts: dict[Fact, Wording[Plain]] = Field(min_length=1)
