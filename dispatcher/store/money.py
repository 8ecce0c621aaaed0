"""What left a person's account, what banks stopped of it, and what they were asked about.

What is lost is what is known to have left, without what was stopped. A bank may stop more than anybody has told of
yet: that is remembered, so that it counts when it is told.
"""

from collections.abc import Iterable

from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow
from schemas.vocabulary import AttemptState, BankRequest


def gone(case: CaseRow) -> int:
    """All that is known to have left, also what was stopped."""
    return case.money_lost + case.money_stopped if case.money_gone is None else case.money_gone


def set_gone(case: CaseRow, attempts: Iterable[AttemptRow], yuan: int) -> None:
    """So much has left in all, as far as is known now."""
    known = max(0, yuan)
    _reckon(case, known, case.money_stopped)
    for attempt in attempts:
        # What never left was asked about for nothing: should as much leave later, that is other money.
        if attempt.asked_yuan is not None:
            attempt.asked_yuan = min(attempt.asked_yuan, known)


def add_stopped(case: CaseRow, yuan: int) -> None:
    """A bank stopped so much more."""
    _reckon(case, gone(case), case.money_stopped + yuan)


def note_rung(case: CaseRow, attempts: Iterable[AttemptRow], cause: str) -> None:
    """A person rang the bank, instead of what this item is about: of all that is known to be gone."""
    of_a_stop = (each for each in attempts if each.hook is BankRequest.STOP_PAYMENT)
    asked = [each for each in of_a_stop if each.state is not AttemptState.CANCELLED]
    if about := next((each for each in asked if cause == f"bank:{each.id}"), None):
        note_asked(about, case)
        note_asked(asked[-1], case)


def note_asked(attempt: AttemptRow, case: CaseRow) -> None:
    """The bank is told of all that is known to be gone, and where it went."""
    attempt.asked_yuan, attempt.asked_payees = gone(case), list(case.payees or ())


def lacks_payee(attempt: AttemptRow, case: CaseRow) -> bool:
    """Whether an account is known now that the bank was not told of; what was asked before that was kept names all."""
    return attempt.asked_payees is not None and not set(case.payees or ()) <= set(attempt.asked_payees)


def _reckon(case: CaseRow, known: int, stopped: int) -> None:
    case.money_stopped, case.money_lost = stopped, max(0, known - stopped)
    case.money_gone = known if known < stopped else None
