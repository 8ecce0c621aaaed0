"""docs/providers.md lists the adapters that there are, and storage belongs to one of them."""

import re
from importlib.metadata import distribution
from pathlib import Path

from dispatcher.setup import STORAGE_GROUP
from providers import registry

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"


def built_in(group: str) -> list[str]:
    return sorted(entry.name for entry in distribution("warning-dispatcher").entry_points.select(group=group))


def test_every_built_in_adapter_has_its_row() -> None:
    section = PAGE.read_text("utf-8").split("\n## Adapters\n")[1].split("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == built_in(registry.GROUP)


def test_storage_is_named_as_its_adapter() -> None:
    assert set(built_in(STORAGE_GROUP)) <= set(built_in(registry.GROUP))
