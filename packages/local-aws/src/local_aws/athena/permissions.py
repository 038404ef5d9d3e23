"""Athena uses its caller's permissions on the catalog and on S3."""

from __future__ import annotations

from local_aws.athena.errors import QueryFailedError
from local_aws.core.world import ACCOUNT
from local_aws.iam.callers import AccessDeniedError, authorize


class Caller:
    """The caller of a query, by access key. Every method raises QueryFailedError for a denied action."""

    def __init__(self, access_key: str, region: str) -> None:
        self.access_key = access_key
        self._region = region
        self._glue = f"arn:aws:glue:{region}:{ACCOUNT}"

    def may_use_catalog(self, database: str) -> None:
        """Check the permissions that every caller needs: the data catalog, the database, and the database `default`."""
        self._may("athena:GetDataCatalog", f"arn:aws:athena:{self._region}:{ACCOUNT}:datacatalog/AwsDataCatalog")
        default = (f"{self._glue}:catalog", f"{self._glue}:database/default")
        self._may("glue:GetDatabase", *default, f"{self._glue}:database/{database}")
        self._may("glue:GetDatabases", *default)

    def may_use_table(self, action: str, database: str, table: str) -> None:
        """Check an action on the catalog, the database and the table, which Glue all requires."""
        self._may(
            action,
            f"{self._glue}:catalog",
            f"{self._glue}:database/{database}",
            f"{self._glue}:table/{database}/{table}",
        )

    def may_read(self, *uris: str) -> None:
        """Objects, `s3://BUCKET/KEY`."""
        self._may("s3:GetObject", *map(_arn, uris))

    def may_list(self, *uris: str) -> None:
        """Check access to objects below `s3://BUCKET/PREFIX/` URIs."""
        for uri in dict.fromkeys(uris):
            bucket, _, prefix = uri.removeprefix("s3://").partition("/")
            self._may("s3:ListBucket", f"arn:aws:s3:::{bucket}", prefix=prefix)

    def may_locate(self, bucket: str) -> None:
        """Check GetBucketLocation, which Athena calls on the bucket of results."""
        self._may("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}")

    def may_write(self, uri: str, key: str | None = None) -> None:
        """Check access to an object, `s3://BUCKET/KEY`; `key` is the KMS key of the workgroup's results, if any."""
        self._may("s3:PutObject", _arn(uri), key=key)

    def _may(self, action: str, *resources: str, key: str | None = None, prefix: str | None = None) -> None:
        context = {} if prefix is None else {"s3:prefix": prefix}
        try:
            authorize(self.access_key, action, *resources, via="athena", key=key, context=context)
        except AccessDeniedError as denied:
            raise QueryFailedError("PERMISSION_DENIED", str(denied)) from denied


def _arn(uri: str) -> str:
    return uri.replace("s3://", "arn:aws:s3:::", 1)


ADMINISTRATOR = Caller("", "")
"""An administrator's access key: no role has it."""
