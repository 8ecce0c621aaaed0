"""The protocol between the dispatcher and an adapter, which reaches a person, a bank or a group.

A provider sends one message and returns what happened, as one of the typed outcomes below.
It never retries: a second try is a second attempt, with its own row in the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from providers.limits import NO_LIMITS, Limits
from schemas.vocabulary import Answer, BankRequest, Channel, Person, Relation, Result


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person. `send_key` is the idempotency key and the id that receipts echo."""

    send_key: str
    channel: Channel
    person: Person
    to: str | None = None  # E.164; for a hook the number of an identity document, if known
    text: str | None = None
    script: str | None = None
    collect: bool = False  # ask for a key press that confirms
    visit_id: str | None = None
    rung: int | None = None
    hook: BankRequest | None = None
    relation: Relation | None = None  # of a named contact
    facts: Mapping[str, Any] = field(default_factory=dict)  # JSON, for a hook or a broadcast; tiers.py says which
    occasion: int = 1  # which warning of this person it is; a repeated one is worded differently
    # For vendors that take the number of a filed text instead of a text. None: the recipient may not be told.
    fraud_type: str | None = None
    language: str = "zh-CN"  # BCP 47


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is known of a sent message, to ask its provider about it."""

    send_key: str
    ref: str | None = None
    to: str | None = None  # E.164; only if the capabilities ask for it, None once the person is erased
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has the message and will act, or has acted. A receipt or a query tells the result."""

    ref: str | None = None
    held: bool = False  # queued at the provider, not acted on yet


@dataclass(frozen=True, slots=True)
class Answered:
    """Final: DELIVERED, ANSWERED_SUBJECT, BUSY, STOPPED_PARTLY, …"""

    result: Result
    confirmed: bool = False
    answer: Answer | None = None
    ref: str | None = None
    detail: str | None = None
    stopped_yuan: int | None = None
    hours: int | None = None  # how long an account stays protected


@dataclass(frozen=True, slots=True)
class Transient:
    """Certainly not sent; worth another attempt later.

    `number_fault`, of a call: this route knows no such number. Its word alone takes no number out of use; the word of a
    second route does.
    """

    detail: str
    retry_after_s: float | None = None
    number_fault: bool = False


@dataclass(frozen=True, slots=True)
class Permanent:
    """Certainly not sent, and never will be to this number with this content.

    `number_fault`: it is the number that is refused, so that no later warning tries it on this channel for a time. A
    result that says so itself (INVALID_NUMBER) needs no flag.
    """

    result: Result
    detail: str
    number_fault: bool = False


@dataclass(frozen=True, slots=True)
class SwitchChannel:
    """Certainly not sent: this provider will not reach this person now (limit of a number, blacklist)."""

    detail: str


@dataclass(frozen=True, slots=True)
class OperationsFault:
    """Certainly not sent, nor will any other message be until somebody repairs credentials, balance or set-up.

    `ours`: we refused this one before anything left. That is no word on the provider, and does not count in its health.
    """

    detail: str
    ours: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class InDoubt:
    """The request left and no answer came: it may or may not have been taken."""

    detail: str


@dataclass(frozen=True, slots=True)
class NeverTaken:
    """Answer to a query: the provider never had this message, so a second send makes no duplicate."""


Outcome = Accepted | Answered | Transient | Permanent | SwitchChannel | OperationsFault | InDoubt
Status = Accepted | Answered | NeverTaken | InDoubt


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider reported on its own. `dedupe_key` is the same for every copy of one report.

    `send_key` may be cut off after 22 hex digits, if the vendor's field is too short for it. It is None if the vendor
    echoes nothing of ours: then the outcome's ref identifies the message.
    """

    send_key: str | None
    dedupe_key: str
    outcome: Accepted | Answered


@dataclass(frozen=True, slots=True)
class Reply:
    """The body that a vendor expects with the 200, once its receipts are stored."""

    body: str
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Receipts:
    """The receipts of one callback.

    With a reply every receipt stands by itself: an unknown or unreadable one is counted, and the vendor gets the
    reply. Without one the callback is one receipt; it is answered 204, or 404 if nothing was sent under its id.
    """

    items: tuple[Receipt, ...]
    unreadable: int = 0
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class Callback:
    """A request to a provider's receipts address, unread."""

    headers: Mapping[str, str]  # names in small letters
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)
    token: str | None = field(default=None, repr=False)  # what follows the provider's name in the path
    sender: str | None = None  # its IP address


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do, as data."""

    channels: frozenset[Channel]
    destinations: frozenset[str] | None = None  # calling regions as in schemas.normalise; None: anywhere
    idempotent: bool = False  # the same send_key twice acts once
    receipts: bool = False
    queries: bool = False
    queries_need_number: bool = False
    cancels: bool = False
    batch: int = 1
    linked: bool = False  # has a standing connection or line that one process holds: see Linked
    at_once: int | None = None  # of a linked one: messages that it takes at one time; None: any number
    limits: Limits = NO_LIMITS  # what its vendor allows, unless PROVIDERS_FILE says otherwise


class ReceiptRefused(ValueError):
    """A callback is not authentic or not readable. Its message never repeats its content."""


class Provider(Protocol):
    """An adapter. One instance a process; its coroutines run on one event loop."""

    name: str
    capabilities: Capabilities
    timeout_s: float

    async def send(self, message: Message) -> Outcome:
        """Send once. Network errors come back as outcomes, never as exceptions."""
        ...

    async def query(self, inquiry: Inquiry) -> Status:
        """Returns what became of a message."""
        ...

    async def cancel(self, send_key: str) -> bool:
        """Take back a message not acted on yet. Returns False if that is too late or impossible."""
        ...

    def parse_receipts(self, callback: Callback) -> Receipts:
        """Authenticate and read a callback. Raises ReceiptRefused."""
        ...

    async def close(self) -> None: ...


class SendOnlyProvider(Provider):
    """A provider that can't be asked, takes nothing back and reports nothing.

    A base for adapters, which override what their vendor offers.
    """

    async def query(self, inquiry: Inquiry) -> Status:
        return InDoubt("no status query")

    async def cancel(self, send_key: str) -> bool:
        return False

    def parse_receipts(self, callback: Callback) -> Receipts:
        raise ReceiptRefused("this provider sends no receipts")


class Linked(Provider, Protocol):
    """A provider with `capabilities.linked`. All its messages go through the one process that has opened it."""

    async def open(self) -> None:
        """Connect, and stay connected until `close`. Returns at once; may be called again after `close`.

        Until it is called, `send` returns Transient: another process may hold the link.
        """
        ...


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One [[providers]] table of PROVIDERS_FILE, with its secrets already taken from the environment."""

    name: str
    adapter: str
    channels: frozenset[Channel]
    destinations: frozenset[str] | None = None
    weight: float = 1.0  # relative to the others of a channel; 0: only when no other is left
    slow_s: float | None = None  # an answer after this time is slow; None: half of the adapter's timeout
    travel_s: float | None = None  # the longest that a request given up may still be on its way; None: TRAVEL_S
    secret: str | None = field(default=None, repr=False)  # of secret_env
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  # by NAME, of every other NAME_env
    callback_url: str | None = None
    limits: Limits = NO_LIMITS
    options: Mapping[str, Any] = field(default_factory=dict)


class SettingsError(ValueError):
    """A provider can't be built as configured. Each fault names the setting and the remedy."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults
