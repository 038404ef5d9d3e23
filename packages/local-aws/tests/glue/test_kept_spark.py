"""A Java that stays between job runs: what is each run's own all the same, and when it does not stay."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from local_aws.glue import job_runs, spark_runtime
from local_aws.glue import jobs as glue_jobs
from local_aws.glue.kept_spark import KeptSpark
from local_aws.glue.quick_python import quick
from local_aws.glue.spark_runtime import own_runtime
from local_aws_harness.glue_jobs import CODE, Jobs
from local_aws_harness.served import serve
from local_aws_harness.waiting import HANG

pytestmark = pytest.mark.spark_process

ABOUT_ITSELF = """
    import os, sys
    from pyspark.sql import SparkSession
    from told import WORD
    spark = SparkSession.builder.getOrCreate()
    sys_properties = spark._jvm.java.lang.System
    print("JAVA", spark._jvm.java.lang.ProcessHandle.current().pid())
    print("CONTEXT", spark.sparkContext.applicationId)
    print("WORD", WORD)
    key = lambda _: os.environ["AWS_ACCESS_KEY_ID"]
    print("DRIVER", key(None), "WORKER", *spark.sparkContext.parallelize([0], 1).map(key).collect())
    imported = lambda _: "pyarrow.parquet" in sys.modules and "told" not in sys.modules
    print("PREPARED", *spark.sparkContext.parallelize([0], 1).map(imported).collect())
    jars = lambda _: [each for each in (*sys.path, *sys.path_importer_cache) if ".jar" in each]
    print("JARS", *spark.sparkContext.parallelize([0], 1).map(jars).collect())
    print("LEFT", sys_properties.getProperty("spark.left"), spark.conf.get("spark.sql.left", "nothing"))
    print("VIEWS", [table.name for table in spark.catalog.listTables()])
    sys_properties.setProperty("spark.left", "here")
    spark.conf.set("spark.sql.left", "here")
    spark.range(3).createOrReplaceTempView("left")
    print("SEEN", spark.read.text("s3://{code}/{key}").count())
"""


JAVA_ALONE = """
    from pyspark.sql import SparkSession
    spark = SparkSession.builder.getOrCreate()
    print("JAVA", spark._jvm.java.lang.ProcessHandle.current().pid())
"""


@dataclass
class Warmed:
    """Jobs on a world that was warmed up, the processes that this has started, and the Java of the first run."""

    jobs: Jobs
    started: set[int]
    java: int


def javas() -> set[int]:
    """This process's children that are a Java with Spark, by process id."""
    found = set()
    for each in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            found |= {each.pid} if "pyspark-shell" in each.cmdline() else set()
    return found


@pytest.fixture(scope="module")
def warmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warmed]:
    kept, earlier = KeptSpark(), javas()
    with serve(tmp_path_factory.mktemp("world"), glue_jobs.install, spark=kept) as served:
        jobs = Jobs(served)
        name = jobs.create(JAVA_ALONE)
        glue_jobs.warm_up(served.world)
        deadline = time.monotonic() + HANG
        while not (started := javas() - earlier):
            assert time.monotonic() < deadline, "no Java starts"
            time.sleep(0.01)
        yield Warmed(jobs, started, int(printed(jobs, name)["JAVA"]))
    kept.close()


@pytest.fixture
def jobs(warmed: Warmed) -> Jobs:
    return warmed.jobs


def said(jobs: Jobs, name: str, word: str) -> dict[str, str]:
    """What a job of ABOUT_ITSELF prints, which must succeed."""
    library = f"code/{word}/told.py"
    jobs.s3.put_object(Bucket=CODE, Key=library, Body=f"WORD = {word!r}\n".encode())
    return printed(jobs, name, **{"extra-py-files": f"s3://{CODE}/{library}"})


def printed(jobs: Jobs, name: str, **arguments: str) -> dict[str, str]:
    """What a job prints, which must succeed: the first word of a line -> the rest."""
    reported = jobs.run(name, **arguments)
    log = jobs.log(name, reported["Id"])
    assert reported["JobRunState"] == "SUCCEEDED", log
    lines = [line.partition(" ") for line in log.splitlines()]
    return {first: rest for first, _, rest in lines if first.isupper()}


def java_of(jobs: Jobs) -> int:
    """The process id of the Java of a run."""
    return int(printed(jobs, jobs.create(JAVA_ALONE))["JAVA"])


def test_runs_share_a_java_and_nothing_else(jobs: Jobs) -> None:
    name = jobs.create(ABOUT_ITSELF.format(code=CODE, key="code/first/told.py"))
    first, second = said(jobs, name, "first"), said(jobs, name, "second")
    assert first["JAVA"] == second["JAVA"]
    assert first["CONTEXT"] != second["CONTEXT"]
    assert (first["WORD"], second["WORD"]) == ("first", "second")
    keys = [reported["DRIVER"].split(" WORKER ") for reported in (first, second)]
    assert [driver == worker for driver, worker in keys] == [True, True]
    assert keys[0] != keys[1]
    assert first["PREPARED"] == second["PREPARED"] == "True"
    assert first["JARS"] == second["JARS"] == "[]"
    assert first["LEFT"] == second["LEFT"] == "None nothing"
    assert first["VIEWS"] == second["VIEWS"] == "[]"
    assert first["SEEN"] == second["SEEN"] == "1"


def test_a_run_that_fails_leaves_the_java_and_tells_its_error(jobs: Jobs) -> None:
    failing = jobs.create(f"{JAVA_ALONE}    raise ValueError('not today')")
    reported = jobs.run(failing)
    assert reported["ErrorMessage"].endswith("Failed Line Number: 5; ValueError: not today")
    assert f"JAVA {java_of(jobs)}\n" in jobs.log(failing, reported["Id"])


def test_a_second_run_at_the_same_time_has_its_own_java(jobs: Jobs) -> None:
    kept = java_of(jobs)
    lasting = jobs.create("""
        import time
        from pyspark.sql import SparkSession
        spark = SparkSession.builder.getOrCreate()
        print("JAVA", spark._jvm.java.lang.ProcessHandle.current().pid(), flush=True)
        time.sleep(6000)
    """)
    run = jobs.start(lasting)
    deadline = time.monotonic() + HANG
    while "JAVA" not in (jobs.log(lasting, run) if jobs.get(lasting, run)["JobRunState"] == "RUNNING" else ""):
        assert time.monotonic() < deadline, "the first run does not begin"
        time.sleep(0.1)
    assert f"JAVA {kept}" in jobs.log(lasting, run)
    assert java_of(jobs) != kept
    jobs.glue.batch_stop_job_run(JobName=lasting, JobRunIds=[run])
    jobs.until(lasting, run, "STOPPED")
    assert not psutil.pid_exists(kept)


def test_an_ended_java_leaves_nothing_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    runtime = quick(own_runtime())
    script = "from pyspark import SparkContext, SparkFiles; SparkContext(); print(SparkFiles.getRootDirectory())"
    kept = KeptSpark()
    with kept.lend(runtime, {}, []) as lent:
        assert lent is not None
        environment = {**spark_runtime.environment(runtime), **lent.environment}
        said = subprocess.run(
            [runtime.python, "-c", script], env=environment, capture_output=True, text=True, check=True
        ).stdout
        assert tmp_path in Path(said.strip()).parents
        lent.exit_code = 0
    kept.close()
    assert list(tmp_path.iterdir()) == []


def test_a_java_that_died_is_replaced(jobs: Jobs) -> None:
    before = java_of(jobs)
    psutil.Process(before).kill()
    assert java_of(jobs) != before


def test_a_run_that_is_ended_takes_its_java_along(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    before = java_of(jobs)
    lasting = jobs.create("import time; time.sleep(6000)", Timeout=1)
    monkeypatch.setattr(job_runs, "SECONDS_PER_MINUTE", 0.3)
    assert jobs.run(lasting)["JobRunState"] == "TIMEOUT"
    assert not psutil.pid_exists(before)


def test_it_ends_with_the_process_that_keeps_it(tmp_path: Path) -> None:
    program = tmp_path / "keeps.py"
    program.write_text(
        "import os\n"
        "from local_aws.glue.kept_spark import KeptSpark\n"
        "from local_aws.glue.quick_python import quick\n"
        "from local_aws.glue.spark_runtime import own_runtime\n"
        "with KeptSpark().lend(quick(own_runtime()), {}, []) as lent:\n"
        "    print(lent.environment['PYSPARK_GATEWAY_PORT'], flush=True)\n"
        "    os._exit(0)\n"
    )
    root = Path(__file__).parents[4]
    ended = subprocess.run(
        [sys.executable, program],
        env={"PYTHONPATH": str(root), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    deadline = time.monotonic() + HANG
    while any(str(tmp_path) in (each.info["cwd"] or "") for each in psutil.process_iter(["cwd"])):
        assert time.monotonic() < deadline, "Java goes on without the process that started it"
        time.sleep(0.1)


def test_the_first_run_waits_for_the_java_that_is_warmed_up(warmed: Warmed) -> None:
    assert warmed.java in warmed.started
