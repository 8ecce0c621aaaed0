"""How many random histories are tried: `make laws` tries many more than every day's run."""

import os

from hypothesis import settings

settings.register_profile("laws", max_examples=10_000, deadline=None, derandomize=False, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
