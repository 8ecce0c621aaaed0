"""What PROVIDERS_FILE says of an SMPP link."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from providers import options
from providers.base import ProviderSettings, SettingsError
from providers.smpp.message_ids import IdForm
from schemas.vocabulary import Channel

_Ascii = Annotated[str, Field(pattern=r"^[!-~]*$")]


class Options(BaseModel):
    """Lengths are those of SMPP 3.4, 5.2.1 to 5.2.8; defaults are ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: Annotated[str, AfterValidator(options.a_host)]
    port: int = Field(2775, ge=1, le=65535)
    system_id: Annotated[_Ascii, Field(min_length=1, max_length=15)]
    system_type: Annotated[_Ascii, Field(max_length=12)] = ""
    source: Annotated[_Ascii, Field(max_length=20)] = ""  # the number it comes from
    source_ton: int = Field(0, ge=0, le=6)
    source_npi: int = Field(0, ge=0, le=18)
    window: int = Field(10, ge=1, le=1000)  # submits without their answer, at most
    per_second: float | None = Field(None, gt=0)  # None: as fast as the window lets through
    timeout_s: float = Field(10.0, gt=0, le=30)
    enquire_link_s: float = Field(30.0, gt=0)
    receipt_ids: IdForm = "same"
    queries: bool = False  # query_sm is answered

    @property
    def id_form(self) -> IdForm:
        """How ids are compared. An SMSC that is asked knows an id by its own spelling alone."""
        return "exact" if self.queries else self.receipt_ids

    @property
    def at_once(self) -> int:
        """Messages that can be handed over at one time, and still leave within half the timeout.

        One window under way and one that follows: if the worker is killed, nobody knows of any of them whether it left.
        """
        by_rate = self.per_second * self.timeout_s / 2 if self.per_second else self.window * 2
        return max(1, int(min(by_rate, self.window * 2)))


def options_of(settings: ProviderSettings) -> Options:
    """Raises SettingsError naming the setting, never its value."""
    link = options.validated(Options, settings)
    if settings.channels != {Channel.SMS}:
        raise SettingsError(f"provider {settings.name}: channels of smpp must be: sms")
    if not settings.secret or not settings.secret.isascii() or not settings.secret.isprintable():
        raise SettingsError(f"provider {settings.name}: secret_env must name a variable that holds an ASCII password")
    if link.queries and link.receipt_ids not in ("same", "exact"):
        # The id is kept as a number then, and the SMSC would not know it by that.
        raise SettingsError(f"provider {settings.name}: queries needs receipt_ids to be same or exact")
    return link
