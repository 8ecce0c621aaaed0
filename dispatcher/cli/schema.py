"""schema: what is pushed, as JSON Schema. Needs no database."""

import json
from typing import Annotated

import typer

from dispatcher.cli.output import out
from dispatcher.errors import OperatorError
from schemas import instruction

_SCHEMAS = {"instruction": instruction.json_schema}


def register(app: typer.Typer) -> None:
    app.command()(schema)


def schema(
    name: Annotated[str, typer.Argument(help="instruction")] = "instruction",
) -> None:
    """JSON Schema 格式说明 / JSON Schema of what is pushed."""
    if name not in _SCHEMAS:
        raise OperatorError(f"没有格式 {name}", f"no schema {name}; one of: {', '.join(_SCHEMAS)}")
    out.print_json(json.dumps(_SCHEMAS[name](), ensure_ascii=False))
