"""Vendors that send filed texts only: which template stands for which of our messages, as a table in PROVIDERS_FILE.

[[providers.templates]]
fraud_type = "F08"            # conditions, each may be left out
language = "zh"               # the beginning of a language tag
person = "subject"
occasion = 1                  # which warning it is; 3 stands for every later one too
code = "SMS_100001"           # the vendor's number of the template
params = {city = "…"}         # fixed words for its placeholders, in its order
key_1 = "TTS_100002"          # of calls: what is played after key 1
key_1_params = {}

The first row that fits is used. The last one must be without conditions, so that there is never a warning without a
template: one that is missing is found when the file is read, and not at night with a person on the line to a swindler.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from providers.base import Message, ProviderSettings, SettingsError
from schemas.validation_errors import faults
from schemas.vocabulary import Person

_LAST_OCCASION = 3
Params = dict[str, str]


class Template(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)

    fraud_type: str | None = None
    language: str | None = None
    person: Person | None = None
    occasion: Annotated[int | None, Field(ge=1, le=_LAST_OCCASION)] = None
    code: str
    params: Params = {}
    key_1: str | None = None
    key_1_params: Params = {}

    @property
    def _is_for_all(self) -> bool:
        return (self.fraud_type, self.language, self.person, self.occasion) == (None, None, None, None)

    def fits(self, message: Message) -> bool:
        """Whether every condition holds."""
        return (
            self.fraud_type in (None, message.fraud_type)
            and message.language.lower().startswith((self.language or "").lower())
            and self.person in (None, message.person)
            and self.occasion in (None, min(message.occasion, _LAST_OCCASION))
        )


_ROWS = TypeAdapter(tuple[Template, ...])


class Templates:
    """Raises SettingsError."""

    def __init__(self, settings: ProviderSettings) -> None:
        try:
            self._rows = _ROWS.validate_python(settings.options.get("templates", ()))
        except ValidationError as error:
            at = ", ".join(fault.key for fault in faults(error))
            raise SettingsError(f"provider {settings.name}: templates: wrong at {at}") from None
        if not self._rows or not self._rows[-1]._is_for_all:
            raise SettingsError(
                f"provider {settings.name}: templates: the last row must have no conditions, only code and params, "
                "so that no warning is without a template"
            )

        self.have_menu = self._rows[-1].key_1 is not None
        if any((row.key_1 is not None) is not self.have_menu for row in self._rows):
            raise SettingsError(f"provider {settings.name}: templates: key_1 must stand in every row, or in none")

    def of(self, message: Message) -> Template:
        """The first row that fits."""
        return next(row for row in self._rows if row.fits(message))
