"""vocabulary: the words of the sources. Is a file of them usable, and what is read as what. Needs no database."""

from pathlib import Path
from typing import Annotated

import typer

from dispatcher import vocabulary
from dispatcher.cli.output import err, json_line, out, say
from dispatcher.errors import OperatorError
from dispatcher.settings import settings
from schemas import vocabularies, word_file
from schemas.vocabularies import Vocabulary
from schemas.word_file import WordFileError

group = typer.Typer(help="词表 / the words of the sources: check, show.", no_args_is_help=True)

_FAULTY = 1


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="vocabulary")


@group.command()
def check(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="默认为生效的词表 the one in force")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="有可疑之处也算失败 / exit 1 on oddities too")] = False,
) -> None:
    """检查词表文件:错误每行一条(退出码 1),可疑之处以 odd: 开头 / every fault and oddity of a file, one a line."""
    path = file or settings().vocabulary_file
    try:
        vocabularies.load(path)
        odd = list(vocabularies.oddities(word_file.read(path))) if path else []
    except WordFileError as error:
        for fault in error.errors:
            err.print(fault, highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(_FAULTY) from None
    for finding in odd:
        out.print(f"odd: {finding}", highlight=False, markup=False, soft_wrap=True)
    if odd and strict:
        raise typer.Exit(_FAULTY)
    out.print(say("词表可用", "the words can be used"), highlight=False)


@group.command()
def show(
    table: Annotated[str | None, typer.Option(help="只看一表 one table: urgency, relation, …")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """生效的词表,按比较时的写法;+ 为本单位所加 / the words in force as they are compared; + marks the centre's own."""
    own = vocabulary.load(settings().vocabulary_file)
    if table is not None and table not in own.tables:
        raise OperatorError("--table 有误", f"--table: one of {', '.join(own.tables)}")
    for name in [table] if table else own.tables:
        if json:
            json_line({"table": name, "codes": _by_code(own, name)})
        else:
            _print(own, name)


def _print(own: Vocabulary, table: str) -> None:
    shipped = vocabularies.SHIPPED.tables[table]
    out.print(f"[{table}]", highlight=False, markup=False)
    for code, words in _by_code(own, table).items():
        marked = (word if shipped.get(word) == code else f"+{word}" for word in words)
        out.print(f"  {code}: {' '.join(marked)}", highlight=False, markup=False, soft_wrap=True)


def _by_code(own: Vocabulary, table: str) -> dict[str, list[str]]:
    words = own.tables[table]
    return {code: [word for word, each in words.items() if each == code] for code in dict.fromkeys(words.values())}
