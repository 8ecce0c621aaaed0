"""The digest of a policy: of what it means, whatever it is called."""

from pathlib import Path

from policies import DEFAULTS, put, table, write

from dispatcher.policy import load
from dispatcher.policy.content import content, differing, digest

# Whoever changes what a released version says gives it a new name: databases refuse the same name with other content.
RELEASED = {"default-1": "8b62f7ba6553f51a7701711b9ed0e7d0"}


def test_the_built_in_policy_says_what_its_version_said_when_it_was_released() -> None:
    assert RELEASED.get(load().version) == digest(load()), "give dispatcher/policy/defaults.toml a new version"


def test_order_comments_and_the_name_make_no_difference(tmp_path: Path) -> None:
    renamed = load(write(tmp_path / "own.toml", put(dict(reversed(table().items())), "version", "our-city-1")))
    assert digest(renamed) == digest(load(DEFAULTS))
    assert "version" not in content(renamed)


def test_one_number_makes_a_difference_and_is_named(tmp_path: Path) -> None:
    other = load(write(tmp_path / "own.toml", put(table(), "urgency.low.voice.again", "5h")))
    assert digest(other) != digest(load())
    assert differing(other, content(load())) == ["urgency.low.voice.again"]
    assert differing(load(), content(load())) == []
