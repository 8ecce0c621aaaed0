"""The facts that the alarms are judged by: counts, ages, codes. No id of a person, no number, no text."""

from dataclasses import dataclass
from datetime import datetime

from schemas.vocabulary import Cause, Channel, Health, Urgency, WorkItemKind

REDIS_FULL = "full"  # it answers, and takes nothing that needs memory


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are, and since when the oldest."""

    number: int
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """Work of one kind (attempt, case, receipt) that is due for longer than its limit."""

    kind: str
    urgency: Urgency | None
    count: Count


@dataclass(frozen=True, slots=True)
class Waiting:
    """Work items of one kind and urgency that wait for a person, and that nobody has taken.

    `told`: the number of each, and how often it has climbed; one that is new, or has climbed, is told anew.
    """

    kind: WorkItemKind
    urgency: Urgency
    count: Count
    told: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Doubts:
    """Sends of one provider, and how many of them were in doubt: in the last minutes, and in the hour before."""

    provider: str
    recent: int
    recent_doubtful: int
    before: int
    before_doubtful: int


@dataclass(frozen=True, slots=True)
class OutOfUse:
    """A provider that its breaker, a fault or a person keeps out of use."""

    provider: str
    health: Health
    since: datetime
    cause: Cause


@dataclass(frozen=True, slots=True)
class Down:
    """A channel whose messages no provider can send, as all are out of use or there is none."""

    channel: Channel
    since: datetime


@dataclass(frozen=True, slots=True)
class Silent:
    """A worker that leaves signs of life no more, and was not told to end."""

    worker: str
    since: datetime


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Events that the receiver of a webhook has not taken for an hour, or that were given up within a day."""

    webhook: str
    count: Count


@dataclass(frozen=True, slots=True)
class Probe:
    """One message sent from end to end. `stuck` names where it got stuck: send, receipt, worker."""

    at: datetime
    stuck: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """`database` and `redis` name the error if there was one; of Redis also that it is full."""

    at: datetime  # real time
    database: str | None = None
    redis: str | None = None
    swept_s: float | None = 0.0  # seconds since the sweep's last sign of life; None: never
    silent: tuple[Silent, ...] = ()
    forgotten: Count = Count(0)  # open cases without a time to come and without a person
    set_aside: Count = Count(0)  # what raised and waits to be tried again
    early_lines: Count = Count(0)  # what has waited too long for the instruction that it is about
    unsent: Count = Count(0)  # events that nobody sends to the webhooks of their sources
    not_taken: tuple[NotTaken, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    late: tuple[Late, ...] = ()
    doubts: tuple[Doubts, ...] = ()
    out_of_use: tuple[OutOfUse, ...] = ()
    down: tuple[Down, ...] = ()
    probe: Probe | None = None
