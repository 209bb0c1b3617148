"""What holds for every test: Hypothesis tries the same examples each time, at its own pace."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")
# `make fuzz`: many cases, by a seed that is told, and none kept between runs.
settings.register_profile("fuzz", max_examples=10_000, database=None, deadline=None, print_blob=True)
