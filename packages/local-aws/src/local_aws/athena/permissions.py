"""What Athena does in the name of the one who asks: his rights on the catalog and on S3 decide, not Athena's."""

from __future__ import annotations

from local_aws.athena.errors import QueryFailedError
from local_aws.core.world import ACCOUNT
from local_aws.iam.callers import AccessDeniedError, authorize


class Caller:
    """The one who asked for a query, known by the access key; every method raises QueryFailedError where it may not."""

    def __init__(self, access_key: str, region: str) -> None:
        self._access_key = access_key
        self._region = region
        self._glue = f"arn:aws:glue:{region}:{ACCOUNT}"

    def may_use_catalog(self, database: str) -> None:
        """What Athena's guide demands of every caller: the data catalog, the database, and the database `default`."""
        self._may("athena:GetDataCatalog", f"arn:aws:athena:{self._region}:{ACCOUNT}:datacatalog/AwsDataCatalog")
        default = (f"{self._glue}:catalog", f"{self._glue}:database/default")
        self._may("glue:GetDatabase", *default, f"{self._glue}:database/{database}")
        self._may("glue:GetDatabases", *default)

    def may_use_table(self, action: str, database: str, table: str) -> None:
        """Glue wants the right on the catalog, the database and the table alike."""
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
        """What lies below places, `s3://BUCKET/PREFIX/`."""
        for uri in dict.fromkeys(uris):
            bucket, _, prefix = uri.removeprefix("s3://").partition("/")
            self._may("s3:ListBucket", f"arn:aws:s3:::{bucket}", prefix=prefix)

    def may_locate(self, bucket: str) -> None:
        """A bucket's region, for which Athena asks before it takes the bucket for results."""
        self._may("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}")

    def may_write(self, uri: str, key: str | None = None) -> None:
        """An object, `s3://BUCKET/KEY`; `key` is the KMS key of the results where the workgroup names one."""
        self._may("s3:PutObject", _arn(uri), key=key)

    def _may(self, action: str, *resources: str, key: str | None = None, prefix: str | None = None) -> None:
        context = {} if prefix is None else {"s3:prefix": prefix}
        try:
            authorize(self._access_key, action, *resources, via="athena", key=key, context=context)
        except AccessDeniedError as denied:
            raise QueryFailedError("PERMISSION_DENIED", str(denied)) from denied


def _arn(uri: str) -> str:
    return uri.replace("s3://", "arn:aws:s3:::", 1)


ADMINISTRATOR = Caller("", "")
"""One who may everything: no role has this key."""
