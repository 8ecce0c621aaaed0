"""What sources said of a case's person and danger, as codes: no personal data."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from schemas.vocabulary import Vulnerability


@dataclass(frozen=True, slots=True)
class CaseFacts:
    vulnerability: tuple[Vulnerability, ...] = ()
    antifraud_app: str = "unknown"  # the source's own code
    call_in_progress: bool = False
    transfer_ongoing: bool = False
    suspected_call_forwarding: bool = False
    suspected_remote_control: bool = False
    life_at_risk: bool = False
    minor: bool = False

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "CaseFacts":
        """From `stored` of any version: what is missing is as usual, what is unknown is left out."""
        known = {name: stored[name] for name in _NAMES if name in stored}
        codes = known.pop("vulnerability", ())
        return cls(tuple(Vulnerability(each) for each in codes if each in _VULNERABILITIES), **known)

    def told(self) -> dict[str, Any]:
        """As the case report tells it: every fact."""
        return {name: getattr(self, name) for name in _NAMES} | {"vulnerability": list(self.vulnerability)}

    def stored(self) -> dict[str, Any]:
        """As the database and the journal hold it: of most cases nothing but the app is known."""
        return {name: fact for name, fact in self.told().items() if fact != _USUAL[name]}

    def joined(self, other: "CaseFacts") -> "CaseFacts":
        """The safer reading of two sources: what either of them fears is feared. What was known of the app stands."""
        feared = {name: getattr(self, name) or getattr(other, name) for name in _FLAGS}
        both = tuple(dict.fromkeys((*self.vulnerability, *other.vulnerability)))
        return CaseFacts(both, self.antifraud_app, **feared)

    def with_app(self, antifraud_app: str) -> "CaseFacts":
        return replace(self, antifraud_app=antifraud_app)

    def flags(self) -> frozenset[str]:
        """The names of the yes-or-no facts that are true."""
        return frozenset(name for name in _FLAGS if getattr(self, name))


_NAMES = tuple(each.name for each in fields(CaseFacts))
_FLAGS = tuple(each.name for each in fields(CaseFacts) if each.type is bool)
_USUAL = CaseFacts().told()
_VULNERABILITIES = frozenset(Vulnerability)
