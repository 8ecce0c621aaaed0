"""PostgreSQL away, or not for us now: what a person is told of it, and whether it passes by itself."""

from typing import NamedTuple

from sqlalchemy.exc import OperationalError

from dispatcher.errors import OperatorError

# PostgreSQL's own words go along, without the URL and its password; several hosts have a line each.
_LONGEST = 300


class _Kind(NamedTuple):
    """Known by its SQLSTATE, or by its words where there was no session yet: libpq keeps the code to itself."""

    states: frozenset[str]
    words: tuple[str, ...]
    zh: str
    en: str
    passes: bool = True


_POOLER = _Kind(
    frozenset(),
    ("unsupported startup parameter",),
    "DISPATCHER_DATABASE_URL 指向连接池(如 PgBouncer);本系统的锁与超时须保持在同一会话,请直接连接 PostgreSQL",
    "DISPATCHER_DATABASE_URL names a pooler such as PgBouncer; this service holds locks and time limits "
    "by session, so connect to PostgreSQL itself (docs/settings.md)",
    passes=False,
)
_KINDS = (
    _POOLER,
    _Kind(
        frozenset({"25006"}),
        ("session is read-only",),
        "数据库当前只读(备库,或正在切换主库),未作更改;请稍后重试,或将 DISPATCHER_DATABASE_URL 指向主库",
        "the database is read-only (a standby, or a switch-over); nothing was changed: "
        "try again later, or name the primary in DISPATCHER_DATABASE_URL",
    ),
    _Kind(
        frozenset({"53300"}),
        ("too many clients", "too many connections", "connection slots are reserved"),
        "数据库连接数已满,未作更改;请稍后重试,或调高 max_connections",
        "the database has no connection free; nothing was changed: try again later, or raise max_connections",
    ),
    _Kind(
        frozenset({"57P01", "57P02", "57P03"}),
        ("starting up", "shutting down", "in recovery mode", "not accepting connections", "not yet accepting"),
        "数据库正在启动、停止或恢复,未作更改;请稍后重试",
        "the database is starting, stopping or recovering; nothing was changed: try again later",
    ),
    _Kind(
        frozenset({"57014", "55P03", "40001", "40P01", "25P03", "25P04", "57P05"}),
        (),
        "数据库未等语句完成即予中止(超时、锁或备库冲突),该步未作更改;请稍后重试",
        "the database ended the statement (a time limit, a lock, a conflict on a standby); that step changed nothing: "
        "try again later",
    ),
    _Kind(
        frozenset(),
        ("authentication failed", "does not exist", "no pg_hba.conf entry"),
        "数据库拒绝该用户或库名;请检查 DISPATCHER_DATABASE_URL",
        "the database refuses this user, password or database; check DISPATCHER_DATABASE_URL",
        passes=False,
    ),
)
_AWAY = _Kind(
    frozenset(),
    (),
    "无法连接数据库;请检查 DISPATCHER_DATABASE_URL",
    "can't reach the database; check DISPATCHER_DATABASE_URL",
)


def unreachable(error: OperationalError) -> OperatorError:
    """Why PostgreSQL did not do it, in one line."""
    kind = _kind(error)
    return OperatorError(kind.zh, f"{kind.en} ({reason(error)})")


def pooler() -> OperatorError:
    return OperatorError(_POOLER.zh, _POOLER.en)


def passes(error: BaseException) -> bool:
    """Whether PostgreSQL may be there again with nothing done about it. What is not known to need a person, may."""
    return isinstance(error, OperationalError) and _kind(error).passes


def reason(error: OperationalError) -> str:
    """PostgreSQL's own words, as one line."""
    return " ".join(str(error.orig or type(error).__name__).split())[:_LONGEST]


def _kind(error: OperationalError) -> _Kind:
    state, words = getattr(error.orig, "sqlstate", None), reason(error)
    known = (each for each in _KINDS if state in each.states or any(word in words for word in each.words))
    return next(known, _AWAY)
