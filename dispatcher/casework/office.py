"""What every use case needs beside its session."""

from dataclasses import dataclass, field

from dispatcher.casework.standings import Standings
from dispatcher.clock import Clock
from dispatcher.policy import Policy
from dispatcher.texts import Texts
from dispatcher.vault import Vault
from dispatcher.wake import Wake


@dataclass(frozen=True)
class Office:
    policy: Policy
    vault: Vault
    clock: Clock
    texts: Texts
    wake: Wake
    standings: Standings = field(default_factory=Standings)
