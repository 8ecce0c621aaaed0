"""Scripted people: which word comes next on a number."""

from collections import deque
from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from providers.simulator import words
from schemas.vocabulary import Channel

E164 = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
Script = list[str] | dict[E164, list[str]]


class Persona(BaseModel):
    """One person. A list of words is shared by all their numbers; a dict gives each number its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    numbers: Annotated[list[E164], Field(min_length=1)]
    sms: Script = []
    voice: Script = []

    @property
    def scripts(self) -> dict[Channel, Script]:
        return {Channel.SMS: self.sms, Channel.VOICE: self.voice}

    @model_validator(mode="after")
    def _words_are_known(self) -> "Persona":
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
        self._lines: dict[tuple[Channel, str], deque[str]] = {}

    def register(self, personas: Iterable[Persona]) -> None:
        """A number already known belongs to its new persona from now on."""
        for persona in personas:
            for channel, script in persona.scripts.items():
                shared = deque(script)
                for number in persona.numbers:
                    own = deque(script.get(number, [])) if isinstance(script, dict) else shared
                    self._lines[channel, number] = own

    def next_word(self, channel: Channel, number: str) -> str:
        line = self._lines.get((channel, number))
        return line.popleft() if line else words.DEFAULTS[channel]
