"""What people are told: the wording of each scam type, read once from `warnings.toml` and checked at load."""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from dispatcher.texts.tables import CONFIRMED_PART, Centre, ScamType, Table, Voice
from schemas.vocabulary import FRAUD_TYPES, GENERIC_FRAUD_TYPE, Person

__all__ = ["CONFIRMED_PART", "MAX_SMS_ZH", "Texts", "TextsError", "load"]

# One Chinese SMS; a longer one is split, and the parts may arrive apart or not at all.
MAX_SMS_ZH = 70


class TextsError(ValueError):
    """The file of texts can't be used; names each key at fault."""


class Texts(Table):
    centre: Centre
    types: dict[str, ScamType]
    # The key of the file is `voice`; the method has that name here.
    wording: Voice = Field(alias="voice")

    @model_validator(mode="after")
    def _complete_and_short(self) -> "Texts":
        faults = [f"types.{code}: missing" for code in FRAUD_TYPES if code not in self.types]
        faults += [
            f"types.{code}.sms_zh: {length} characters with the sign, at most {MAX_SMS_ZH}"
            for code in self.types
            if (length := len(self.sms(code, "zh"))) > MAX_SMS_ZH
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def sms(self, fraud_type: str, language: str) -> str:
        """The signed SMS, in Chinese or else in English."""
        scam = self._scam(fraud_type)
        return f"【{self.centre.sign}】{scam.sms_zh}" if _chinese(language) else f"[{self.centre.sign}] {scam.sms_en}"

    def voice(self, fraud_type: str, language: str, person: Person, surname: str | None, gender: str | None) -> str:
        """The script for a gateway; surname and gender are those of the person who is rung."""
        words, zh = self.wording, _chinese(language)
        city = self.centre.city if zh else self.centre.city_en
        opening = self._opening(zh, city, surname, gender)
        # Only the subject hears of the scam; an employer or neighbour may know no more than the family.
        body = self._body(zh, city, fraud_type) if person == Person.SUBJECT else words.family.pick(zh).format(city=city)
        return f"{opening}{'' if zh else ' '}{words.press.pick(zh)}{CONFIRMED_PART}{body}"

    def cue(self, fraud_type: str) -> str:
        """What an officer asks or does first."""
        return self._scam(fraud_type).cue

    def label(self, fraud_type: str) -> str:
        """Chinese first, English beside it."""
        scam = self._scam(fraud_type)
        return f"{scam.label_zh} {scam.label_en}"

    def _scam(self, fraud_type: str) -> ScamType:
        # An unknown type never blocks a warning: it gets the generic wording.
        return self.types.get(fraud_type) or self.types[GENERIC_FRAUD_TYPE]

    def _opening(self, zh: bool, city: str, surname: str | None, gender: str | None) -> str:
        words = self.wording
        # Data must not be able to move the separator, behind which the scam is named.
        name = (surname or "").replace("|", "").strip()
        if not name:
            return (words.opening_unnamed_zh if zh else words.opening_unnamed_en).format(city=city)
        opening = words.opening_zh if zh else words.opening_en
        return opening.format(city=city, surname=name, title=words.titles.of(gender).pick(zh))

    def _body(self, zh: bool, city: str, fraud_type: str) -> str:
        scam = self._scam(fraud_type)
        body = self.wording.body_zh if zh else self.wording.body_en
        return body.format(city=city, type=scam.spoken(zh))


def _chinese(language: str) -> bool:
    return language.lower().startswith("zh")


def _fault(loc: tuple[int | str, ...], message: str) -> str:
    # A fault of the whole file names its keys itself.
    message = message.removeprefix("Value error, ")
    return f"{'.'.join(map(str, loc))}: {message}" if loc else message


@cache
def load(path: Path | None = None) -> Texts:
    """The texts of the product, or those of another file; TextsError if a key is wrong."""
    path = path or Path(__file__).with_name("warnings.toml")
    try:
        return Texts.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        faults = "; ".join(_fault(fault["loc"], fault["msg"]) for fault in error.errors())
        raise TextsError(f"{path}: {faults}") from None
    except (OSError, ValueError) as error:
        raise TextsError(f"{path}: {error}") from error
