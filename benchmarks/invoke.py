"""The measured process of the ingest: `handler`, or for comparison `upload FILE`.

Prints the seconds of the import and of the call as JSON. It gets the function's environment and import path.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main(what: str, *arguments: str) -> None:
    """Run it once."""
    started = time.perf_counter()
    if what == "handler":
        from download_and_upload import lambda_handler

        imported = time.perf_counter()
        answer = lambda_handler({}, None)
        assert answer["changed"], answer
    else:
        import boto3

        imported = time.perf_counter()
        boto3.client("s3").upload_file(arguments[0], os.environ["BUCKET_NAME"], "uploaded")
    ended = time.perf_counter()
    print(json.dumps({"import_seconds": round(imported - started, 3), "call_seconds": round(ended - imported, 3)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
