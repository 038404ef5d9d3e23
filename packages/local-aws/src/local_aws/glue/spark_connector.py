"""Spark's S3 connector: the jars of a Glue version, downloaded from Maven Central once."""

from __future__ import annotations

import os
import ssl
import subprocess
import tempfile
import warnings
from pathlib import Path

from local_aws.glue.spark_runtime import CACHE, SparkRuntime, SparkRuntimeError, environment, own_runtime


def connector_jars(runtime: SparkRuntime) -> Path:
    """The folder with the S3 connector's jars, which are downloaded from Maven Central once.

    Raises SparkRuntimeError if the download fails.
    """
    folder = CACHE / f"connector-spark-{runtime.glue.spark}"
    if not folder.exists():
        _resolve(runtime, folder)
    return folder


def _resolve(runtime: SparkRuntime, folder: Path) -> None:
    """Download the packages with Spark's resolver (Ivy), then move them to the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        nothing = Path(scratch) / "nothing.py"
        nothing.write_text("")
        ivy = Path(scratch) / "ivy"
        ended = subprocess.run(
            [
                str(runtime.home / "bin" / "spark-submit"),
                *("--packages", ",".join(runtime.glue.connector)),
                *("--exclude-packages", ",".join(runtime.glue.excluded)),
                *("--conf", f"spark.jars.ivy={ivy}"),
                *_trust_the_systems_certificates(Path(scratch)),
                str(nothing),
            ],
            env={**os.environ, **environment(runtime)},
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0:
            raise SparkRuntimeError(
                "The S3 connector of Spark could not be downloaded from Maven Central "
                f"({', '.join(runtime.glue.connector)}). Is this machine online? Retryable.\n"
                + "\n".join((ended.stdout + ended.stderr).splitlines()[-15:])
            )
        (ivy / "jars").rename(folder)


def _trust_the_systems_certificates(scratch: Path) -> list[str]:
    """Java options for the machine's trusted certificates, which a TLS proxy needs."""
    paths = ssl.get_default_verify_paths()
    bundle = paths.cafile or paths.openssl_cafile
    if not bundle or not Path(bundle).exists():
        return []
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    password = "changeit"  # noqa: S105 - the customary password of a file that holds nothing secret
    store = scratch / "trust.p12"
    with warnings.catch_warnings():
        # Some bundles contain certificates that are not strictly valid: skip them.
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
    """Download the connector of this interpreter's Spark: `make setup` and `make setup-glue6` call this."""
    connector_jars(own_runtime())


if __name__ == "__main__":
    main()
