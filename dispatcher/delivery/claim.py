"""Claiming what is due, most urgent first: committed as `sending` with a lease before anything is sent."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, select

from dispatcher.casework import set_aside
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.moves import move_attempt
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.delivery import link_lanes, outcomes
from dispatcher.delivery.capacity import LEASE_MARGIN_S, Capacity, Slot
from dispatcher.delivery.choose_provider import Chooser
from dispatcher.delivery.compose import MessageComposer
from dispatcher.delivery.due import is_due
from dispatcher.delivery.provider_call import ProviderCall
from dispatcher.engine import attempt_states, times
from dispatcher.engine.times import Due
from dispatcher.store import money
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import in_array
from dispatcher.store.cases import CaseRow
from dispatcher.wake import URGENT, lane_of
from providers.base import Message, Provider
from providers.registry import Registry
from schemas.vocabulary import Action, AttemptState, BankRequest, Channel

# Without a provider these wait, and the case goes on by a visit; a bank that can't be asked is rung by a person.
_BY_PHONE = frozenset({Channel.SMS, Channel.VOICE})
_HELD = timedelta(seconds=10)
Rows = Sequence[tuple[AttemptRow, CaseRow]]
Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])


def claim(
    work: UnitOfWork,
    registry: Registry,
    capacity: Capacity,
    lanes: Collection[str],
    limit: int,
    only: Collection[UUID] | None = None,
) -> list[ProviderCall]:
    """Claim up to `limit` due attempts of these lanes, and commit them to the caller's transaction as in hand.

    `only`: no others than these.

    What there is no capacity for is left untouched, and what stands behind it is looked at instead.
    """
    calls: list[ProviderCall] = []
    any_deferred = True
    capacity.look_again()
    while any_deferred and len(calls) < limit:
        rows = _due(work, capacity, lanes, limit - len(calls), only)
        if not rows:
            break
        this = _Slice(work, registry, capacity, lanes, rows)
        calls += this.take(rows)
        any_deferred = this.any_deferred
    return calls


def _absence_proves(attempt: AttemptRow, travel_s: float, now: datetime) -> bool:
    """Whether a provider that has none proves that none will come: its sender gave it up, and long enough ago.

    That of one which was sent again says nothing about the first.
    """
    if attempt.state != AttemptState.IN_DOUBT:
        return True
    is_over = attempt.gave_up_at is not None and attempt.gave_up_at + timedelta(seconds=travel_s) <= now
    return is_over and not attempt.possible_duplicate


def find_due(work: UnitOfWork, capacity: Capacity, lanes: Collection[str], limit: int) -> list[UUID]:
    """The attempts that a claim would take, with no lock."""
    return list(work.session.scalars(_most_urgent(select(AttemptRow.id), work, capacity, lanes, limit)))


def _due(
    work: UnitOfWork, capacity: Capacity, lanes: Collection[str], limit: int, only: Collection[UUID] | None
) -> Rows:
    due = select(AttemptRow, CaseRow).join(CaseRow, CaseRow.id == AttemptRow.case_id)
    if only is not None:
        due = due.where(in_array(AttemptRow.id, only))
    due = _most_urgent(due, work, capacity, lanes, limit)
    # The case is locked too, or left for the next round: no claim races a withdrawal.
    due = due.with_for_update(skip_locked=True, key_share=True, of=[AttemptRow, CaseRow])
    return work.session.execute(due).tuples().all()


def _most_urgent(due: Query, work: UnitOfWork, capacity: Capacity, lanes: Collection[str], limit: int) -> Query:
    is_open = is_due(work.now, work.real_now), AttemptRow.lane.in_(lanes), capacity.is_open()
    # By id where the moment is the same: what was planned first, as the subject's call before the family's, goes first.
    order = AttemptRow.urgency_rank, AttemptRow.due_at, AttemptRow.id
    return due.where(*is_open).order_by(*order).limit(limit)


class _Slice:
    """Some rows that are due and locked. `any_deferred`: there was no capacity for one of them."""

    def __init__(
        self,
        work: UnitOfWork,
        registry: Registry,
        capacity: Capacity,
        lanes: Collection[str],
        rows: Rows,
    ) -> None:
        self._work, self._registry, self._capacity, self._lanes = work, registry, capacity, lanes
        self._composer = MessageComposer(work, rows)
        self._chooser = Chooser(
            work.session, registry, (attempt for attempt, _ in rows), work.context.provider_health.shares(work.session)
        )
        self._out_of_reach: list[AttemptRow] = []
        self._newly_held: set[UUID] = set()
        self.any_deferred = False

    def take(self, rows: Rows) -> list[ProviderCall]:
        """Take each in hand, or put it where it belongs."""
        found = [self._one(attempt, case) for attempt, case in rows]
        if self._out_of_reach:
            self._leave_out()
        if self._newly_held:
            case_file = CaseFile(self._work)
            case_file.open(self._newly_held)
            decide(case_file)
        return [call for call in found if call is not None]

    def _one(self, attempt: AttemptRow, case: CaseRow) -> ProviderCall | None:
        # Only the provider that was given a message can say what became of it; on a link's lane it is settled already.
        is_new = attempt.action == Action.SEND
        is_open = is_new and not link_lanes.are_of_a_link(self._lanes)
        if is_new and self._is_put_off(attempt, case):
            return None
        country = self._composer.country(attempt)
        choose = partial(self._chooser.choose, attempt, country) if is_open else partial(self._settled, attempt)
        provider = choose(())
        if is_open and provider is None and self._is_out_of_reach(attempt, country):
            self._out_of_reach.append(attempt)
            return None
        if is_open and provider is None and attempt.channel in _BY_PHONE:
            self._hold(attempt)
            return None
        slot = Slot(provider)
        if is_new and provider is not None:
            number = partial(self._composer.number, attempt)
            slot = self._capacity.slot(attempt, self._lanes, provider, choose, number, self._work.now)
        if slot.must_wait:
            self.any_deferred = True
            return None
        if slot.provider is not None and link_lanes.belongs_elsewhere(slot.provider, self._lanes):
            link_lanes.hand_over(self._work, attempt, case, slot.provider)
            return None
        return self._take(attempt, case, country, slot)

    def _settled(self, attempt: AttemptRow, full: Sequence[str] = ()) -> Provider | None:
        return None if attempt.provider in full else self._registry.get(attempt.provider)

    def _is_out_of_reach(self, attempt: AttemptRow, country: str | None) -> bool:
        """No provider reaches this country, or there is no bank or group to ask. A missing SMS gateway is a fault.

        A visit is never left out: where nobody finds officers it goes up the ladder, to a person.
        """
        channel = attempt.channel
        may_lack = channel in (Channel.HOOK, Channel.BROADCAST) or channel in self._registry.without - {Channel.VISIT}
        is_expected = self._registry.serves(channel) or may_lack
        return is_expected and not self._registry.reaching(channel, country)

    def _is_put_off(self, attempt: AttemptRow, case: CaseRow) -> bool:
        """What was to go while people are awake, and could not until now, goes no sooner than when they wake.

        What was planned for the quiet hours, as by a person's order, goes in them.
        """
        policy, now = self._work.context.policy, self._work.now
        due = times.awake(policy, case.urgency, Due(now))
        was_for_day = times.awake(policy, case.urgency, Due(attempt.due_at)).at == attempt.due_at
        if attempt.channel not in _BY_PHONE or due.at == now or not was_for_day:
            return False
        told = {"attempt": attempt.id, "due_before": attempt.due_at, "due_at": due.at, "held_by": list(due.held_by)}
        attempt.due_at, attempt.lease_until = due.at, None
        self._work.note(case, "attempt_moved", told, rule="late_for_day", actor="worker")
        return True

    def _hold(self, attempt: AttemptRow) -> None:
        """Nobody could take it, so no attempt is made: it stays planned, and is looked at again in a while.

        At the first time its case is decided on, which may send somebody instead.
        """
        if attempt.lease_until is None:
            self._newly_held.add(attempt.case_id)
        attempt.lease_until = self._work.real_now + _HELD
        self.any_deferred = True

    def _leave_out(self) -> None:
        case_file = CaseFile(self._work)
        case_file.open({each.case_id for each in self._out_of_reach})
        for each in self._out_of_reach:
            outcomes.unsupported(case_file, each.case_id, each.id)
        decide(case_file)

    def _take(self, attempt: AttemptRow, case: CaseRow, country: str | None, slot: Slot) -> ProviderCall:
        """Put an attempt in hand, with a lease; a new one is committed as `sending`."""
        action, provider = attempt.action or Action.SEND, slot.provider
        is_new = action is Action.SEND
        lease_s = (provider.timeout_s if provider else 0.0) + LEASE_MARGIN_S
        call = ProviderCall(
            case.id,
            attempt.id,
            str(attempt.send_key),
            action,
            provider.name if is_new and provider else attempt.provider,
            self._composer.message(attempt, case) if is_new else None,
            self._composer.inquiry(attempt, provider) if action is Action.QUERY else None,
            is_new and provider is not None and self._chooser.has_another(attempt, country, provider),
            slot.booking,
            slot.refusal,
            is_urgent=lane_of(attempt.urgency_rank) == URGENT,
            lease_ends_at=self._work.began_at_s + lease_s,
            absence_proves=_absence_proves(attempt, self._registry.travel_s(attempt.provider), self._work.real_now),
        )
        attempt.lease_until = self._work.real_now + timedelta(seconds=lease_s)
        if is_new:
            attempt.provider, attempt.sent_at = call.provider, self._work.now
            if attempt.hook is BankRequest.STOP_PAYMENT:
                self._note_asked(attempt, case)
            move_attempt(attempt, attempt_states.claim(attempt))
            self._note(attempt, case, call.message)
        set_aside.end(self._work, case, is_decided=False)
        return call

    def _note_asked(self, attempt: AttemptRow, case: CaseRow) -> None:
        """The message tells of all that is known to be gone; but under a key that was sent before it may do nothing."""
        if attempt.send_key == attempt.id:
            money.note_asked(attempt, case)
        else:
            first = select(AttemptRow.asked_yuan, AttemptRow.asked_payees).where(AttemptRow.id == attempt.send_key)
            attempt.asked_yuan, attempt.asked_payees = self._work.session.execute(first).tuples().one()

    def _note(self, attempt: AttemptRow, case: CaseRow, message: Message | None) -> None:
        data = {"attempt": str(attempt.id), "channel": attempt.channel, "provider": attempt.provider}
        if message is not None and (message.text or message.script):
            data["texts"] = self._work.context.texts.version
        self._work.note(case, "attempt_sending", data, rule=attempt.rule, actor="worker")
