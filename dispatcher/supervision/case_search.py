"""Cases by a number or a name, as somebody asks who rang: each search is on the record of the cases that it finds."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import ColumnElement, select

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.store.cases import CaseRow, PhoneRow
from dispatcher.store.vault import SubjectRow
from dispatcher.visits import permissions
from schemas import normalise


def find(work: UnitOfWork, *, by: str, phone: str | None = None, name: str | None = None) -> frozenset[UUID]:
    """Cases that know this number (in E.164), whosever it is, or whose person has exactly this name, or both.

    By blind index: nothing is opened, and of an erased person nothing is found by name. Raises Refused.
    """
    permissions.check_known(work.session, by)
    found = (
        select(CaseRow.id).join(SubjectRow, SubjectRow.id == CaseRow.subject_id).where(*_conditions(work, phone, name))
    )
    case_ids = frozenset(work.session.scalars(found))
    data = {"searched_by": [kind for kind, value in (("phone", phone), ("name", name)) if value]}
    case_file = CaseFile(work)
    case_file.open(case_ids)
    for case_id in case_ids:
        case_file.note(case_id, "case_searched", data, actor=by, rule="searched")
    if not case_ids:
        work.note_without_case("case_searched", data, actor=by, rule="searched")
    return case_ids


def _conditions(work: UnitOfWork, phone: str | None, name: str | None) -> Iterator[ColumnElement[bool]]:
    vault = work.context.vault
    if phone is not None:
        knows = select(PhoneRow.case_id).where(PhoneRow.digest == vault.digest("phone", phone))
        yield CaseRow.id.in_(knows)
    if name is not None:
        digest = vault.digest("name", normalise.compact(name))
        yield SubjectRow.name_digest == digest
        yield SubjectRow.wrapped_key.is_not(None)
