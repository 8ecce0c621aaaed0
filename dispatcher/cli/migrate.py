"""migrate: the database's schema."""

import typer

from dispatcher import clock, policy, private_files, vault, vocabulary
from dispatcher.cli.output import err, out, say
from dispatcher.errors import OperatorError
from dispatcher.settings import database_url, settings
from dispatcher.store import engine
from dispatcher.store import migrate as migrations


def register(app: typer.Typer) -> None:
    app.command()(migrate)


def migrate() -> None:
    """升级数据库结构 / bring the database to the newest schema, and prove that the keys open it."""
    chosen = settings()
    policy.load(chosen.policy_file)
    vocabulary.load(chosen.vocabulary_file)
    if not chosen.key_path.exists():
        raise OperatorError(
            f"没有密钥文件 {chosen.key_path};请先运行 dispatcher new-key",
            f"there is no key file {chosen.key_path}; run `dispatcher new-key` once, or set DISPATCHER_KEY_FILE",
        )
    ring = vault.load(chosen.key_path, make=False)
    revision = migrations.upgrade(engine.engine(database_url()), clock.real_now(), tell=_say)
    with engine.sessions(database_url()).begin() as session:
        ring.check(session)
    out.print(f"{say('数据库结构', 'schema')}: {revision}")
    for warning in private_files.warnings(chosen):
        _say(warning)


def _say(line: str) -> None:
    err.print(line, highlight=False, soft_wrap=True)
