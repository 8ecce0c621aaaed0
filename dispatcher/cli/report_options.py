"""The options of a command that takes an officer's report, from the fields of the report itself."""

import inspect
from collections.abc import Callable, Iterable
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

from schemas.officer_report import OfficerReport, fields_of, label_of
from schemas.vocabulary import Code

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


def code_list(title: str, codes: Iterable[Code]) -> str:
    """Codes with their names, one a line, as the help of a command ends with them."""
    known = list(codes)
    width = max(map(len, known))
    return "\n".join(["\b", title, *(f"  {each.value:<{width}}  {each.zh}  {each.en}" for each in known)])


def _option(name: str) -> inspect.Parameter:
    field = OfficerReport.model_fields[name]
    kind, limits = _kind(field.annotation)
    words = [word for each in get_args(field.annotation) if get_origin(each) is Literal for word in get_args(each)]
    if words:
        option = typer.Option(help=label_of(name), metavar="|".join(["N", *words]), parser=_number_or(words, **limits))
        annotated = Annotated[str | None, option]
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotated)
    option = typer.Option(help=label_of(name), case_sensitive=False, **limits)
    typed = kind if field.default is not None else kind | None
    annotation = Annotated[typed, option]  # type: ignore[valid-type]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotation)


def _number_or(words: list[str], min: int, max: int) -> Callable[[str], int | str]:
    """Reads a number within its limits, or one of these words."""

    def read(text: str) -> int | str:
        if text.lower() in words:
            return text.lower()
        if not (text.isdecimal() and text.isascii() and min <= int(text[:30]) <= max):
            raise typer.BadParameter(f"{min} … {max}, {', '.join(words)}")
        return int(text)

    return read


def _kind(annotation: Any) -> tuple[Any, dict[str, Any]]:
    """The type that is typed in, with the limits of a number."""
    kind = next((each for each in get_args(annotation) if each is not NoneType), annotation)
    if not hasattr(kind, "__metadata__"):
        return kind, {}
    marks = [mark for each in kind.__metadata__ for mark in getattr(each, "metadata", [each])]
    limits = {"min": "ge", "max": "le"}
    found = {name: getattr(mark, bound) for name, bound in limits.items() for mark in marks if hasattr(mark, bound)}
    return get_args(kind)[0], found
