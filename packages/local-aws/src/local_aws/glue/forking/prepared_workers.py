"""Spark's process that forks Python workers, once it has imported what most jobs import in a worker.

Spark starts it by the setting `spark.python.daemon.module` in place of `pyspark.daemon`, which it calls.
"""

from __future__ import annotations

from local_aws_imports import forget_spark_jar, import_common  # type: ignore[import-not-found]
from pyspark import daemon

if __name__ == "__main__":
    forget_spark_jar()  # first: the imports look in it
    import_common()
    daemon.manager()  # type: ignore[no-untyped-call]
