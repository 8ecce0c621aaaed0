"""The four tiers: who carries a step out."""

import pytest

from providers.tiers import TIERS, actor_of
from schemas.vocabulary import Actor, BankRequest, Channel, Relation


@pytest.mark.parametrize(
    ("channel", "hook", "relation", "actor"),
    [
        (Channel.SMS, None, None, Actor.TELECOM),
        (Channel.SMS, None, Relation.CHILD, Actor.TELECOM),
        (Channel.VOICE, None, Relation.EMPLOYER, Actor.TELECOM),
        (Channel.VOICE, None, Relation.COMMUNITY, Actor.COMMUNITY),
        (Channel.VISIT, None, None, Actor.CENTRE),
        (Channel.BROADCAST, None, None, Actor.COMMUNITY),
        *((Channel.HOOK, hook, None, Actor.BANK) for hook in (None, *BankRequest)),
    ],
)
def test_every_step_has_its_actor(
    channel: Channel, hook: BankRequest | None, relation: Relation | None, actor: Actor
) -> None:
    assert actor_of(channel, hook, relation) is actor


def test_every_channel_and_hook_is_a_step_of_every_tier_there_is() -> None:
    assert TIERS.keys() == {*Channel, *BankRequest, Relation.COMMUNITY}
    assert {tier.actor for tier in TIERS.values()} == set(Actor)
