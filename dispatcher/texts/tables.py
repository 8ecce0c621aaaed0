"""The tables of `warnings.toml`, `voice.toml` and `card.toml`, and what each text may hold."""

from typing import Annotated, Generic, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from dispatcher.texts.checks import discreet, placeholders, sign
from schemas.errors import bilingual
from schemas.vocabulary import Relation


def is_chinese(language: str) -> bool:
    """Whether a BCP 47 tag asks for Chinese; everybody else gets English."""
    return language.lower().startswith("zh")


Discreet = AfterValidator(discreet)
Plain = Annotated[str, AfterValidator(placeholders())]
Sign = Annotated[Plain, AfterValidator(sign)]
# {type} is not among them: an opening is heard by whoever answers.
Opening = Annotated[str, AfterValidator(placeholders("city", "surname", "title")), Discreet]
Untitled = Annotated[str, AfterValidator(placeholders("city", "surname")), Discreet]
Unnamed = Annotated[str, AfterValidator(placeholders("city")), Discreet]
Others = Annotated[str, AfterValidator(placeholders("city")), Discreet]
Kin = Annotated[str, AfterValidator(placeholders("city", "relation")), Discreet]
Placed = Annotated[str, AfterValidator(placeholders("city", "place")), Discreet]
Coded = Annotated[str, AfterValidator(placeholders("code"))]
Body = Annotated[str, AfterValidator(placeholders("city", "type", "trick", "check"))]
Guardians = Annotated[str, AfterValidator(placeholders("city", "check"))]
Trick = Annotated[str, AfterValidator(placeholders("trick"))]
Shown = Annotated[str, AfterValidator(placeholders("text"))]

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
    notice: Wording[str] | None = None

    @model_validator(mode="after")
    def _private_is_not_noticed(self) -> Self:
        if self.private and self.notice is not None:
            raise ValueError(bilingual("private 的类型不群发,不得有 notice", "a private type has no notice"))
        return self

    def said(self, chinese: bool) -> str:
        """The type as a call says it."""
        return (self.spoken or self.label).pick(chinese)


class Titles(Table):
    male: Wording[Plain]
    female: Wording[Plain]

    def of(self, gender: str | None) -> Wording[Plain] | None:
        match (gender or "").strip().lower():
            case "男" | "male":
                return self.male
            case "女" | "female":
                return self.female
            case _:
                return None


class Relations(Table):
    """What the subject is to the one who is rung."""

    spouse: Wording[Plain]
    parent: Wording[Plain]
    child: Wording[Plain]
    grandparent: Wording[Plain]
    sibling: Wording[Plain]
    friend: Wording[Plain]
    anybody: Wording[Plain]

    def of(self, relation: Relation | None) -> Wording[Plain]:
        found: Wording[Plain] = getattr(self, relation.value if relation else "", self.anybody)
        return found


class OthersVoice(Table):
    """What everybody hears who is neither the subject nor the guardian of a minor."""

    family: Wording[Kin]
    family_private: Wording[Kin]
    employer: Wording[Others]
    community: Wording[Placed]
    community_unplaced: Wording[Others]


class Voice(Table):
    opening: Wording[Opening]
    opening_untitled: Wording[Untitled]
    opening_unnamed: Wording[Unnamed]
    press: Wording[Plain]
    check: Wording[Plain]
    check_code: Wording[Coded]
    titles: Titles
    subject: Occasions[Wording[Body]]
    private: Occasions[Wording[Body]]
    guardian: Occasions[Wording[Guardians]]
    others: OthersVoice
    relations: Relations


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
