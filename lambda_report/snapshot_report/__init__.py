"""The report of a published snapshot as one HTML page: input, output, checks, time and cost."""
