"""new-key: the key file of the vault."""

import typer

from dispatcher import vault
from dispatcher.cli.output import out, say
from dispatcher.settings import settings


def register(app: typer.Typer) -> None:
    app.command("new-key")(new_key)


def new_key() -> None:
    """新建密钥文件,一次即可;丢失则数据无法恢复 / make the key file, once. Lost keys mean lost data: back it up."""
    vault.make_keys(settings().key_path)
    out.print(f"{say('密钥文件', 'key file')}: {settings().key_path}")
