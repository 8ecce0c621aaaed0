"""Every text with made-up data, for the people who write and approve them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dispatcher.texts import CONFIRMED_PART, Texts, lint
from dispatcher.texts.parts import parts
from schemas.case_facts import CaseFacts
from schemas.vocabulary import Person, Relation

# Each party that hears something of its own; the data are nobody's.
HEARERS: dict[str, dict[str, Any]] = {
    "subject": {"person": Person.SUBJECT},
    "guardian_of_minor": {"person": Person.GUARDIAN, "relation": Relation.GUARDIAN, "minor": True},
    "family": {"person": Person.FAMILY, "relation": Relation.SPOUSE},
    "employer": {"person": Person.OTHER, "relation": Relation.EMPLOYER},
    "community": {"person": Person.OTHER, "relation": Relation.COMMUNITY},
}
_SAMPLE: dict[str, Any] = {"surname": "何", "gender": "女", "code": "123456", "place": "示例路示例小区"}


def preview(
    texts: Texts, types: Sequence[str], languages: Sequence[str], occasions: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """One record per SMS, script and cue; a script that is the same for several types or occasions comes once."""
    seen: set[str] = set()
    for code in types:
        for language in languages:
            yield from (_sms(texts, code, language, occasion) for occasion in occasions)
            if texts.types[code].notice is not None:
                yield {"kind": "notice", **_measured(texts.notice(code, language), code, language)}
            yield from _voices(texts, code, language, occasions, seen)
        cue = texts.card(code, "zh-CN", CaseFacts())[0]
        yield {"kind": "cue", "type": code, "zh": cue.zh, "en": cue.en}


def _sms(texts: Texts, code: str, language: str, occasion: int) -> dict[str, Any]:
    return {"kind": "sms", "occasion": occasion, **_measured(texts.sms(code, language, occasion), code, language)}


def _measured(text: str, code: str, language: str) -> dict[str, Any]:
    alphabet, count = parts(text)
    return {
        "type": code,
        "language": language,
        "text": text,
        "characters": len(text),
        "alphabet": alphabet,
        "parts": count,
        "faults": lint(text, language),
    }


def _voices(
    texts: Texts, code: str, language: str, occasions: Iterable[int], seen: set[str]
) -> Iterator[dict[str, Any]]:
    for occasion in occasions:
        for hearer, who in HEARERS.items():
            script = texts.voice(code, language, occasion=occasion, **_SAMPLE, **who)
            if script in seen:
                continue
            seen.add(script)
            before, after = script.split(CONFIRMED_PART)
            yield {
                "kind": "voice",
                "type": code,
                "language": language,
                "occasion": occasion,
                "hearer": hearer,
                "before": before,
                "after": after,
                "characters": len(before) + len(after),
            }
