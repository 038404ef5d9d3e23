"""An error is told without what an address in it lets others do."""

import pytest

from ingest.redaction import described


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("https://a.example/x.zip?Signature=1&b=2 (refused)", "https://a.example/x.zip?... (refused)"),
        ("https://u:p@a.example/x.zip", "https://a.example/x.zip"),
        ("url: '/x.zip?Signature=1' (Caused by '/y?b=2')", "url: '/x.zip?...' (Caused by '/y?...')"),
        ('<a href="/x?b=2">', '<a href="/x?...">'),
        ("somebody@a.example, at //a.example/b@c", "somebody@a.example, at //a.example/b@c"),
    ],
)
def test_queries_and_users_of_addresses_are_left_out(text: str, reported: str) -> None:
    assert described(ValueError(text)) == f"ValueError: {reported}"
