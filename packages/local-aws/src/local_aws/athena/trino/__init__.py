"""Athena's own engine: a Trino on this machine runs the queries (`local-aws up --athena trino`)."""
