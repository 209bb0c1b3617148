"""What holds for every test: Hypothesis tries the same examples each time, at its own pace."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")
# `make fuzz`: many cases, by a seed that it tells; none is kept between runs.
cases = int(os.environ.get("CASES", "10000"))
settings.register_profile("fuzz", max_examples=cases, database=None, deadline=None, print_blob=True)
