"""The `sip` adapter: a call through a trunk, its opening said twice, and after key 1 the warning.

`send` is the whole call. Nothing can be asked afterwards: a trunk keeps no calls, so a doubt stays one.
"""

import asyncio

import phonenumbers

from providers import error_codes
from providers.base import (
    Capabilities,
    Message,
    OperationsFault,
    Outcome,
    Permanent,
    ProviderSettings,
    SendOnlyProvider,
    Transient,
)
from providers.reach import Address
from providers.sip import ask, call, speech
from providers.sip.lines import Lines
from providers.sip.trunk_options import PREPARE_S, options_of
from schemas.vocabulary import Result


class SipProvider(SendOnlyProvider):
    """A provider. Options: providers.sip.trunk_options. The secret is the password of the line at the trunk."""

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises SettingsError."""
        self._options = options_of(settings)
        self.name = settings.name
        self.timeout_s = self._options.timeout_s
        self.capabilities = Capabilities(
            channels=settings.channels, destinations=settings.destinations, linked=True, at_once=self._options.lines
        )
        self.address = Address(self._options.host, self._options.port, self._options.transport)
        self._lines = Lines(settings.name, self._options, settings.secret or "")

    async def open(self) -> None:
        self._lines.open()

    async def close(self) -> None:
        await self._lines.close()

    async def probe(self) -> str | None:
        return await ask.probe(self._options)

    async def send(self, message: Message) -> Outcome:
        if message.to is None:
            return error_codes.NO_NUMBER
        if not message.script:
            return OperationsFault("a call without its script", ours=True)
        if not self._lines.is_open:
            return Transient("the lines are not held here")
        ready_by = asyncio.timeout(PREPARE_S)
        try:
            async with ready_by, self._lines.taken() as line:
                try:
                    recorded = await speech.record(message.script, message.language, line.folder, self._options)
                    ready_by.reschedule(None)
                    return await call.place(line.control, self._uri(message.to), recorded, line.silence, self._options)
                finally:
                    speech.erase(line.folder)
        except TimeoutError:
            if not ready_by.expired():
                raise  # not of the preparations: a call may have been made
            return OperationsFault(self._lines.fault) if self._lines.fault else Transient("no line in time")
        except speech.Mute as why:
            return OperationsFault(str(why))
        except speech.TooLong:
            return Permanent(Result.REJECTED_CONTENT, "too_long")

    def _uri(self, number: str) -> str:
        if self._options.numbers == "national":
            parsed = phonenumbers.parse(number)
            whole = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
            number = "".join(filter(str.isdigit, whole))
        return f"sip:{number}@{self._options.domain or self._options.host}"
