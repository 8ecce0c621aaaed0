"""Which entries of the journal sources are told of, and what of them: ids and codes, nothing of another source."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from dispatcher.store.cases import CaseRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.journal_form import Changes
from dispatcher.store.source_events import Told
from schemas.vocabulary import SourceEvent, WorkItemKind

_REPORTED = ("visit_reported", "transfer_reported", "report_corrected")
# Flags of an instruction that its source alone can clear up, by a newer version.
ASKING = ("urgency_label_unknown", "relation_unknown", "guardianship_unclear")
_ASKED_FOR = (WorkItemKind.NUMBER_REQUEST, WorkItemKind.ADDRESS_REQUEST)


class Noted(NamedTuple):
    """An entry of a case. `changed`: columns of the case that its transaction changed, as the journal holds them."""

    entry: JournalRow
    case: CaseRow
    changed: Mapping[str, Any]

    @property
    def data(self) -> Mapping[str, Any]:
        return self.entry.data


class Rule(NamedTuple):
    """Entries of these names are told as this, where they are so, with what is taken from them.

    `to_one`: only to the source of the instruction that the entry names.
    """

    events: tuple[str, ...]
    type: SourceEvent
    told: Callable[[Noted], dict[str, Any]]
    where: Callable[[Noted], bool] = lambda noted: True
    to_one: bool = False


def _fields(*names: str) -> Callable[[Noted], dict[str, Any]]:
    return lambda noted: {name: noted.data[name] for name in names if noted.data.get(name) is not None}


def _asking(noted: Noted) -> list[str]:
    return [flag for flag in ASKING if flag in noted.data.get("flags", ())]


def _was_met(noted: Noted) -> bool:
    """A child was met only with a guardian present."""
    is_counted = bool(noted.data.get("guardian_present")) or not noted.case.case_facts.minor
    return str(noted.data.get("result")).startswith("MET_") and is_counted


def _is_first_contact(noted: Noted) -> bool:
    is_contact = bool(noted.data.get("confirmed")) or _was_met(noted)
    return noted.changed.get("first_contact_at") is not None and is_contact


# In the order in which one entry that is several of them is told.
RULES = (
    Rule(
        ("instruction_accepted",),
        SourceEvent.ACCEPTED,
        _fields("instruction_id", "version", "urgency"),
        to_one=True,
    ),
    Rule(
        ("instruction_accepted",),
        SourceEvent.FLAGGED,
        _fields("instruction_id", "version", "flags"),
        where=lambda noted: bool(noted.data.get("flags")),
        to_one=True,
    ),
    Rule(
        ("instruction_accepted",),
        SourceEvent.ASKED,
        lambda noted: {**_fields("instruction_id", "version")(noted), "for": _asking(noted)},
        where=lambda noted: bool(_asking(noted)),
        to_one=True,
    ),
    Rule(
        ("instruction_conflict",),
        SourceEvent.ASKED,
        lambda noted: {**_fields("version")(noted), "for": ["conflict"]},
        to_one=True,
    ),
    Rule(
        ("duty_planned",),
        SourceEvent.ASKED,
        lambda noted: {"for": [noted.data["kind"]], "due_at": noted.data["due_at"]},
        where=lambda noted: noted.data["kind"] in _ASKED_FOR,
    ),
    Rule(
        ("attempt_settled", "attempt_corrected", *_REPORTED),
        SourceEvent.CONTACTED,
        # Not as it changed: a correction may move the first contact to another time on the same channel.
        lambda noted: {"channel": noted.case.first_contact_channel},
        where=_is_first_contact,
    ),
    Rule(_REPORTED, SourceEvent.MET, _fields("result"), where=_was_met),
    Rule(
        ("urgency_raised",),
        SourceEvent.ESCALATED,
        lambda noted: {"by": "urgency", **_fields("before", "after")(noted)},
    ),
    Rule(("visit_opened",), SourceEvent.ESCALATED, lambda noted: {"by": "visit"}),
    Rule(
        ("visit_assigned",),
        SourceEvent.ESCALATED,
        lambda noted: {"by": "ladder", **_fields("rung")(noted)},
        where=lambda noted: bool(noted.data.get("rung")),
    ),
    Rule(
        ("duty_planned",),
        SourceEvent.OVERDUE,
        lambda noted: {"deadline": str(noted.entry.rule).removeprefix("overdue_")},
        where=lambda noted: noted.data["kind"] == WorkItemKind.VISIT_OVERDUE,
    ),
    Rule(("case_closed",), SourceEvent.RESOLVED, _fields("resolution")),
    Rule(("case_reopened",), SourceEvent.REOPENED, _fields("before")),
)
_BY_EVENT = {name: [rule for rule in RULES if name in rule.events] for rule in RULES for name in rule.events}


def told_of(
    entries: Iterable[JournalRow], cases: Mapping[UUID, CaseRow], changes: Mapping[UUID | None, Changes]
) -> Iterator[Told]:
    """What sources are told of these entries of one transaction, which changed this."""
    known = [(entry.case_id, entry) for entry in entries if entry.case_id is not None]
    for case_id, entry in known:
        for rule in _BY_EVENT.get(entry.event, ()):
            noted = Noted(entry, cases[case_id], _changed(case_id, changes))
            if rule.where(noted):
                instruction = entry.data["instruction"] if rule.to_one else None
                yield Told(rule.type, case_id, entry.seq, entry.at, rule.told(noted), instruction)


def _changed(case_id: UUID, changes: Mapping[UUID | None, Changes]) -> Mapping[str, Any]:
    return changes.get(case_id, {}).get(CaseRow.__tablename__, {}).get(str(case_id), {})
