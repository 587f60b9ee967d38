"""Hypothesis without its deadline: how long an example takes is the machine's affair."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
