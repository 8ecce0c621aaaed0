"""A link: keeps one session bound, and lets messages through it at the pace the carrier allows."""

import asyncio
import contextlib

from providers.smpp import protocol_codes
from providers.smpp.link_options import Options
from providers.smpp.session import Answer, CountDropped, Lost, Session, TakeIn

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0  # between two binds
_THROTTLED_FOR_S = 1.0


class NotSent(Exception):
    """It certainly has not left. `status` is the command_status of a refused bind, if that is the reason."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


class Link:
    def __init__(self, options: Options, password: str, take_in: TakeIn, count_dropped: CountDropped) -> None:
        self._options, self._password = options, password
        self._take_in, self._count_dropped = take_in, count_dropped
        self._session: Session | None = None
        self._is_settled = asyncio.Event()  # bound, or refused
        self._refused: int | None = None
        self._next_turn = 0.0
        self._keeper: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Bind, and bind again whenever the session is lost, until closed. Needs a running loop."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper

    @property
    def is_bound(self) -> bool:
        return self._session is not None and not self._session.lost.is_set()

    async def request(self, command: int, body: bytes, until: float) -> Answer:
        """Send within the window and the pace. Returns its answer to come, which may be Lost.

        Raises NotSent if its turn does not come before `until`, a time of the event loop.
        """
        try:
            async with asyncio.timeout_at(until):
                session = await self._bound()
                await self._turn(until)
                await session.place()
        except TimeoutError:
            raise NotSent("its turn did not come in time" if self.is_bound else "not bound") from None
        except Lost:
            raise NotSent("not bound") from None
        return session.submit(command, body)

    def throttled(self) -> None:
        """The SMSC asks for a pause: all that wait here wait longer."""
        self._next_turn = max(self._next_turn, _now() + _THROTTLED_FOR_S)

    async def _bound(self) -> Session:
        if self._keeper is None:
            raise NotSent("the link is not held here")
        while True:
            await self._is_settled.wait()
            if self._refused is not None:
                raise NotSent("bind refused", self._refused)
            if self._session is not None and not self._session.lost.is_set():
                return self._session
            self._is_settled.clear()  # lost a moment ago, and its keeper has not run since

    async def _turn(self, until: float) -> None:
        wait = self._next_turn - _now()
        if wait > 0 and _now() + wait > until:
            raise TimeoutError
        if self._options.per_second:
            self._next_turn = max(self._next_turn, _now()) + 1 / self._options.per_second
        if wait > 0:
            await asyncio.sleep(wait)

    async def _keep(self) -> None:
        wait = _FIRST_WAIT_S
        while True:
            try:
                if await self._hold():
                    wait = _FIRST_WAIT_S
            except (OSError, Lost):  # TimeoutError is an OSError
                pass
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT_S)

    async def _hold(self) -> bool:
        """One session, to its end. Returns whether it was ever bound. Raises OSError or Lost."""
        async with asyncio.timeout(self._options.timeout_s):
            streams = await asyncio.open_connection(self._options.host, self._options.port)
        session = Session(*streams, self._options, self._take_in, self._count_dropped)
        try:
            status = await session.bind(self._password)
            self._refused = None if status in _PASSING else status
            if status != protocol_codes.OK:
                if self._refused is not None:
                    self._is_settled.set()
                return False
            self._session = session
            self._is_settled.set()
            await session.lost.wait()
            return True
        finally:
            self._session = None
            if self._refused is None:
                self._is_settled.clear()
            await session.close()


# A bind that is refused so is worth waiting for: our last one may not have ended yet at the far end.
_PASSING = frozenset({protocol_codes.OK, protocol_codes.ALREADY_BOUND, 0x08, 0x14, protocol_codes.THROTTLED})


def _now() -> float:
    return asyncio.get_running_loop().time()
