"""What a Python shell job finds of Glue's own package: the utilities that need no Spark."""
