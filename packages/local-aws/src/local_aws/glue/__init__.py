"""Glue: job runs are Spark processes, crawls list the objects in the bucket."""
