"""The words of `people_do`, read before anything is pushed: every fault of a sample file is told at once."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from dispatcher.errors import OperatorError
from dispatcher.simulate import officers
from providers.simulator import script_words
from providers.simulator.script_words import Kind
from schemas.vocabulary import BankRequest, Channel

VISIT, TRANSFER = "visit", "transfer"
BY_NUMBER: dict[str, Kind] = {each.value: each for each in (Channel.SMS, Channel.VOICE)}
_BANK: dict[str, Kind] = {each.value: each for each in BankRequest}
_PLAYED_BY_GATEWAY = BY_NUMBER | _BANK
# Known, and not played.
_TRANSFER_WORDS = ("accepted_by:UNIT+HH:MM", "remote_visit:RESULT")
_TRANSFER_WORD = re.compile(r"accepted_by:[^\s:+]+\+\d{1,3}:[0-5]\d|remote_visit:[^\s:]+")
# The colon in a time of day is none before a detail.
_WITH_TIME = re.compile(r"([^:+]*(?::[^:+]*)?\+\d{1,3}:[0-5]\d)(?::.*)?", re.DOTALL)


def without_details(people_do: dict[str, Any]) -> dict[str, Any]:
    """The same scripts; of each word only what stands before its second colon, where free text may follow."""
    return {key: _plain(script) for key, script in people_do.items()}


def check(scripts: Iterable[tuple[str, Any, set[str]]]) -> None:
    """Check cases by name, each with its scripts and its numbers. Raises OperatorError naming every fault."""
    found = [fault for name, people_do, numbers in scripts for fault in _faults(name, people_do, numbers)]
    if found:
        lines = [line for line, _ in found]
        known = [f"known for {key}: {', '.join(known_words(key))}" for key in dict.fromkeys(key for _, key in found)]
        raise OperatorError(
            "样例剧本有误,尚未推送", "\n".join(["nothing was pushed, people_do is at fault", *lines, *known])
        )


def known_words(key: str) -> list[str]:
    """The words that a script may have; of no script: the scripts that there are."""
    if key in _PLAYED_BY_GATEWAY:
        return script_words.known(_PLAYED_BY_GATEWAY[key])
    own = {VISIT: officers.KNOWN, TRANSFER: _TRANSFER_WORDS}
    return list(own.get(key, (*_PLAYED_BY_GATEWAY, VISIT, TRANSFER)))


def _faults(name: str, people_do: Any, numbers: set[str]) -> Iterator[tuple[str, str]]:
    """Each as a line, with the script whose words are to be listed."""
    if not isinstance(people_do, dict):
        yield f"{name}: people_do is no object", "people_do"
        return
    for key, script in people_do.items():
        if key not in known_words("people_do"):
            yield f"{name}: unknown script {key!r}", "people_do"
        elif isinstance(script, dict) and key in BY_NUMBER:
            yield from (
                (f"{name} {key}: no number of this case: {each!r}", key) for each in sorted(script.keys() - numbers)
            )
            for line in script.values():
                yield from ((f"{name} {key}: {fault}", key) for fault in _faults_of(key, line))
        else:
            yield from ((f"{name} {key}: {fault}", key) for fault in _faults_of(key, script))


def _faults_of(key: str, script: Any) -> Iterator[str]:
    if script is None:
        return
    if not isinstance(script, list):
        yield "no list of words"
        return
    unknown = [word for word in script if not isinstance(word, str) or not _is_known(key, _word(word))]
    yield from (f"unknown word {word!r}" for word in unknown)
    if key in _BANK and script and not unknown:
        hook = BankRequest(key)
        try:
            script_words.read(hook, script_words.to_the_end(hook, tuple(map(_word, script))))
        except ValueError as error:
            yield str(error)


def _is_known(key: str, word: str) -> bool:
    if key == VISIT:
        return officers.is_known(word)
    if key == TRANSFER:
        return _TRANSFER_WORD.fullmatch(word) is not None
    try:
        script_words.read(_PLAYED_BY_GATEWAY[key], (word,))
    except ValueError:
        return False
    return True


def _plain(script: Any) -> Any:
    if isinstance(script, dict):
        return {number: _plain(line) for number, line in script.items()}
    if not isinstance(script, list):
        return script
    return [_word(word) if isinstance(word, str) else word for word in script]


def _word(word: str) -> str:
    timed = _WITH_TIME.fullmatch(word)
    if timed:
        return timed[1]
    name, _, rest = word.partition(":")
    argument = rest.partition(":")[0]
    return f"{name}:{argument}" if argument else name
