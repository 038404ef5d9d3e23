"""How often a process with a local AWS looks for garbage."""

from __future__ import annotations

RARELY = (20_000, 20, 20)
"""Thresholds for `gc.set_threshold`.

moto and the service models are half a million objects that stay. Python's own thresholds (700, 10, 10) have the
collector look at all of them each time a client of boto3 is made, which reads some hundred thousand more.
"""
