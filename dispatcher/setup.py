"""Puts the services together from the settings: what workers, sweep, hooks and the CLI start with."""

import asyncio
import gc
import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from tenacity import RetryCallState, retry, retry_if_exception, wait_random_exponential

from dispatcher import policy, private_files, vault, vocabulary
from dispatcher.casework import unit_of_work
from dispatcher.casework.context import Context
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.clock import Clock
from dispatcher.errors import OperatorError
from dispatcher.logging import logger
from dispatcher.policy import kept
from dispatcher.settings import Settings, database_url, redis_url, settings
from dispatcher.store import engine, outages, revision
from dispatcher.texts import approved
from dispatcher.wake import CeleryWake
from providers import registry
from providers.base import SettingsError
from schemas.vocabulary import Channel

if TYPE_CHECKING:
    from dispatcher.delivery.send_stats import SendCounter
    from dispatcher.limits import Limiter

# Entry points by adapter name, for adapters that have to keep something. Each is called with the session maker and the
# context, and what it returns is the adapter's second argument.
STORAGE_GROUP = "dispatcher.provider_storage"
# Whatever a policy says, it sends, rings and visits. Where there is no bank or group to ask, a person does it.
_USED = (Channel.SMS, Channel.VOICE, Channel.VISIT)
_log = logger(__name__)


def _say_it_waits(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, OperationalError):
        _log.warning("database_away", why=outages.reason(error))


# For what a process that serves does at its start: if it ended instead, it would be started again and again.
wait_at_start = retry(
    retry=retry_if_exception(outages.passes),
    wait=wait_random_exponential(multiplier=0.5, max=5),
    before_sleep=_say_it_waits,
    reraise=True,
)


class ProvidersError(OperatorError):
    """PROVIDERS_FILE can't be used; `faults` are one line each."""

    def __init__(self, error: SettingsError) -> None:
        super().__init__("渠道配置文件有误", str(error))
        self.faults = error.faults


@dataclass(frozen=True)
class Services:
    """A process's services. Building it checks them all, so that a mistake is told at start.

    What a command seldom needs is loaded when it is asked for.
    """

    settings: Settings
    sessions: sessionmaker[Session]
    context: Context
    serving: bool = False  # see store/engine.py

    def begin(self, *, postpones_decisions: bool = False) -> AbstractContextManager[UnitOfWork]:
        """A transaction for one use case; workers are woken after its commit."""
        return unit_of_work.begin(self.sessions, self.context, postpones_decisions=postpones_decisions)

    @property
    def engine(self) -> Engine:
        return engine.engine(self.settings.database_url or "", serving=self.serving)

    @cached_property
    def send_counter(self) -> "SendCounter":
        """What the providers' last sends came to."""
        from dispatcher.delivery.send_stats import SendCounter

        return SendCounter(self.settings.redis_url)

    @cached_property
    def limiter(self) -> "Limiter":
        """What the providers' contracts allow. Keys hold a number only as a blind index."""
        from dispatcher.limits import Limiter, Shared

        digest = partial(self.context.vault.digest, "callee")
        shared = Shared(self.settings.redis_url or "")
        return Limiter(shared, lambda number: digest(number).hex()[:32], self.settings.workers)

    @cached_property
    def registry(self) -> registry.Registry:
        """The providers. Raises OperatorError."""
        return build_registry(self)


def build_services(*, serving: bool = False, with_own_texts: bool = True) -> Services:
    """Build everything but the providers. Raises OperatorError.

    `serving`: for a process that runs all the time, which waits here for a PostgreSQL that is away. `with_own_texts`:
    not for what has to work before a centre's own texts have been approved; it says nothing to those who are warned.
    """
    found = settings()
    url = database_url()
    if serving:
        private_files.close_to_others()
        for warning in private_files.warnings(found):
            _log.warning("open_to_others", warning=warning)
    context = Context(
        policy=policy.load(found.policy_file),
        vocabulary=vocabulary.load(found.vocabulary_file),
        vault=vault.load(found.key_path, make=False),
        clock=Clock(found.clock),
        texts=approved.load(found.texts_folder if with_own_texts else None),
        wake=CeleryWake(redis_url()),
    )
    services = Services(found, engine.sessions(url, serving=serving), context, serving)
    try:
        (wait_at_start(_check_database) if serving else _check_database)(services)
    except OperationalError as error:
        raise outages.unreachable(error) from None
    if serving:
        collect_garbage_seldom()
    return services


def collect_garbage_seldom() -> None:
    """For a process through which rows go by thousands: what is loaded by now stays, and is looked through no more.

    With Python's own settings a tenth of a delivering worker's time went there.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _check_database(services: Services) -> None:
    """Raises OperatorError."""
    if not revision.is_current(services.engine):
        raise OperatorError(
            "数据库结构不是最新版本;请先运行 dispatcher migrate",
            "the database is not at the newest schema; run `dispatcher migrate` first",
        )
    with services.sessions.begin() as session:
        services.context.vault.check(session)
        services.context.clock.start(session)
        kept.keep(session, services.context.policy)


def build_registry(services: Services) -> registry.Registry:
    """Raises OperatorError naming the provider and the setting."""

    def storage(entry: EntryPoint) -> object:
        return entry.load()(services.sessions, services.context)

    told = services.settings
    return _registry(told.providers_file, os.environ, told.hooks_base, storage, _without(told.without))


def links(path: Path, environment: Mapping[str, str]) -> list[str]:
    """Names of the providers in this file that need a worker of their own. Raises OperatorError."""
    return _closed(look_at(path, environment)).links()


def check_file(path: Path, environment: Mapping[str, str], without: str) -> None:
    """Raises the OperatorError that a worker would raise at its start."""
    check_channels(_closed(look_at(path, environment, without)))


def look_at(path: Path, environment: Mapping[str, str], without: str = "") -> registry.Registry:
    """The providers of a file as a start would have them, to be looked at and closed. Raises OperatorError."""
    return _registry(path, environment, "", lambda entry: object(), _without(without))


def _closed(providers: registry.Registry) -> registry.Registry:
    asyncio.run(providers.close())
    return providers


def check_channels(providers: registry.Registry) -> None:
    """Raises OperatorError where no provider serves a channel of every policy, and nobody said that none does."""
    unserved = [each for each in _USED if not providers.serves(each) and each not in providers.without]
    if unserved:
        zh, en = "、".join(each.zh for each in unserved), ", ".join(each.en for each in unserved)
        value = ",".join(each for each in _USED if each in unserved or each in providers.without)
        raise OperatorError(
            f"渠道配置文件中没有承担{zh}的渠道;请补充,确认不用则设 DISPATCHER_WITHOUT={value}",
            f"no provider serves {en}: add one to PROVIDERS_FILE, or set DISPATCHER_WITHOUT={value} to go on without",
        )


def _without(setting: str) -> frozenset[Channel]:
    """Raises OperatorError."""
    known = {name: channel for channel in _USED for name in (channel.value, channel.zh)}
    named = [each for each in re.split(r"[,，、\s]+", setting.lower()) if each]
    if unknown := [each for each in named if each not in known]:
        raise OperatorError(
            f"DISPATCHER_WITHOUT 中的 {unknown[0]} 不是渠道;可填 {','.join(_USED)}",
            f"DISPATCHER_WITHOUT: {unknown[0]} is none of {', '.join(_USED)}",
        )
    return frozenset(known[each] for each in named)


def _registry(
    path: Path | None,
    environment: Mapping[str, str],
    callback_base: str,
    storage: Callable[[EntryPoint], object],
    without: frozenset[Channel],
) -> registry.Registry:
    if path is None:
        raise no_providers()
    from providers.options import fault_of_url  # the adapters need it too; most commands do without

    if callback_base and (fault := fault_of_url(callback_base)):
        raise OperatorError("DISPATCHER_HOOKS_URL 有误", f"DISPATCHER_HOOKS_URL {fault}")

    def stored(used: set[str]) -> Mapping[str, object]:
        return {entry.name: storage(entry) for entry in entry_points(group=STORAGE_GROUP) if entry.name in used}

    try:
        return registry.load(path, environment, callback_base, stored, without)
    except SettingsError as error:
        raise ProvidersError(error) from None


def no_providers() -> OperatorError:
    return OperatorError(
        "未设置 DISPATCHER_PROVIDERS_FILE;请在该文件中写明短信、语音网关",
        "DISPATCHER_PROVIDERS_FILE is not set; name the file that lists your gateways (docs/settings.md)",
    )
