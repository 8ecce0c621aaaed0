"""A sender and its lease: over, it sends nothing; no call outlasts it."""

import asyncio
from dataclasses import replace

from casework_fixture import CaseworkFixture, Scripted

from dispatcher import clock
from dispatcher.delivery.provider_call import ProviderCall, ProviderCaller
from dispatcher.delivery.send_stats import SendCounter
from providers.base import InDoubt, Message, NeverTaken, Outcome
from providers.registry import Registry


class Hanging(Scripted):
    async def send(self, message: Message) -> Outcome:
        self.sent.append(message)
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")


def do(casework: CaseworkFixture, provider: Scripted, call: ProviderCall) -> object:
    return asyncio.run(ProviderCaller(Registry([provider]), casework.limiter, SendCounter(None)).do(call))


def test_a_lease_ends_for_its_sender_no_later_than_for_the_others(casework: CaseworkFixture) -> None:
    casework.open()
    before = clock.lease_clock()
    [call] = casework.claim(Scripted(timeout_s=30))
    # From before the claim's first statement: what stood still in the middle of a claim finds its lease over.
    assert before + 30 < call.lease_ends_at < clock.lease_clock() + 30 + 5


def test_a_sender_whose_lease_is_over_sends_nothing(casework: CaseworkFixture) -> None:
    casework.open()
    provider = Scripted()
    [call] = casework.claim(provider)
    late = replace(call, lease_ends_at=clock.lease_clock())
    assert isinstance(do(casework, provider, late), NeverTaken)
    assert provider.sent == []


def test_a_call_is_given_up_within_its_lease(casework: CaseworkFixture) -> None:
    casework.open()
    provider = Hanging()
    [call] = casework.claim(provider)
    soon = replace(call, lease_ends_at=clock.lease_clock() + 0.2)
    assert isinstance(do(casework, provider, soon), InDoubt)
    assert len(provider.sent) == 1
