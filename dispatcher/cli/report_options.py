"""The options of a command that takes an officer's report, from the fields of the report itself."""

import inspect
from collections.abc import Callable
from types import NoneType
from typing import Annotated, Any, get_args

import typer

from schemas.officer_report import OfficerReport, fields_of, label_of

Command = Callable[..., None]


def report_options(step: str) -> Callable[[Command], Command]:
    """Instead of its `**details` a command gets an option for each field of the step that it does not name itself."""

    def add(command: Command) -> Command:
        signature = inspect.signature(command, eval_str=True)
        named = {name: each for name, each in signature.parameters.items() if each.kind is not each.VAR_KEYWORD}
        added = {name: _option(name) for name in fields_of(step) if name not in named}
        parameters = list((named | added).values())
        # Where typer looks for them.
        command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        return command

    return add


def _option(name: str) -> inspect.Parameter:
    field = OfficerReport.model_fields[name]
    kind, limits = _kind(field.annotation)
    option = typer.Option(help=label_of(name), case_sensitive=False, **limits)
    typed = kind if field.default is not None else kind | None
    annotation = Annotated[typed, option]  # type: ignore[valid-type]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotation)


def _kind(annotation: Any) -> tuple[Any, dict[str, Any]]:
    """The type that is typed in, with the limits of a number."""
    kind = next((each for each in get_args(annotation) if each is not NoneType), annotation)
    if not hasattr(kind, "__metadata__"):
        return kind, {}
    marks = [mark for each in kind.__metadata__ for mark in getattr(each, "metadata", [each])]
    limits = {"min": "ge", "max": "le"}
    found = {name: getattr(mark, bound) for name, bound in limits.items() for mark in marks if hasattr(mark, bound)}
    return get_args(kind)[0], found
