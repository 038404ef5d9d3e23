from __future__ import annotations

import pytest

from mhealth.io.connect import storage_at
from mhealth.stage.quarantine import join_rejected
from tests.glue.world import World


@pytest.mark.parametrize(("filled", "expected"), [([2, 0], [b'{"line": 1}\n{"line": 9}\n']), ([], [])])
def test_the_rejected_lines_of_all_parts_become_one_object(
    world: World, filled: list[int], expected: list[bytes]
) -> None:
    storage = storage_at(world.data_uri)
    key = "quarantine/version=1/all.jsonl"
    storage.put("quarantine/version=1/all/part-00000.jsonl", b'{"line": 1}\n')
    storage.put("quarantine/version=1/all/part-00001.jsonl", b"of a failed run\n")
    storage.put("quarantine/version=1/all/part-00002.jsonl", b'{"line": 9}\n')
    join_rejected(storage, key, 3, filled)
    assert [storage.read(found) for found in world.keys("quarantine")] == expected
