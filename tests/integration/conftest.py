import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from casework_fixture import NO_REDIS, PATIENT_REDIS, START, CaseworkFixture, Scripted, pump_of
from mirror import carry_out_and_compare
from set_aside_fixture import Poisoned
from simulator_fixture import Scenario, simulator_fixture
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.orm import sessionmaker
from visits_fixture import Load, employ, load_roster

from dispatcher import embedded, policy, texts, vault
from dispatcher.casework import decide
from dispatcher.casework.context import Context
from dispatcher.clock import Clock
from dispatcher.delivery.pump import Pump
from dispatcher.intake import events
from dispatcher.settings import Settings, settings
from dispatcher.setup import Services
from dispatcher.store import journal_changes
from dispatcher.supervision import assignments, decisions
from dispatcher.wake import Silent
from providers.registry import Registry
from tests.conftest import NewDatabase

if TYPE_CHECKING:
    from api_fixture import Api


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server, shared by the tests that ask for it; each has keys of its own, or clears it."""
    server = embedded.redis(tmp_path_factory.mktemp("redis"))
    yield server.url + PATIENT_REDIS
    server.stop()


_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@pytest.fixture
def beside(casework: CaseworkFixture) -> Iterator[Callable[[Callable[[], Any]], "Future[Any]"]]:
    """Runs something in a session of its own, and gives it back when that waits for ours."""
    with ThreadPoolExecutor(1) as threads:

        def start(what: Callable[[], Any]) -> "Future[Any]":
            running = threads.submit(what)
            with casework.sessions() as session:
                while not session.scalar(_WAITING):
                    assert not running.done(), running.exception()
                    session.rollback()
            return running

        yield start


class Engines:
    """Engines that tests use one after the other, each for a database of the test's own.

    What SQLAlchemy has compiled belongs to an engine: a new one in each test would compile every statement anew, a
    fifth of the time of them all.
    """

    def __init__(self) -> None:
        self._idle: list[tuple[Engine, dict[str, str | None]]] = []

    @contextmanager
    def of(self, database: str) -> Iterator[Engine]:
        """An engine whose connections go to this database, as long as this block lasts."""
        engine, target = self._idle.pop() if self._idle else self._make(database)
        target["dbname"] = make_url(database).database
        try:
            yield engine
        finally:
            engine.dispose()
            self._idle.append((engine, target))

    def _make(self, database: str) -> tuple[Engine, dict[str, str | None]]:
        # A lock that is waited for this long is a fault of the code under test, not a reason to hang.
        engine = create_engine(database, pool_size=20, connect_args={"options": "-c lock_timeout=120s"})
        target: dict[str, str | None] = {}

        @event.listens_for(engine, "do_connect")
        def choose(_dialect: object, _record: object, _arguments: object, parameters: dict[str, Any]) -> None:
            parameters |= target

        return engine, target


@pytest.fixture(scope="session")
def engines() -> Engines:
    return Engines()


@pytest.fixture
def new_casework(
    new_database: NewDatabase, template: str, tmp_path: Path, engines: Engines
) -> Iterator[Callable[[], CaseworkFixture]]:
    """Opens one context's casework, each on a database of its own, at 09:00 on a Monday."""
    context = Context(
        policy=policy.load(),
        vault=vault.load(tmp_path / "keys.json", make=True),
        clock=Clock(f"stepped:{START.isoformat()}"),
        texts=texts.load(),
        wake=Silent(),
    )
    with ExitStack() as opened:

        def make() -> CaseworkFixture:
            database = new_database(template)
            return opened.enter_context(_casework(database, opened.enter_context(engines.of(database)), context))

        yield make


@pytest.fixture
def casework(new_casework: Callable[[], CaseworkFixture]) -> CaseworkFixture:
    """Casework on a database of its own, at 09:00 on a Monday."""
    return new_casework()


@contextmanager
def _casework(database: str, engine: Engine, context: Context) -> Iterator[CaseworkFixture]:
    made = CaseworkFixture(database, journal_changes.install(sessionmaker(engine, expire_on_commit=False)), context)
    with made.sessions.begin() as session:
        context.vault.check(session)
        context.clock.start(session)
    yield made
    # Whatever a test did: the journal alone tells how every row came to be what it is.
    assert made.is_tampered or made.verdict().differences == []


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Poisoned:
    """Makes steps raise for some cases."""
    return Poisoned(monkeypatch)


@pytest.fixture
def services(casework: CaseworkFixture, tmp_path: Path) -> Services:
    """The services of this casework, with one scripted provider and without a Redis."""
    made = Services(Settings(home=tmp_path, redis_url=NO_REDIS), casework.sessions, casework.context)
    vars(made)["registry"] = Registry([Scripted()])
    return made


@pytest.fixture
def api(services: Services) -> Iterator["Api"]:
    """The API of this casework over HTTP."""
    from api_fixture import serving  # loaded here, since FastAPI takes two seconds, and few tests need it

    with serving(services) as made:
        yield made


@pytest.fixture
def pump(services: Services) -> Iterator[Pump]:
    """A worker's pump over these services."""
    made = pump_of(services)
    yield made
    made.close()


@pytest.fixture
def staff(casework: CaseworkFixture) -> None:
    """Supervisors who may act, and nobody on duty."""
    employ(casework)


@pytest.fixture
def load(casework: CaseworkFixture) -> Load:
    """Loads a roster: all officers, or these, with their duty times."""
    return partial(load_roster, casework)


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., None]:
    """Runs a scenario with a gateway simulator of its own."""

    def run(scenario: Scenario, *extra: str) -> None:
        async def run_it() -> None:
            async with simulator_fixture(tmp_path / "record.jsonl", *extra) as fixture:
                await scenario(fixture)

        asyncio.run(run_it())

    return run


@pytest.fixture(scope="session")
def pump_module() -> Any:
    """dispatcher.delivery.pump, with the tasks imported too: they need a broker's URL, and never reach one here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPATCHER_REDIS_URL", NO_REDIS)
        settings.cache_clear()  # a test before this one may have asked
        import_module("tasks")
        found = import_module("dispatcher.delivery.pump")
        settings.cache_clear()
    return found


@pytest.fixture(autouse=True)
def mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a test has decisions carried out, their rows are compared with what the engine meant."""
    for module in (decide, events, assignments, decisions):
        monkeypatch.setattr(module, "carry_out", carry_out_and_compare)
