"""The supported Glue versions.

Spark and Python versions are those of AWS's release notes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GlueVersion:
    """A Glue version: name, Spark, Python, and S3 connector.

    `connector` are the Maven packages of the S3 connector; `excluded` are dependencies that are not needed.
    """

    name: str
    spark: str
    python: str
    connector: tuple[str, ...]
    excluded: tuple[str, ...]


# Spark has its own version of these.
_SPARKS_OWN = ("commons-logging:commons-logging", "commons-codec:commons-codec", "org.apache.httpcomponents:httpclient")

_GLUE_5_1 = GlueVersion(
    name="5.1",
    spark="3.5.6",
    python="3.11",
    # Hadoop's S3 connector in the version of pyspark's Hadoop, with only the needed parts of the AWS SDK: its
    # bundle has 275 MB, these have 11 MB.
    connector=(
        "org.apache.hadoop:hadoop-aws:3.3.4",
        "com.amazonaws:aws-java-sdk-s3:1.12.262",
        "com.amazonaws:aws-java-sdk-sts:1.12.262",
        "com.amazonaws:aws-java-sdk-dynamodb:1.12.262",
    ),
    excluded=(
        "com.amazonaws:aws-java-sdk-bundle",
        "com.fasterxml.jackson.core:jackson-databind",
        "com.fasterxml.jackson.core:jackson-core",
        "com.fasterxml.jackson.core:jackson-annotations",
        "software.amazon.ion:ion-java",
        "joda-time:joda-time",
        *_SPARKS_OWN,
    ),
)

_GLUE_6_0 = GlueVersion(
    name="6.0",
    spark="4.1.1",
    python="3.13",
    # The same for Hadoop 3.4, which uses version 2 of the AWS SDK: its bundle has 640 MB, these have 9 MB.
    connector=(
        "org.apache.hadoop:hadoop-aws:3.4.2",
        "software.amazon.awssdk:apache-client:2.29.52",
        "software.amazon.awssdk:s3:2.29.52",
        "software.amazon.awssdk:s3-transfer-manager:2.29.52",
        "software.amazon.awssdk:sts:2.29.52",
    ),
    excluded=(
        "software.amazon.awssdk:bundle",
        # Optional parts: a second HTTP client, a prefetching reader, OpenSSL.
        "software.amazon.awssdk:netty-nio-client",
        "software.amazon.s3.analyticsaccelerator:analyticsaccelerator-s3",
        "org.wildfly.openssl:wildfly-openssl",
        "org.apache.httpcomponents:httpcore",
        "org.slf4j:slf4j-api",
        *_SPARKS_OWN,
    ),
)

GLUE_VERSIONS = {version.name: version for version in (_GLUE_5_1, _GLUE_6_0)}
"""By name, the oldest first."""
