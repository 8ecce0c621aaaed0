"""What people are told: the wording of each scam type, call and card, read from TOML and checked at load."""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from dispatcher.texts import card, style, voice
from dispatcher.texts.checks import CONFIRMED_PART
from dispatcher.texts.edition import Edition
from dispatcher.texts.errors import TextsError, describe
from dispatcher.texts.lint import lint
from dispatcher.texts.tables import (
    CardLines,
    Centre,
    Plain,
    ScamType,
    Table,
    Voice,
    Wording,
    is_chinese,
)
from schemas import edited_file
from schemas.case_facts import CaseFacts
from schemas.edited_file import UnreadableFileError
from schemas.errors import bilingual
from schemas.vocabulary import FRAUD_TYPES, GENERIC_FRAUD_TYPE, Person, Relation

__all__ = ["CONFIRMED_PART", "Edition", "Texts", "TextsError", "build", "lint", "load"]

_HERE, _OURS = Path(__file__).parent, Edition()
_FILES = ("warnings.toml", "voice.toml", "card.toml")
_OCCASIONS = ("first", "second", "third")


class Texts(Table):
    centre: Centre
    types: dict[str, ScamType]
    # The keys of the files are `voice` and `card`; the methods have those names here.
    calls: Voice = Field(alias="voice")
    cards: CardLines = Field(alias="card")
    _edition: Edition = PrivateAttr(default=_OURS)
    trials: Wording[Plain] = Field(alias="trial")

    @field_validator("types")
    @classmethod
    def _complete_and_in_style(cls, types: dict[str, ScamType], info: ValidationInfo) -> dict[str, ScamType]:
        faults = [f"{code}: {bilingual('缺少此类型', 'missing')}" for code in FRAUD_TYPES if code not in types]
        if GENERIC_FRAUD_TYPE in types and types[GENERIC_FRAUD_TYPE].notice is None:
            faults.append(f"{GENERIC_FRAUD_TYPE}.notice: {bilingual('缺少此项', 'missing')}")
        # Without a usable sign there is no telling how long a text is.
        if centre := info.data.get("centre"):
            faults += [fault for code, scam in types.items() for fault in _style(centre, code, scam)]
        if faults:
            raise PydanticCustomError("within", "{lines}", {"lines": "\n".join(faults)})
        return types

    @field_validator("calls")
    @classmethod
    def _harmless(cls, calls: Voice) -> Voice:
        faults = [
            f"{key}: {fault}" for key, text in _texts_of(calls.model_dump()) for fault in style.faults_in_call(text)
        ]
        if faults:
            raise PydanticCustomError("within", "{lines}", {"lines": "\n".join(faults)})
        return calls

    @property
    def edition(self) -> Edition:
        return self._edition

    @cached_property
    def version(self) -> str:
        """As attempts are noted with it: the approved version, and a digest of every text, the product's among them."""
        whole = self.model_dump_json(by_alias=True).encode()
        return f"{self._edition.version}-{hashlib.sha256(whole).hexdigest()[:12]}"

    def sms(self, fraud_type: str, language: str, occasion: int = 1) -> str:
        """The signed SMS, in Chinese or else in English; occasion counts the warnings, this one included."""
        chinese = is_chinese(language)
        return self.centre.signed(self._scam(fraud_type).on(occasion).pick(chinese), chinese)

    def notice(self, fraud_type: str, language: str) -> str:
        """The signed notice to groups of an area; about a type without one they hear what is said of any."""
        notice = self._scam(fraud_type).notice or self._scam(GENERIC_FRAUD_TYPE).notice
        if notice is None:
            raise TypeError("the generic type has a notice")
        chinese = is_chinese(language)
        return self.centre.signed(notice.pick(chinese), chinese)

    def voice(
        self,
        fraud_type: str,
        language: str,
        person: Person,
        surname: str | None,
        gender: str | None,
        *,
        code: str | None = None,
        occasion: int = 1,
        relation: Relation | None = None,
        place: str | None = None,
        minor: bool = False,
    ) -> str:
        """The script for a gateway.

        Surname, gender and relation (None: the subject) are those of the person who is rung; `minor` is the
        subject. `place` is told to a community worker only, `code` to the subject and a minor's guardian.
        """
        scam, chinese, where = self._scam(fraud_type), is_chinese(language), voice.speakable(place)
        body = voice.body(self.calls, scam, person, relation, occasion, placed=bool(where), minor=minor)
        told = body.pick(chinese).format(
            city=self._city(chinese),
            type=scam.said(chinese),
            trick=scam.trick.pick(chinese),
            check=self._check(chinese, code),
            place=where,
            relation=self.calls.relations.of(relation).pick(chinese),
        )
        opening = self._opening(chinese, surname, gender)
        return f"{opening}{'' if chinese else ' '}{self.calls.press.pick(chinese)}{CONFIRMED_PART}{told}"

    def card(
        self,
        fraud_type: str,
        language: str,
        facts: CaseFacts,
        *,
        minor: bool = False,
        occasion: int = 1,
        is_protected: bool = False,
    ) -> tuple[Wording[str], ...]:
        """The officer's card, line by line; `facts` are those of the case, `is_protected` is the person's account."""
        lines = card.lines(self.cards, self._scam(fraud_type), facts, occasion, minor=minor, is_protected=is_protected)
        if is_chinese(language):
            return lines
        text = self.sms(fraud_type, language, occasion)
        return (*lines, card.filled(self.cards.show, text=Wording[str](zh=text, en=text)))

    def appeal(self) -> str:
        """What a person may do who objects to a measure; the law asks that they be told."""
        return self.cards.appeal.zh

    def trial(self, *, chinese: bool, by_voice: bool) -> str:
        """What a test of a provider says, to nobody who is warned: a signed SMS, or the script of a call."""
        text = self.trials.pick(chinese)
        return f"{text}{CONFIRMED_PART}{text}" if by_voice else self.centre.signed(text, chinese)

    def cue(self, fraud_type: str) -> str:
        """What an officer asks or does first."""
        return self._scam(fraud_type).cue.zh

    def label(self, fraud_type: str) -> str:
        """Chinese first, English beside it."""
        label = self._scam(fraud_type).label
        return f"{label.zh} {label.en}"

    def _scam(self, fraud_type: str) -> ScamType:
        # An unknown type never blocks a warning: it gets the generic wording.
        return self.types.get(fraud_type) or self.types[GENERIC_FRAUD_TYPE]

    def _city(self, chinese: bool) -> str:
        return self.centre.city if chinese else self.centre.city_en

    def _opening(self, chinese: bool, surname: str | None, gender: str | None) -> str:
        words, city, name = self.calls, self._city(chinese), voice.speakable(surname)
        if not name:
            return words.opening_unnamed.pick(chinese).format(city=city)
        title = words.titles.of(gender)
        if title is None:
            return words.opening_untitled.pick(chinese).format(city=city, surname=name)
        return words.opening.pick(chinese).format(city=city, surname=name, title=title.pick(chinese))

    def _check(self, chinese: bool, code: str | None) -> str:
        if spoken := voice.digit_by_digit(code):
            return self.calls.check_code.pick(chinese).format(code=spoken)
        return self.calls.check.pick(chinese)


@cache
def load(path: Path | None = None) -> Texts:
    """The product's texts; the tables of another file take the place of those here. TextsError names each bad key."""
    return build(path or _HERE, read_tables(path) if path else {})


def build(source: Path, tables: Mapping[str, Any], edition: Edition = _OURS) -> Texts:
    """The product's texts with these tables in the place of its own. TextsError names the source and each bad key."""
    whole: dict[str, Any] = {}
    for name in _FILES:
        whole |= read_tables(_HERE / name)
    try:
        texts = Texts.model_validate(whole | dict(tables))
    except ValidationError as error:
        raise TextsError(source, list(describe(error))) from None
    texts._edition = edition
    return texts


def read_tables(path: Path) -> dict[str, Any]:
    """The tables of one file. Raises TextsError."""
    try:
        return edited_file.read(path)
    except OSError as error:
        raise TextsError(path, [bilingual("无法读取", f"can't be read: {error.strerror}")]) from error
    except UnreadableFileError as error:
        raise TextsError(path, [str(error)]) from error


def _texts_of(tables: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    """Each text with its key."""
    for name, found in tables.items():
        if isinstance(found, str):
            yield f"{within}{name}", found
        else:
            yield from _texts_of(found, f"{within}{name}.")


def _style(centre: Centre, code: str, scam: ScamType) -> Iterator[str]:
    said = {name: scam.on(number) for number, name in enumerate(_OCCASIONS, 1)}
    for name, wording in (said | {"notice": scam.notice} if scam.notice else said).items():
        for language in ("zh", "en"):
            chinese = is_chinese(language)
            for fault in lint(centre.signed(wording.pick(chinese), chinese), language):
                yield f"{code}.{name}.{language}: {fault}"
