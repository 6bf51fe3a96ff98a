"""What all tests share: hypothesis finds the same examples in every run, however slow the machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("corrconv", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("corrconv")
