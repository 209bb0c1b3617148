"""What holds for every test: Hypothesis tries the same examples each time, at its own pace."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")
