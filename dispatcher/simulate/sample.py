"""The sample file: invented people, what they do, and when the centre pushes what."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from dispatcher.errors import OperatorError
from dispatcher.simulate import words
from schemas import normalise
from schemas.vocabulary import BankRequest

_TIMES = ("issued_at", "valid_until", "at")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True)
class Push:
    """One line for the centre to push, at its time."""

    at: datetime
    name: str  # S01, E01
    body: dict[str, Any]
    people_do: dict[str, Any]
    expect: tuple[str, ...] = ()


def bundled() -> Path:
    """The project's own copy of the sample data."""
    return Path(str(files("dispatcher") / "samples" / "instructions.json"))


def read(path: Path, only: tuple[str, ...] = ()) -> list[Push]:
    """The pushes of a sample file in time order; `only` picks cases by name. Raises OperatorError.

    What an instruction says is data, which the dispatcher answers; what its people do must be playable.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
        cases, events = data["cases"], data.get("events", [])
        known = {case["case"] for case in cases}
        unknown = sorted(set(only) - known)
        chosen = [case for case in cases if not only or case["case"] in only]
        ids = {case["instruction"]["instruction_id"] for case in chosen}
        pushes = [_of_case(case) for case in chosen]
        pushes += [_of_event(event) for event in events if event["instruction_id"] in ids]
    except OSError as error:
        raise OperatorError(f"无法读取 {path}", f"can't read {path} ({error.strerror})") from None
    except (ValueError, KeyError, TypeError) as error:
        raise OperatorError(
            f"{path} 不是样例文件", f"{path} is no sample file: {type(error).__name__} {error}; see docs/simulate.md"
        ) from None
    if unknown:
        raise OperatorError(
            f"没有样例 {unknown[0]}", f"no case {', '.join(unknown)}; one of {', '.join(sorted(known))}"
        )
    words.check((case["case"], case.get("people_do") or {}, _texts(case["instruction"])) for case in chosen)
    return sorted(pushes, key=lambda push: push.at)


def shifted(pushes: list[Push], by: timedelta) -> list[Push]:
    """The same pushes at another time, their times within changed too."""
    return [Push(push.at + by, push.name, _shift(push.body, by), push.people_do, push.expect) for push in pushes]


def persona(push: Push) -> dict[str, Any] | None:
    """The script of this case's people and banks for the gateway simulator; None if there is none.

    Words for which the case has no number, or no identity, are left out: nobody could play them.
    """
    do, numbers = push.people_do, _numbers(push.body)
    id_number = _victim(push.body).get("id_number")
    identity = normalise.id_number(id_number) if isinstance(id_number, str) else ""
    calls = {key: line for key in words.BY_NUMBER if numbers and (line := _by_number(do.get(key), numbers))}
    hooks = {hook.value: do[hook] for hook in BankRequest if identity and do.get(hook)}
    if not calls and not hooks:
        return None
    # Only with words to play: a person who is registered again loses the words registered before.
    known_as = {"numbers": sorted(set(numbers.values())) if calls else [], "identities": [identity] if hooks else []}
    return known_as | calls | hooks


def _numbers(body: dict[str, Any]) -> dict[str, str]:
    """The case's numbers in E.164, by the text that the sample has. Nobody can be rung on one that has no such form."""
    found = {}
    for text, country in _phones(body):
        try:
            found[text] = normalise.number(text, country).e164
        except ValueError:
            continue
    return {text: e164 for text, e164 in found.items() if _E164.fullmatch(e164)}


def _texts(body: dict[str, Any]) -> set[str]:
    return {text for text, _ in _phones(body)}


def _phones(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every number as the sample writes it, with its country."""
    victim = _victim(body)
    for entries, field in (("phones", "number"), ("contacts", "phone")):
        listed = victim.get(entries)
        for each in listed if isinstance(listed, list) else ():
            text, country = (each.get(field), each.get("country")) if isinstance(each, dict) else (None, None)
            if isinstance(text, str):
                yield text, country if isinstance(country, str) else "CN"


def _victim(body: dict[str, Any]) -> dict[str, Any]:
    victim = body.get("victim")
    return victim if isinstance(victim, dict) else {}


def _by_number(script: Any, numbers: dict[str, str]) -> Any:
    if not isinstance(script, dict):
        return script
    return {numbers[text]: own for text, own in script.items() if text in numbers}


def _of_case(case: dict[str, Any]) -> Push:
    body, people_do = case["instruction"], case.get("people_do")
    do = words.without_details(people_do) if isinstance(people_do, dict) else {}
    return Push(_moment(body["issued_at"]), case["case"], body, do, _expect(case))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment


def _expect(case: dict[str, Any]) -> tuple[str, ...]:
    return tuple(case.get("expect", ()))


def _of_event(event: dict[str, Any]) -> Push:
    return Push(_moment(event["at"]), event["event_id"], event, {})


def _shift(value: Any, by: timedelta, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _shift(part, by, name) for name, part in value.items()}
    if isinstance(value, list):
        return [_shift(part, by, key) for part in value]
    if key in _TIMES and isinstance(value, str):
        try:
            return (datetime.fromisoformat(value) + by).isoformat()
        except (ValueError, OverflowError):
            return value  # no time: the dispatcher answers
    return value
