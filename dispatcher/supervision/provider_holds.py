"""A person's hold on a provider: of the centre's people, whom every unit's warnings depend on."""

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.delivery import judge_providers
from dispatcher.delivery.judge_providers import HealthChange
from dispatcher.visits import permissions
from schemas.vocabulary import Act


def pause(work: UnitOfWork, name: str, *, by: str, note: str) -> HealthChange:
    """Take a provider out of use until somebody resumes it. Raises Refused."""
    permissions.check(work.session, by, Act.HANDLE_PROVIDER, None)
    return judge_providers.pause(work, name, by=by, note=note)


def resume(work: UnitOfWork, name: str, *, by: str, note: str) -> HealthChange:
    """Let a provider come back by steps, whatever took it out. Raises Refused."""
    permissions.check(work.session, by, Act.HANDLE_PROVIDER, None)
    return judge_providers.resume(work.session, name, by=by, note=note)
