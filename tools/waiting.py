"""Timeouts of tests."""

from __future__ import annotations

HANG = 300.0
"""Seconds after which a test assumes a hang. Events normally come far sooner, but later on a loaded machine."""
