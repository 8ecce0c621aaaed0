"""A pytest plugin for runs that only ask whether the tests notice: few examples, always the same, never shrunk."""

import os
from typing import Any

import pytest
from hypothesis import Phase, is_hypothesis_test, settings

EXAMPLES = 30

settings.register_profile(
    "quick", settings.get_profile("ci"), derandomize=True, database=None, phases=(Phase.explicit, Phase.generate)
)
os.environ.setdefault("HYPOTHESIS_PROFILE", "quick")  # which the tests' own conftest loads


def pytest_itemcollected(item: pytest.Item) -> None:
    """What a test's own decorator asks for wins over any profile, so it is changed here."""
    test: Any = getattr(item, "obj", None)
    if is_hypothesis_test(test):
        own = test._hypothesis_internal_use_settings
        test._hypothesis_internal_use_settings = settings(own, max_examples=min(own.max_examples, EXAMPLES))
