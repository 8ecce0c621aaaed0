"""How many random histories are tried: HYPOTHESIS_PROFILE=laws tries many more than every day's run."""

import os

from hypothesis import settings

settings.register_profile("default", max_examples=400, deadline=None)
settings.register_profile(
    "laws", max_examples=int(os.environ.get("LAWS", "10000")), deadline=None, derandomize=False, print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
