"""Mutates the engine and asks its tests to notice: `make mutants`, `make mutants-short`. See docs/testing.md.

mutmut works in a throw-away copy of the tree, so nothing of it stays here and no old verdict is believed.
"""

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

ROOT = Path(__file__).parents[2]
ENGINE = "dispatcher/engine"
ACCEPTED = Path(__file__).with_name("accepted.toml")
FLOOR = 0.9
# A mutant that never ends is noticed too: somebody would have to stop it.
KILLED = frozenset({"killed", "timeout", "segfault"})


@dataclass(frozen=True)
class Mutant:
    """Its function and its change name it, wherever that function stands."""

    function: str
    change: str
    status: str
    place: str

    @property
    def key(self) -> tuple[str, str]:
        return self.function, self.change


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", help=f"of {ENGINE}; all of them unless some are named")
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    files = tuple(asked.files or [path.name for path in sorted((ROOT / ENGINE).glob("*.py"))])
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, chdir(folder):
        _copy(Path(folder), files)
        _mutate(asked.workers)
        mutants = list(_verdicts(files))
    return _report(mutants, _accepted(), whole=not asked.files)


def _copy(to: Path, files: tuple[str, ...]) -> None:
    """What the engine's unit tests need, and mutmut's settings."""
    ignored = shutil.ignore_patterns("__pycache__")
    for part in ("dispatcher", "schemas", "providers", "tests/unit", "tests/mutants"):
        shutil.copytree(ROOT / part, to / part, ignore=ignored)
    for path in (to / ENGINE).glob("*.py"):
        path.write_text(_unfold_properties(path.read_text("utf-8")), "utf-8")
    tests = [str(path.relative_to(to)) for path in sorted((to / "tests/unit").glob("test_engine*.py"))]
    settings = {
        "source_paths": ["dispatcher", "schemas", "providers"],
        "only_mutate": [f"{ENGINE}/{name}" for name in files],
        # The laws' long days would cost each survivor more than all other tests together.
        "pytest_add_cli_args": ["-p", "tests.mutants.quick", "-p", "no:cacheprovider", "-k", "not for_days"],
        "pytest_add_cli_args_test_selection": tests,
        # In real time too, and the machine may be busy.
        "timeout_multiplier": 5.0,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    ours = (ROOT / "pyproject.toml").read_text("utf-8")
    (to / "pyproject.toml").write_text("\n".join([ours, "[tool.mutmut]", *lines, ""]), "utf-8")


def _unfold_properties(source: str) -> str:
    """mutmut leaves decorated functions alone, but a property is a rule like any other."""
    lines = source.splitlines()
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    for each in sorted(functions, key=lambda node: -node.lineno):
        if [ast.unparse(decorator) for decorator in each.decorator_list] == ["property"]:
            lines.insert(each.end_lineno or each.lineno, f"{' ' * each.col_offset}{each.name} = property({each.name})")
            del lines[each.decorator_list[0].lineno - 1]
    return "\n".join([*lines, ""])


def _mutate(workers: int) -> None:
    """mutmut sorts each mutant's tests by duration and stops at the first that fails."""
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(workers)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    said: list[str] = []
    begin = shown = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as mutmut:
        for line in mutmut.stdout or ():
            count = re.search(r"(\d+)/(\d+)  ", line)
            if not count:
                said.append(line)
            now = time.monotonic()
            if count and (now - shown > 15 or count[1] == count[2]):
                shown = now
                print(f"{count[1]}/{count[2]} mutants tried, {now - begin:.0f} s", flush=True)
    if mutmut.returncode:
        sys.exit("".join(said[-100:]) + f"mutmut ended with {mutmut.returncode}; do the engine's tests pass?")


def _verdicts(files: tuple[str, ...]) -> Iterator[Mutant]:
    for name in files:
        path = Path(ENGINE) / name
        meta = Path("mutants") / f"{path}.meta"
        codes: dict[str, int | None] = json.loads(meta.read_text("utf-8"))["exit_code_by_key"] if meta.exists() else {}
        defined = _definitions(ROOT / path)
        for mutant, code in codes.items():
            function, owner = orig_function_and_class_names_from_key(mutant)
            qualified = f"{owner}.{function}" if owner else function
            offset, change = _change(get_diff_for_mutant(mutant, path=path))
            place = f"{path}:{defined[qualified] + offset}"
            yield Mutant(qualified, change, status_by_exit_code[code], place)


def _definitions(path: Path) -> dict[str, int]:
    """The line of each function's `def`."""
    tree = ast.parse(path.read_text("utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    functions = {node.name: node.lineno for node in tree.body if isinstance(node, ast.FunctionDef)}
    methods = {
        f"{owner.name}.{node.name}": node.lineno
        for owner in classes
        for node in owner.body
        if isinstance(node, ast.FunctionDef)
    }
    return functions | methods


def _change(diff: str) -> tuple[int, str]:
    """Where in its function a mutant differs, and how: the changed lines without their indentation."""
    head, *body = diff.splitlines()[2:]
    begin = int(head.split()[1].lstrip("-").split(",")[0])
    before = next(index for index, line in enumerate(body) if line[0] != " ")
    sides = {side: " ".join(line[1:].strip() for line in body if line[0] == side) for side in "-+"}
    return begin - 1 + before, "\n".join(f"{side} {text}" for side, text in sides.items())


def _accepted() -> dict[tuple[str, str], list[str]]:
    """The reasons of the survivors that we live with; one that survives twice in a function stands there twice."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for each in tomllib.loads(ACCEPTED.read_text("utf-8"))["survivor"]:
        if each["why"].strip():
            reasons.setdefault((each["function"], each["change"].strip()), []).append(each["why"])
    return reasons


def _report(mutants: list[Mutant], accepted: dict[tuple[str, str], list[str]], *, whole: bool) -> int:
    survivors = [each for each in mutants if each.status not in KILLED]
    without_reason = []
    for each in survivors:
        reasons = accepted.get(each.key)
        if reasons:
            print(f"\naccepted  {each.place} {each.function}\n{each.change}\n  because {reasons.pop()}")
        else:
            without_reason.append(each)
    for each in without_reason:
        print(f"\n{each.status.upper()}  {each.place} {each.function}\n{each.change}")
    if whole:
        for (where, change), reasons in accepted.items():
            print(
                *(f"\nno longer survives, strike it from {ACCEPTED.name}: {where}\n{change}" for _ in reasons), sep=""
            )
    killed = len(mutants) - len(survivors)
    score = killed / len(mutants)
    per_file = Counter(each.place.partition(":")[0] for each in survivors)
    print("\nsurvivors by file:", ", ".join(f"{path} {count}" for path, count in per_file.most_common()) or "none")
    print(f"killed {killed}, survived {len(survivors)}, of {len(mutants)}: score {score:.1%}, floor {FLOOR:.0%}")
    print(f"survivors without a reason: {len(without_reason)}")
    return int(score < FLOOR or bool(without_reason))


if __name__ == "__main__":
    sys.exit(main())
