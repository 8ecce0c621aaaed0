"""The result of a played run, with what the checks of the sample cases ask of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework import personal_data
from dispatcher.setup import Services
from dispatcher.store.cases import PhoneRow
from schemas.case_facts import CaseFacts

Line = dict[str, Any]


@dataclass(frozen=True)
class RunResult:
    """Answers and cases by the name of the sample case, as `case --json` prints them."""

    services: Services
    answers: Mapping[str, str]
    cases: Mapping[str, Line]

    def attempts(self, name: str, **wanted: Any) -> list[Line]:
        found: list[Line] = self.cases[name]["attempts"]
        return [each for each in found if all(each[key] == value for key, value in wanted.items())]

    def sent(self, name: str, **wanted: Any) -> list[Line]:
        """Attempts that were sent, in the order of their sending."""
        return sorted((each for each in self.attempts(name, **wanted) if each["sent_at"]), key=lambda a: a["sent_at"])

    def journal(self, name: str, event: str) -> list[Line]:
        return [each for each in self.cases[name]["journal"] if each["event"] == event]

    def duties(self, name: str, kind: str) -> list[Line]:
        return [each for each in self.cases[name]["duties"] if each["kind"] == kind]

    def card(self, name: str) -> str:
        """The officer's card of a case, without the person."""
        case = self.cases[name]
        lines = self.services.context.texts.card(case["fraud_type"], case["language"], CaseFacts.read(case["facts"]))
        return "\n".join(f"{line.zh} {line.en}" for line in lines)

    def local(self, text: str) -> datetime:
        """A time in the time zone of the policy."""
        return datetime.fromisoformat(text).astimezone(self.services.context.policy.timezone)

    def numbers(self, name: str) -> list[str]:
        """The numbers of a case, read from the vault."""
        with self.services.begin() as work:
            found = select(PhoneRow.value_id).where(PhoneRow.case_id == UUID(self.cases[name]["case"]))
            values = work.session.scalars(found.order_by(PhoneRow.position)).all()
            return [personal_data.read_value(work, value) for value in values]
