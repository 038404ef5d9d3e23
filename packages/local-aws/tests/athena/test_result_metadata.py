"""The file `.metadata`: byte for byte one that Athena wrote."""

from __future__ import annotations

from local_aws.athena.result_metadata import encode
from local_aws.athena.results import Column


def test_a_file_that_athena_wrote() -> None:
    """The hex dump of "What's the data format of the .csv.metadata files written by Amazon Athena?", 2019-04."""
    dump = """
    0a 1b 32 30 31 39 30 34 32 33 5f 31 32 35 31 32 38 5f 30 30 30 30 31 5f 65 68 74 75 72 22 19 0a
    04 68 69 76 65 22 03 61 72 79 2a 03 61 72 79 32 05 61 72 72 61 79 48 03"""
    assert encode("20190423_125128_00001_ehtur", [Column("ary", "array(integer)").info()]) == bytes.fromhex(dump)


def test_numbers_above_127_take_more_bytes() -> None:
    found = encode("x" * 300, [Column("t", "varchar").info()])
    assert found.startswith(b"\x0a\xac\x02xxx")  # 300 = 0b10_0101100, seven bits a byte, the least first
    assert found.endswith(bytes.fromhex("38 ff ff ff ff 07 48 03 50 01"))  # 2147483647, unknown, case sensitive
