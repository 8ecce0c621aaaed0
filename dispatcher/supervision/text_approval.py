"""Approving a centre's own texts: by one of its supervisors, since everybody who is warned is told them."""

from datetime import datetime
from pathlib import Path

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.texts import Texts, approved
from dispatcher.visits import permissions
from schemas.vocabulary import Act


def approve(work: UnitOfWork, folder: Path, *, by: str, at: datetime) -> Texts:
    """Put what is being edited into use, as the next version. Raises Refused and TextsError."""
    permissions.check(work.session, by, Act.APPROVE_TEXTS, None)
    return approved.approve(folder, by, at)
