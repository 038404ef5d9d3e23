"""Generated source files: what the project makes of them is what the reference reads, bit for bit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import event, given

from ingest.errors import EmptyFile, UnknownLayout
from tests.input.reference import log_delimiter, read
from tests.input.source_files import HELD_WHOLE, LINE_LIMIT, SourceFile, sizes, source_files
from tests.input.whole_way import Sizes, assert_same, through_the_project


@pytest.mark.notices(
    "glue/mhealth/stage/numbering.py", "count.lines += block.data_lines", "count.lines += len(samples)"
)
@pytest.mark.notices(
    "glue/mhealth/stage/convert.py", "next_line=start.next_line + skipped", "next_line=start.next_line"
)
@pytest.mark.notices("glue/mhealth/raw/reader.py", "carry = chunk[end:]", 'carry = b""')
@pytest.mark.notices("lambda_ingest/ingest/raw_csv.py", "skip += len(BYTE_ORDER_MARK)", "skip += 0")
@given(file=source_files(), sizes=sizes)
def test_rows_and_rejected_lines_are_those_of_the_reference(file: SourceFile, sizes: Sizes) -> None:
    layout = file.layout
    delimiter = layout.delimiter if layout.header else log_delimiter(file.data)
    expected = read(
        file.data, replace(layout, delimiter=delimiter or b"\t"), line_limit=LINE_LIMIT, held_whole=HELD_WHOLE
    )
    if not expected.data_lines:
        with pytest.raises(EmptyFile):
            through_the_project(file.name, file.data, sizes)
        return
    if delimiter is None:
        event("no layout is recognised")
        with pytest.raises(UnknownLayout):
            through_the_project(file.name, file.data, sizes)
        return
    event(f"{'some' if expected.rejected else 'no'} rejected lines")
    found = through_the_project(file.name, file.data, sizes)
    assert found.columns == tuple(layout.columns)
    assert found.subject == layout.subject
    assert_same(found, expected, file.name)
