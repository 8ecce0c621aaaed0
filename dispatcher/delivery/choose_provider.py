"""Which provider each attempt of one claim goes to."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.delivery import weighted_choice
from dispatcher.delivery.weighted_choice import Candidate
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import in_array
from providers.base import Provider
from providers.registry import Registry
from schemas.vocabulary import Action, RetryKind


class Chooser:
    """`shares`: how much of its weight each provider gets; 1 where it is not named, None where it is not to be used."""

    def __init__(
        self,
        session: Session,
        registry: Registry,
        attempts: Iterable[AttemptRow],
        shares: Mapping[str, float | None],
    ) -> None:
        self._registry, self._shares = registry, shares
        new = [each for each in attempts if each.action == Action.SEND]
        self._before = _before(session, {each.case_id for each in new if _follows(each)})

    def choose(self, attempt: AttemptRow, country: str | None, full: Collection[str] = ()) -> Provider | None:
        """None where nobody reaches the number, or nobody is to be used.

        Those in `full` have no capacity for it: another takes their place only if it works and has not refused it yet.
        """
        same, tried = self._same(attempt), self._tried(attempt)
        if same in full:
            return None
        candidates = self._candidates(attempt, country)
        if full:
            candidates = [each for each in candidates if each.share and each.name not in {*full, *tried}]
        if any(each.name == same and each.share > 0 for each in candidates):
            return self._registry.get(same)
        name = weighted_choice.choose(candidates, tried, weighted_choice.drawn(attempt.id))
        return self._registry.get(name)

    def has_another(self, attempt: AttemptRow, country: str | None, provider: Provider) -> bool:
        """Whether a passing refusal of this one may go to another at once. What may have left elsewhere never does."""
        tried = {provider.name, *self._tried(attempt)}
        return not _is_resent(attempt) and weighted_choice.has_another(self._candidates(attempt, country), tried)

    def _candidates(self, attempt: AttemptRow, country: str | None) -> list[Candidate]:
        reaching = (each.name for each in self._registry.reaching(attempt.channel, country))
        shares = ((name, self._shares.get(name, 1.0)) for name in reaching)
        return [Candidate(name, self._registry.weight(name), share) for name, share in shares if share is not None]

    def _same(self, attempt: AttemptRow) -> str | None:
        """A key is the provider's own: what is sent again under it goes where it went before."""
        if not _is_resent(attempt):
            return None
        sent = [each for each in self._before.values() if each.send_key == attempt.send_key and each.sent_at]
        return max(sent, key=lambda each: each.id).provider if sent else None

    def _tried(self, attempt: AttemptRow) -> set[str]:
        """Who has refused already in this chain, which began with an attempt that was not a next provider's."""
        tried = set()
        while attempt.retry_kind == RetryKind.NEXT_PROVIDER and attempt.retry_of in self._before:
            attempt = self._before[attempt.retry_of]
            tried.add(attempt.provider or "")
        return tried


def _is_resent(attempt: AttemptRow) -> bool:
    return attempt.send_key != attempt.id


def _follows(attempt: AttemptRow) -> bool:
    return attempt.retry_kind == RetryKind.NEXT_PROVIDER or _is_resent(attempt)


def _before(session: Session, case_ids: set[UUID]) -> dict[UUID, AttemptRow]:
    """All attempts of the cases in which something follows from an earlier one."""
    if not case_ids:
        return {}
    found = select(AttemptRow).where(in_array(AttemptRow.case_id, case_ids))
    return {each.id: each for each in session.scalars(found)}
