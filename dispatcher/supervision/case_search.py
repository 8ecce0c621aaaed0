"""Cases by a number or a name, as somebody asks who rang: each search is on the record of the cases that it finds."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.store.base import in_array
from dispatcher.store.cases import CaseRow, PhoneRow
from dispatcher.store.vault import SubjectRow
from dispatcher.visits import permissions
from schemas import normalise
from schemas.vocabulary import Act

_AT_ONCE = 20  # noted in one transaction, which has as many cases locked, for that moment
Begin: TypeAlias = Callable[[], AbstractContextManager[UnitOfWork]]


def find(begin: Begin, *, by: str, phone: str | None = None, name: str | None = None) -> frozenset[UUID]:
    """Cases that know this number (in E.164), whosever it is, or whose person has exactly this name, or both.

    By blind index: nothing is opened, and of an erased person nothing is found by name. It only reads; what it found is
    on the record before anybody sees it, a few cases at a time, so that a name that many have holds nobody up.
    Raises Refused.
    """
    data = {"searched_by": [kind for kind, value in (("phone", phone), ("name", name)) if value]}
    with begin() as work:
        permissions.check(work.session, by, Act.SEARCH, None)
        found = select(CaseRow.id).join(SubjectRow, SubjectRow.id == CaseRow.subject_id)
        case_ids = sorted(work.session.scalars(found.where(*_conditions(work, phone, name))))
        if not case_ids:
            work.note_without_case("case_searched", data, actor=by, rule="searched")
    for first in range(0, len(case_ids), _AT_ONCE):
        with begin() as work:
            for case in work.session.scalars(_locked(case_ids[first : first + _AT_ONCE])):
                work.note(case, "case_searched", data, actor=by, rule="searched")
    return frozenset(case_ids)


def _locked(case_ids: Sequence[UUID]) -> Select[CaseRow]:
    """As casework locks them: in the order of their ids."""
    return select(CaseRow).where(in_array(CaseRow.id, case_ids)).order_by(CaseRow.id).with_for_update(key_share=True)


def _conditions(work: UnitOfWork, phone: str | None, name: str | None) -> Iterator[ColumnElement[bool]]:
    vault = work.context.vault
    if phone is not None:
        knows = select(PhoneRow.case_id).where(PhoneRow.digest == vault.digest("phone", phone))
        yield CaseRow.id.in_(knows)
    if name is not None:
        digest = vault.digest("name", normalise.compact(name))
        yield SubjectRow.name_digest == digest
        yield SubjectRow.wrapped_key.is_not(None)
