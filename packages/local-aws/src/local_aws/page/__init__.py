"""The page that the local AWS serves to a browser: stacks, executions, tables, reports, notices and queries."""
