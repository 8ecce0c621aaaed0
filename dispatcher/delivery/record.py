"""Writing down what came of provider calls: results, their journal entries, and what the engine decides next."""

from collections.abc import Iterable

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.delivery import outcomes
from dispatcher.delivery.provider_call import CallResult


def record_results(work: UnitOfWork, results: Iterable[CallResult]) -> list[CallResult]:
    """Write results down, journal them, let the engine decide what comes next.

    Returns the results whose cases somebody else holds: one locked case holds up no other.
    """
    results = list(results)
    case_file = CaseFile(work)
    case_file.open_soon({result.call.case_id for result in results})
    held = []
    for result in results:
        call, answer = result.call, result.answer
        if call.case_id not in case_file.cases:
            held.append(result)
            continue
        if isinstance(answer, bool):
            outcomes.cancelled(case_file, call.case_id, call.attempt_id, taken_back=answer)
        else:
            outcomes.record(
                case_file,
                call.case_id,
                call.attempt_id,
                answer,
                asked=call.action,
                can_fail_over=call.can_fail_over,
                absence_proves=call.absence_proves,
            )
    decide(case_file)
    return held
