"""How long a test waits for what must come."""

from __future__ import annotations

HANG = 300.0
"""Seconds after which something hangs. It comes far sooner, but nobody knows when on a machine under load."""
