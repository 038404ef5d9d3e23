"""`python -m local_aws.operations`."""

from local_aws.operations.cli import app

app(prog_name="operations")
