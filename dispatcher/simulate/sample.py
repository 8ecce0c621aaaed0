"""The sample file: invented people, what they do, and when the centre pushes what."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from dispatcher.errors import OperatorError
from schemas import normalise
from schemas.vocabulary import BankRequest

_TIMES = ("issued_at", "valid_until", "at")


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
    """The pushes of a sample file in time order; `only` picks cases by name. Raises OperatorError."""
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
    return sorted(pushes, key=lambda push: push.at)


def shifted(pushes: list[Push], by: timedelta) -> list[Push]:
    """The same pushes at another time, their times within changed too."""
    return [Push(push.at + by, push.name, _shift(push.body, by), push.people_do, push.expect) for push in pushes]


def persona(push: Push) -> dict[str, Any] | None:
    """The script of this case's people and banks for the gateway simulator; None if there is none.

    Words for which the case has no number, or no identity, are left out: nobody could play them.
    """
    victim, do = push.body.get("victim", {}), push.people_do
    numbers, identity = _numbers(victim), normalise.id_number(victim.get("id_number") or "")
    calls = {channel: _by_number(do[channel], numbers) for channel in ("sms", "voice") if numbers and do.get(channel)}
    hooks = {hook.value: do[hook] for hook in BankRequest if identity and do.get(hook)}
    if not calls and not hooks:
        return None
    # Only with words to play: a person who is registered again loses the words registered before.
    known_as = {"numbers": sorted(set(numbers.values())) if calls else [], "identities": [identity] if hooks else []}
    return known_as | calls | hooks


def _numbers(victim: dict[str, Any]) -> dict[str, str]:
    """The case's numbers in E.164, by the text that the sample has."""
    phones = [(each["number"], each.get("country", "CN")) for each in victim.get("phones", [])]
    phones += [(each["phone"], each.get("country", "CN")) for each in victim.get("contacts", [])]
    return {text: normalise.number(text, country).e164 for text, country in phones}


def _by_number(script: Any, numbers: dict[str, str]) -> Any:
    return {numbers[text]: own for text, own in script.items()} if isinstance(script, dict) else script


def _of_case(case: dict[str, Any]) -> Push:
    body = case["instruction"]
    return Push(datetime.fromisoformat(body["issued_at"]), case["case"], body, case.get("people_do", {}), _expect(case))


def _expect(case: dict[str, Any]) -> tuple[str, ...]:
    return tuple(case.get("expect", ()))


def _of_event(event: dict[str, Any]) -> Push:
    return Push(datetime.fromisoformat(event["at"]), event["event_id"], event, {})


def _shift(value: Any, by: timedelta, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _shift(part, by, name) for name, part in value.items()}
    if isinstance(value, list):
        return [_shift(part, by, key) for part in value]
    if key in _TIMES and isinstance(value, str):
        return (datetime.fromisoformat(value) + by).isoformat()
    return value
