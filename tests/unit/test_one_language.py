"""What the commands print is in one language; help, mistakes and refusals are in both, since they are looked up."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CLI = Path(__file__).parents[2] / "dispatcher" / "cli"
SCREENS = [path for path in sorted(CLI.glob("*.py")) if path.stem != "commands"]  # help
IN_BOTH = {"OperatorError", "bilingual", "Option", "Argument", "Typer", "Remedy", "code_list"}
# What is typed or proper is the same in both.
SAME_IN_BOTH = re.compile(r"dispatcher( [a-z-]+)*|--[a-z-]+|docs/\S+|\b(JSON|Redis|Celery|SMS|CASE|ID|WHO|WHY|BADGE)\b")
HAN, LATIN = re.compile(r"[一-鿿]"), re.compile(r"[A-Za-z]{2,}")


def texts(node: ast.AST) -> Iterator[str]:
    """The literals below a node that may be printed; what is filled into an f-string stands for itself."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in IN_BOTH:
            return
        case ast.JoinedStr(values=values):
            yield "".join(each.value for each in values if isinstance(each, ast.Constant))
            for each in values:
                if isinstance(each, ast.FormattedValue):
                    yield from texts(each.value)
        case ast.Constant(value=str(text)):
            yield text
        case ast.Expr(value=ast.Constant()):
            return  # a docstring
        case _:
            for child in ast.iter_child_nodes(node):
                yield from texts(child)


def mixed(source: str) -> list[str]:
    found = ((text, SAME_IN_BOTH.sub("", text)) for text in texts(ast.parse(source)))
    return [text for text, own in found if HAN.search(own) and LATIN.search(own)]


@pytest.mark.parametrize("path", SCREENS, ids=lambda path: path.stem)
def test_no_text_that_is_printed_has_both_languages(path: Path) -> None:
    assert mixed(path.read_text("utf-8")) == []


def test_such_a_text_would_be_found() -> None:
    assert mixed('print(f"任务 cases: {count}")') == ["任务 cases: "]
    assert (
        mixed('Option(help="任务号 case id")\nraise OperatorError("有误", "is wrong")\nsay("全部用 --json", "all")')
        == []
    )
