"""Checks of the template and the state machine against what others than this project say of AWS."""
