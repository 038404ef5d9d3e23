"""Checks of the template and the state machine against external sources on AWS."""
