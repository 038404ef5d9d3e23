"""Errors of requests, urllib3 and botocore in words: their texts hold addresses, and an address may be a credential.

Kaggle redirects to a signed address of its storage: whoever reads the signature in a message may fetch the archive.
"""

from __future__ import annotations

import re

_USER = re.compile(r"(?<=//)[^/\s@]*@")
_QUERY = re.compile(r"\?[^\s'\"<>]*")


def described(error: BaseException) -> str:
    """Return an error's class and text without the queries, and the users' names, of the addresses in it.

    Raise what tells it `from None`: the error itself would show its own text in a traceback.

    >>> described(ValueError("no answer: https://u:p@a.example/x.zip?Signature=1&b=2 (refused)"))
    'ValueError: no answer: https://a.example/x.zip?... (refused)'
    """
    text = _QUERY.sub("?...", _USER.sub("", str(error)))
    return f"{type(error).__name__}: {text}"
