"""schema: what is pushed, as JSON Schema. Needs no database."""

import json
import sys
from typing import Annotated

import typer

from dispatcher.cli.encoding import is_utf
from dispatcher.cli.output import out
from dispatcher.errors import OperatorError
from schemas.instruction import PUSHED, json_schema

_INSTRUCTION = "instruction"
_NAMES = (_INSTRUCTION, *PUSHED)


def register(app: typer.Typer) -> None:
    app.command()(schema)


def schema(
    name: Annotated[str, typer.Argument(help=", ".join(_NAMES))] = _INSTRUCTION,
) -> None:
    """JSON Schema 格式说明 / JSON Schema of what is pushed."""
    if name not in _NAMES:
        raise OperatorError(f"没有格式 {name}", f"no schema {name}; one of: {', '.join(_NAMES)}")
    op = "create" if name == _INSTRUCTION else name
    out.print_json(json.dumps(json_schema(op), ensure_ascii=not is_utf(sys.stdout)))
