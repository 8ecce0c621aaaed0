"""What every use case needs beside its session."""

from dataclasses import dataclass, field

from dispatcher.casework.provider_health import ProviderHealth
from dispatcher.clock import Clock
from dispatcher.policy import Policy
from dispatcher.texts import Texts
from dispatcher.vault import Vault
from dispatcher.wake import Wake
from schemas.vocabularies import SHIPPED, Vocabulary


@dataclass(frozen=True)
class Context:
    policy: Policy
    vault: Vault
    clock: Clock
    texts: Texts
    wake: Wake
    vocabulary: Vocabulary = SHIPPED
    provider_health: ProviderHealth = field(default_factory=ProviderHealth)
