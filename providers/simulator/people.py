"""Scripted people: which word comes next on a number."""

from collections import deque
from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from providers.simulator import words
from providers.simulator.words import Topic
from schemas.vocabulary import Channel, Hook

E164 = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
Script = list[str] | dict[E164, list[str]]


class Persona(BaseModel):
    """One person. A list of words is shared by all their numbers; a dict gives each number its own.

    A bank knows them by identity number; one question to it plays that script to its end.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    numbers: list[E164] = []
    identities: list[Annotated[str, Field(min_length=1, max_length=60)]] = []
    sms: Script = []
    voice: Script = []
    stop_payment: list[str] = []
    protect_account: list[str] = []
    lift_protection: list[str] = []

    @property
    def scripts(self) -> dict[Channel, Script]:
        return {Channel.SMS: self.sms, Channel.VOICE: self.voice}

    @property
    def at_the_bank(self) -> dict[Hook, list[str]]:
        return {hook: getattr(self, hook.value) for hook in Hook}

    @model_validator(mode="after")
    def _words_are_known(self) -> "Persona":
        if not self.numbers and not self.identities:
            raise ValueError("a persona needs a number or an identity")
        for hook, said in self.at_the_bank.items():
            for word in said:
                if word not in words.INTERIM:
                    words.read(hook, word)
        for channel, script in self.scripts.items():
            if isinstance(script, dict) and not script.keys() <= set(self.numbers):
                raise ValueError(f"{channel} scripts a number that is not among the persona's numbers")
            for line in script.values() if isinstance(script, dict) else [script]:
                for word in line:
                    words.read(channel, word)
        return self


PERSONAS = TypeAdapter(list[Persona])


class People:
    def __init__(self) -> None:
        self._lines: dict[tuple[Topic, str], deque[str]] = {}

    def register(self, personas: Iterable[Persona]) -> None:
        """A number already known belongs to its new persona from now on."""
        for persona in personas:
            for channel, script in persona.scripts.items():
                shared = deque(script)
                for number in persona.numbers:
                    own = deque(script.get(number, [])) if isinstance(script, dict) else shared
                    self._lines[channel, number] = own
            for hook, said in persona.at_the_bank.items():
                for identity in persona.identities:
                    self._lines[hook, identity] = deque(said)

    def next_word(self, topic: Topic, who: str) -> str:
        line = self._lines.get((topic, who))
        if line and isinstance(topic, Hook):
            answers = [word for word in line if word not in words.INTERIM]
            line.clear()
            return answers[-1] if answers else words.DEFAULTS[topic]
        return line.popleft() if line else words.DEFAULTS[topic]
