"""How many random histories are tried: `make laws` tries many more than every day's run."""

import os

from hypothesis import HealthCheck, settings

# No example fails for its time: that is the machine's.
settings.register_profile("everyday", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("laws", max_examples=10_000, deadline=None, derandomize=False, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))
