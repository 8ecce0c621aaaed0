"""What the database knows of the instructions of a batch and of their people: asked once for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import LargeBinary, Text, bindparam, null, select, union_all

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.intake import early, same_person
from dispatcher.intake.normalised import NormalisedInstruction
from dispatcher.store.base import in_array_named
from dispatcher.store.cases import PhoneRow, SuppressionRow
from dispatcher.store.instructions import InstructionRow, QuarantineRow
from dispatcher.store.vault import SubjectRow

_NO_TEXT, _NO_DIGEST = null().cast(Text), null().cast(LargeBinary)


@dataclass(frozen=True)
class Known:
    """Instructions by source and id; lines that wait, persons, numbers and false alarms by their keyed digests."""

    instructions: frozenset[tuple[str, str]]
    digests: frozenset[bytes]

    def is_new(self, asked: "Asked") -> bool:
        """Whether nothing is known of this instruction, nothing waits for it, and nobody knows its person."""
        return asked.instruction not in self.instructions and self.digests.isdisjoint(asked.digests)


@dataclass(frozen=True)
class Asked:
    """What is asked for of one instruction. `numbers` are those of its contacts too."""

    instruction: tuple[str, str]
    awaiting: frozenset[bytes]
    identity: frozenset[bytes]
    numbers: frozenset[bytes]
    triggers: frozenset[bytes]

    @property
    def digests(self) -> frozenset[bytes]:
        return self.awaiting | self.identity | self.numbers | self.triggers


_BY_DIGEST: dict[str, tuple[Any, ...]] = {
    "awaiting": (QuarantineRow.awaits, QuarantineRow.awaits.is_not(None)),
    "identity": (SubjectRow.id_digest,),
    "numbers": (PhoneRow.digest,),
    "triggers": (SuppressionRow.digest, SuppressionRow.until > bindparam("now", type_=SuppressionRow.until.type)),
}
# Made once: to put it together takes longer than PostgreSQL takes for a few lines.
_KNOWN = union_all(
    select(
        InstructionRow.system.label("system"), InstructionRow.instruction_id.label("id"), _NO_DIGEST.label("digest")
    ).where(in_array_named(InstructionRow.instruction_id, "ids")),
    *(
        select(_NO_TEXT, _NO_TEXT, column).where(in_array_named(column, name), *conditions)
        for name, (column, *conditions) in _BY_DIGEST.items()
    ),
)


def asked_of(work: UnitOfWork, received: NormalisedInstruction) -> Asked:
    pushed = received.pushed
    return Asked(
        instruction=(pushed.source.system, pushed.instruction_id),
        awaiting=frozenset(early.keys_of(work.context, pushed)),
        identity=frozenset([received.id_digest] if received.id_digest is not None else []),
        numbers=frozenset(phone.digest for phone in received.phones),
        triggers=frozenset(same_person.triggers_of(work.context, received)),
    )


def read(work: UnitOfWork, asked: Sequence[Asked]) -> Known:
    """Ask. Digests of different things never equal each other: each kind is keyed by its name."""

    digests = {name: sorted(frozenset().union(*(getattr(each, name) for each in asked))) for name in _BY_DIGEST}
    ids = sorted({instruction_id for each in asked for _, instruction_id in [each.instruction]})
    rows: Sequence[Any] = work.session.execute(_KNOWN, {"ids": ids, "now": work.now, **digests}).all()
    return Known(
        frozenset((system, name) for system, name, _ in rows if system is not None and name is not None),
        frozenset(digest for _, _, digest in rows if digest is not None),
    )
