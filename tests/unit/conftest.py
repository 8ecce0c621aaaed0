"""How many random histories are tried (`make laws` tries many more than every day's run), and what unit tests share."""

import os

import pytest
from hypothesis import HealthCheck, settings

from dispatcher import policy, texts, vault
from dispatcher.casework.context import Context
from dispatcher.clock import Clock
from dispatcher.wake import Silent

# No example fails for its time: that is the machine's.
settings.register_profile("everyday", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("laws", max_examples=10_000, deadline=None, derandomize=False, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))


@pytest.fixture(scope="session")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """What ships: policy, texts and vocabulary; with keys of its own, and nobody to wake."""
    keys = vault.load(tmp_path_factory.mktemp("keys") / "keys.json", make=True)
    return Context(policy=policy.load(), vault=keys, clock=Clock("real"), texts=texts.load(), wake=Silent())
