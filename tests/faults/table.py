"""The drills: one row each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.faults import injections
from tests.faults.fault_stack import FaultStack

DELIVERING = ("worker-delivery-1", "worker-delivery-2")
WORKERS = (*DELIVERING, "worker-casework")
_SLOW = {"delay_ms": 150}  # so that calls are under way when something breaks


@dataclass(frozen=True)
class Drill:
    """`inject` is done every `every_s` seconds while instructions come; `gateway` and `launch` last all the time.

    `patient`: doubts wait as long as by the default policy. `leaves_no_doubt`: nothing may be in doubt afterwards.
    `blocks_s`: how long its fault may keep a case from being claimed. `critical_within_s`: what is critical, and became
    due while the fault lasted, was sent so soon. `sent_within_s`: so was everything that was not set aside itself.
    `recovers_within_s`: what was due at a fault's end was sent so soon after it; no process of ours ended by itself.
    `poison`: the share of cases for which a step raises, as long as instructions come and `lasts_s` longer; after that
    what was set aside may wait `retries_s` for its next try.
    `over_celery`: instructions are sent to the intake queue, some of them broken. `over_http`: by the API.
    """

    name: str
    what: str
    inject: Callable[[FaultStack, Random], None] | None = None
    every_s: float = 5.0
    gateway: Mapping[str, Any] = field(default_factory=lambda: _SLOW)
    launch: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    small_disk_mb: int | None = None
    patient: bool = False
    leaves_no_doubt: bool = False
    blocks_s: float = 0.0
    critical_within_s: float | None = None
    sent_within_s: float | None = None
    recovers_within_s: float | None = None
    poison: float = 0.0
    lasts_s: float = 0.0
    retries_s: float = 0.0
    over_celery: bool = False
    over_http: bool = False
    in_short: bool = False


def _dying(point: str) -> dict[str, tuple[str, float]]:
    return dict.fromkeys(WORKERS, (point, 0.0))


DRILLS = {
    drill.name: drill
    for drill in (
        Drill("kill_worker", "kill -9 of a delivering worker", injections.kill_worker, every_s=2),
        # So far apart that the last doubts of one kill are settled before the next: that is what recovery is asked for.
        Drill("kill_workers", "kill -9 of all workers at once", injections.kill_workers, every_s=20, over_http=True),
        Drill("term_worker", "SIGTERM to a delivering worker", injections.term_worker, every_s=3, leaves_no_doubt=True),
        Drill(
            "poison",
            "one case in a hundred raises, at each step",
            blocks_s=6,  # on a busy machine a claim that is done by halves keeps its rows so long
            sent_within_s=10,
            poison=0.01,
            lasts_s=15,
            retries_s=300,  # what has failed for 80 s is tried again after five minutes
            in_short=True,
        ),
        Drill("kill_before_call", "killed after the commit, before the call", launch=_dying("before_call")),
        Drill("kill_before_record", "killed after the call, before its record", launch=_dying("before_record")),
        Drill("kill_before_wake", "killed after the record, before the ring", launch=_dying("before_wake")),
        Drill(
            "zombie",
            "workers stand still beyond their lease, and go on",
            launch=dict.fromkeys(DELIVERING, ("stand_still", 12.0)),
            patient=True,
            blocks_s=12,
        ),
        Drill(
            "claim_stopped",
            "a worker stands still for 40 s in mid-claim, its rows locked",
            launch={"worker-delivery-1": ("stopped_in_claim", 40.0)},
            blocks_s=14,
            sent_within_s=20,
        ),
        Drill(
            "write_stopped",
            "a worker stands still for 40 s in mid-write, its rows locked",
            launch={"worker-delivery-1": ("stopped_in_write", 40.0)},
            blocks_s=14,
            sent_within_s=25,  # the sweep looks once a second, and comes late on a busy machine
        ),
        Drill(
            "urgent_hung",
            "a delivering worker stands still for 20 s",
            injections.hang_worker,
            every_s=3,
            blocks_s=20,
            critical_within_s=5,
        ),
        Drill(
            "sweep_hung",
            "the sweep stands still for 20 s, with a stand-in",
            injections.hang_sweep,
            every_s=3,
            critical_within_s=5,
        ),
        Drill("redis_away", "Redis away for 60 s", injections.lose_redis, 5, critical_within_s=10, over_http=True),
        Drill(
            "redis_hung",
            "Redis takes connections and does not answer for 60 s",
            injections.hang_redis,
            every_s=5,
            critical_within_s=10,
        ),
        Drill("redis_full", "Redis full for 20 s", injections.fill_redis, every_s=5, critical_within_s=10),
        Drill("redis_flush", "FLUSHALL", injections.flush_redis, every_s=2),
        Drill("redis_restart", "Redis killed, away for 2 s", injections.restart_redis, every_s=6, over_http=True),
        Drill(
            "postgres_restart",
            "PostgreSQL killed, away for 2 s",
            injections.restart_postgres,
            6,
            blocks_s=5,
            over_http=True,
        ),
        Drill(
            "celery_intake",
            "PostgreSQL away, read-only, full of sessions, killed",
            injections.break_postgres,
            every_s=4,
            blocks_s=12,
            over_celery=True,
        ),
        Drill(
            "read_only",
            "PostgreSQL a standby for 20 s, then promoted",
            injections.demote_postgres,
            every_s=8,
            blocks_s=25,
            recovers_within_s=10,
            over_http=True,
        ),
        Drill(
            "both_restart",
            "PostgreSQL and Redis killed, away for 2 s",
            injections.restart_both,
            every_s=8,
            blocks_s=5,
            over_http=True,
        ),
        Drill("disk_full", "PostgreSQL's disk full for 4 s", injections.fill_disk, 8, blocks_s=8, small_disk_mb=512),
        Drill("locks", "20 cases locked for 6 s", injections.lock_cases, every_s=2, blocks_s=6),
        Drill("sweeps", "two sweeps, then none, then one", injections.change_sweeps, every_s=2),
        Drill("clock_ahead", "a worker's clock 5 minutes ahead", launch={"worker-delivery-2": ("wrong_clock", 300)}),
        Drill("clock_behind", "a worker's clock 5 minutes behind", launch={"worker-delivery-1": ("wrong_clock", -300)}),
        Drill(
            "gateway_timeouts",
            "30 % never answered after acceptance, receipts late",
            # Receipts later than the time limit: an earlier one would settle what was not answered, and leave no doubt.
            gateway={"rate_hang_after_accept": 0.3, "late_ms": 6000},
        ),
        Drill("gateway_hangs", "30 % never answered, not accepted", gateway={"rate_hang": 0.3}),
        Drill(
            "gateway_slow",
            "half answered after the timeout; of these half are taken",
            gateway={"rate_slow": 0.5, "slow_ms": 5000, "rate_slow_lost": 0.5},
            patient=True,
        ),
        Drill("gateway_500", "30 % answered 500", gateway={"rate_500": 0.3}, over_http=True),
        Drill("gateway_429", "30 % answered 429 with Retry-After", gateway={"rate_429": 0.3}),
        Drill("gateway_garbage", "30 % answered with garbage", gateway={"rate_garbage_answer": 0.3}),
        Drill("gateway_closes", "30 % closed in mid-answer", gateway={"rate_cut_answer": 0.3}),
        Drill("receipts_late", "receipts 8 s late", gateway={"late_ms": 8000}),
        Drill("receipts_never", "no receipts at all", gateway={"receipts": False}),
        Drill(
            "receipts_odd",
            "receipts twice, out of order, before the answer",
            gateway={"rate_duplicate_receipt": 1.0, "jitter_ms": 3000, "answer_late_ms": 1000},
        ),
        Drill(
            "all_at_once",
            "workers killed at a bad gateway",
            injections.kill_worker,
            every_s=2,
            gateway={"rate_hang_after_accept": 0.1, "rate_500": 0.1, "rate_cut_answer": 0.1, "jitter_ms": 3000},
            over_http=True,
        ),
    )
}
