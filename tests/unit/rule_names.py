"""Reads the names of rules and events from the source, so that a new one without words fails a test."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

DISPATCHER = Path(__file__).parents[2] / "dispatcher"
# Where journal entries are written: the core of casework, and what happens to a warning around it.
WRITER_NOTE = "writer.note"
JOURNALLED = ("casework", "intake", "delivery", "visits", "supervision")


@dataclass(frozen=True)
class Named:
    """What stands where a name is expected: the name itself, or the source of an expression that makes it."""

    text: str
    is_name: bool
    where: str


def rules() -> set[Named]:
    """Rules of the engine's decisions and of casework's journal entries."""
    modules = _modules("engine", *JOURNALLED)
    makers = {name for _, tree in modules for name in _makers(tree)}
    return {named for path, tree in modules for named in _rules(path, tree, makers)}


def events() -> set[Named]:
    """Events of journal entries that carry a rule."""
    modules = _modules(*JOURNALLED)
    return {named for path, tree in modules for named in _events(path, tree)}


def all_events() -> set[Named]:
    """Events of all journal entries, whether they carry a rule or not."""
    modules = _modules(*JOURNALLED)
    return {named for path, tree in modules for named in _written(path, tree)}


def _written(path: str, tree: ast.Module) -> Iterator[Named]:
    for function, call in _calls(tree):
        is_order = path.startswith("supervision/") and isinstance(call.func, ast.Name)  # its text is the rule
        if _name(call.func) in ("note", "_note", "_noted", "note_without_case") and not is_order:
            texts = [each for each in call.args if isinstance(each, ast.Constant | ast.JoinedStr)]
            for value in texts[:1]:
                yield from _named(value, function, path)


def _modules(*packages: str) -> list[tuple[str, ast.Module]]:
    paths = (path for package in packages for path in sorted((DISPATCHER / package).glob("*.py")))
    return [(f"{path.parent.name}/{path.name}", ast.parse(path.read_text("utf-8"))) for path in paths]


def _makers(tree: ast.Module) -> Iterator[str]:
    """Decisions, whose first field is `rule`, and functions whose first argument is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            fields = [each.target for each in node.body if isinstance(each, ast.AnnAssign)]
            if fields and isinstance(fields[0], ast.Name) and fields[0].id == "rule":
                yield node.name
        elif isinstance(node, ast.FunctionDef) and [ast.unparse(each) for each in node.args.args[:1]] == ["rule: str"]:
            yield node.name


def _rules(path: str, tree: ast.Module, makers: set[str]) -> Iterator[Named]:
    for call in _calls_of_tables(tree):
        if _called(call) in makers:
            names = (each.value for each in call.args[:1] if isinstance(each, ast.Constant))
            yield from (Named(str(name), True, path) for name in names)
    for function, call in _calls(tree):
        keywords = [each.value for each in call.keywords if each.arg == "rule"]
        first = call.args[:1] if _called(call) in makers else []
        for value in (*first, *keywords):
            yield from _named(value, function, path)


def _events(path: str, tree: ast.Module) -> Iterator[Named]:
    """The event is the first text among what `note` and its like are given."""
    for function, call in _calls(tree):
        if _called(call) in ("note", "_note", "_noted", WRITER_NOTE) and _carries_a_rule(path, call):
            texts = [each for each in call.args if isinstance(each, ast.Constant | ast.JoinedStr)]
            for value in texts[:1]:
                yield from _named(value, function, path)


def _carries_a_rule(path: str, call: ast.Call) -> bool:
    """As a keyword; or because the writer of decisions, or this module's helper, always gives one."""
    given = any(each.arg == "rule" for each in call.keywords)
    return given or _called(call) in (WRITER_NOTE, "_noted") or path.endswith("/events.py")


def _calls(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef, ast.Call]]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            yield from ((function, node) for node in ast.walk(function) if isinstance(node, ast.Call))


def _calls_of_tables(tree: ast.Module) -> Iterator[ast.Call]:
    """What stands in a table of the module, in no function."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            yield from (node for node in ast.walk(statement) if isinstance(node, ast.Call))


def _named(value: ast.expr, function: ast.FunctionDef, path: str) -> Iterator[Named]:
    """Follows what leads to the name: a condition, a variable. What is handed through was named elsewhere."""
    match value:
        case ast.Constant(value=str(name)):
            yield Named(name, True, path)
        case ast.Constant(value=None) | ast.Attribute(attr="rule"):
            return
        case ast.IfExp():
            for branch in (value.body, value.orelse):
                yield from _named(branch, function, path)
        case ast.Name(id=name) if name in _arguments(function):
            return
        case ast.Name(id=name):
            for assigned in _assigned(name, function):
                yield from _named(assigned, function, path)
        case _:
            yield Named(ast.unparse(value), False, path)


def _arguments(function: ast.FunctionDef) -> set[str]:
    return {each.arg for each in (*function.args.args, *function.args.kwonlyargs)}


def _assigned(name: str, function: ast.FunctionDef) -> Iterable[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and any(_name(target) == name for target in node.targets):
            yield node.value


def _called(call: ast.Call) -> str:
    """A function by its name, a decision also behind its module; of methods only `note`, and whose it is."""
    method = _name(call.func)
    if isinstance(call.func, ast.Name) or method[:1].isupper() or method == "note":
        by_writer = isinstance(call.func, ast.Attribute) and _name(call.func.value) in ("hand", "writer")
        return WRITER_NOTE if by_writer else method
    return ""


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
