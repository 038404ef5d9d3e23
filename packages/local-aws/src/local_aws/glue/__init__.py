"""Glue made real: job runs are Spark processes, crawls list what lies in the bucket."""
