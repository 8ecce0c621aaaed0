"""What PROVIDERS_FILE says of a SIP trunk."""

from ipaddress import IPv4Address
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from providers import options
from providers.base import ProviderSettings, SettingsError
from schemas.vocabulary import Channel

PREPARE_S = 10.0  # for a line to be free, and for the words to become sound
MARGIN_S = 10.0  # for commands and goodbyes
_LAST_PORT = 65535
_SPEAK = 'espeak-ng -v "$1" -s 150 --stdin --stdout | sox -t wav - -r 8000 -c 1 -b 16 -t wav "$2"'
# They stand in baresip's own files, whose lines know no quoting.
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._+-]{1,64}$")]
_Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,100}$"), AfterValidator(options.a_host)]
_PASSWORD = frozenset("!#$%&*+-./0123456789=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ^_abcdefghijklmnopqrstuvwxyz~")


def _in_order(ports: str) -> str:
    """Raises ValueError."""
    first, last = map(int, ports.split("-"))
    if not 1024 <= first < last <= _LAST_PORT:
        raise ValueError(f"write two ports from 1024 to {_LAST_PORT}, the lower one first")
    return ports


class Options(BaseModel):
    """Defaults are ours. Seconds unless said otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: _Host
    port: int = Field(5060, ge=1, le=_LAST_PORT)
    transport: Literal["udp", "tcp"] = "udp"
    domain: _Host | None = None  # of all addresses; None: the host
    user: _Name  # our number, which the callee sees
    auth_user: _Name | None = None  # None: the user
    local_address: IPv4Address  # the one that the trunk reaches us at
    rtp_ports: Annotated[str, Field(pattern=r"^\d{4,5}-\d{4,5}$"), AfterValidator(_in_order)] = "20000-20999"
    numbers: Literal["e164", "national"] = "e164"  # how the callee's is written
    lines: int = Field(1, ge=1, le=50)
    ring_s: float = Field(40.0, gt=0, le=100)
    key_s: float = Field(10.0, gt=0, le=60)  # after the opening was said twice
    talk_s: float = Field(120.0, gt=0, le=300)  # a script that needs longer is refused
    voices: dict[str, str] = Field({"zh": "cmn", "en": "en"}, min_length=1)  # by the beginning of the language's tag
    tts: Annotated[tuple[str, ...], Field(min_length=1)] = ("sh", "-c", _SPEAK, "sh", "{voice}", "{wav}")
    baresip: str = "baresip"
    modules: Annotated[str, Field(pattern=r"^/\S*$")] = "/usr/lib/baresip/modules"

    @property
    def timeout_s(self) -> float:
        """A call from its claim to its end."""
        return PREPARE_S + self.ring_s + self.talk_s + MARGIN_S

    def voice(self, language: str) -> str:
        """The voice for a BCP 47 tag; the first of the table for a language that has none."""
        fitting = (voice for tag, voice in self.voices.items() if language.lower().startswith(tag.lower()))
        return next(fitting, next(iter(self.voices.values())))


def options_of(settings: ProviderSettings) -> Options:
    """Raises SettingsError naming the setting, never its value."""
    trunk = options.validated(Options, settings)
    if settings.channels != {Channel.VOICE}:
        raise SettingsError(f"provider {settings.name}: channels of sip must be: voice")
    if not settings.secret or not _PASSWORD.issuperset(settings.secret) or len(settings.secret) > 100:
        raise SettingsError(
            f"provider {settings.name}: secret_env must name a variable that holds the password of the line, "
            "at most 100 letters, digits and signs, none of them a space, a quote or one of ,:;<>()[]{}|`\\"
        )
    return trunk
