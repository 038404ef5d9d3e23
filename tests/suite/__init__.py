"""Rules of the whole test suite: what tests may start, their order, and the account at the end."""
