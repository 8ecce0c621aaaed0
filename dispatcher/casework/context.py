"""What every use case needs beside its session."""

from dataclasses import dataclass, field
from uuid import UUID

from dispatcher.casework.provider_health import ProviderHealth
from dispatcher.clock import Clock
from dispatcher.engine.merge import Statement
from dispatcher.policy import Policy
from dispatcher.texts import Texts
from dispatcher.vault import Vault
from dispatcher.wake import Wake


class StatementCache:
    """What instructions say, by the ids of their rows: they never change, and a process reads each once."""

    _MOST = 10_000

    def __init__(self) -> None:
        self._known: dict[UUID, Statement] = {}

    def get(self, statement_id: UUID) -> Statement | None:
        return self._known.get(statement_id)

    def put(self, statement_id: UUID, statement: Statement) -> None:
        if len(self._known) >= self._MOST:
            self._known.clear()
        self._known[statement_id] = statement


@dataclass(frozen=True)
class Context:
    policy: Policy
    vault: Vault
    clock: Clock
    texts: Texts
    wake: Wake
    provider_health: ProviderHealth = field(default_factory=ProviderHealth)
    statements: StatementCache = field(default_factory=StatementCache)
