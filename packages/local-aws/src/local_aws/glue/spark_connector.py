"""Spark's S3 connector: the jars of a Glue version, from Maven Central once."""

from __future__ import annotations

import os
import ssl
import subprocess
import tempfile
import warnings
from pathlib import Path

from local_aws.glue.spark_runtime import CACHE, SparkRuntime, SparkRuntimeError, environment, own_runtime


def connector_jars(runtime: SparkRuntime) -> Path:
    """The folder with the S3 connector's jars, filled from Maven Central the first time.

    Raises SparkRuntimeError when they can't be had.
    """
    folder = CACHE / f"connector-spark-{runtime.glue.spark}"
    if not folder.exists():
        _resolve(runtime, folder)
    return folder


def _resolve(runtime: SparkRuntime, folder: Path) -> None:
    """Let Spark's own resolver (Ivy) fetch the packages, then move them where every later start finds them."""
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
                f"({', '.join(runtime.glue.connector)}). Is this machine online? Trying again is safe.\n"
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
    """Get the connector of this interpreter's Spark, once: `make setup` and `make setup-glue6` call this."""
    connector_jars(own_runtime())


if __name__ == "__main__":
    main()
