"""Fault injection for tests of the local AWS."""
