"""Scripted people: which words come next for a number, or for an identity at a bank."""

from collections import deque
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, TypeAdapter, model_validator

from providers.simulator import script_words
from providers.simulator.request_bodies import E164, Identity
from providers.simulator.script_words import Kind, Words
from schemas.vocabulary import BankRequest, Channel

Script = list[str] | dict[E164, list[str]]


class Persona(BaseModel):
    """One person. A list of words is shared by all their numbers; a dict gives each number its own.

    Hooks go by identity, and one attempt takes the whole list.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    numbers: list[E164] = []
    identities: list[Identity] = []
    sms: Script = []
    voice: Script = []
    stop_payment: list[str] = []
    protect_account: list[str] = []
    lift_protection: list[str] = []

    @property
    def scripts(self) -> dict[Kind, Script]:
        hooks: dict[Kind, Script] = {hook: getattr(self, hook) for hook in BankRequest}
        return {Channel.SMS: self.sms, Channel.VOICE: self.voice} | hooks

    def known_as(self, kind: Kind) -> list[str]:
        return self.identities if isinstance(kind, BankRequest) else self.numbers

    @model_validator(mode="after")
    def _can_be_played(self) -> "Persona":
        if not self.numbers and not self.identities:
            raise ValueError("a persona needs a number or an identity")
        for kind, script in self.scripts.items():
            if script and not self.known_as(kind):
                raise ValueError(f"{kind} is scripted for somebody without {_ADDRESSES[type(kind)]}")
            if isinstance(script, dict) and not script.keys() <= set(self.numbers):
                raise ValueError(f"{kind} scripts a number that is not among the persona's numbers")
            for line in script.values() if isinstance(script, dict) else [script]:
                for attempt in _attempts(kind, line):
                    script_words.read(kind, attempt)
        return self


_ADDRESSES = {Channel: "numbers", BankRequest: "identities"}
PERSONAS = TypeAdapter(list[Persona])


class People:
    def __init__(self) -> None:
        self._lines: dict[tuple[Kind, str | None], deque[Words]] = {}

    def register(self, personas: Iterable[Persona]) -> None:
        """A number or an identity already known belongs to its new persona from now on."""
        for persona in personas:
            for kind, script in persona.scripts.items():
                shared = deque([] if isinstance(script, dict) else _attempts(kind, script))
                for address in persona.known_as(kind):
                    own = deque(_attempts(kind, script.get(address, []))) if isinstance(script, dict) else shared
                    self._lines[kind, address] = own

    def next_words(self, kind: Kind, address: str | None) -> Words:
        line = self._lines.get((kind, address))
        return line.popleft() if line else script_words.DEFAULTS[kind]


def _attempts(kind: Kind, script: list[str]) -> list[Words]:
    """A script cut into attempts: word by word for a number, as a whole for a hook."""
    if isinstance(kind, BankRequest):
        return [script_words.to_the_end(kind, tuple(script))] if script else []
    return [(word,) for word in script]
