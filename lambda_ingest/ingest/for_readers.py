"""Where a run has nothing new: whether readers see what was published, and what is to be done where they do not."""

from __future__ import annotations

from typing import Any

from ingest.readers import Published, Readers


def for_readers(readers: Readers, published: Published, nothing_new: str) -> dict[str, Any]:
    """Return the part of the function's answer on the snapshot that readers are to see.

    That is the one that the view shows, an older one after a rollback; where the view shows none, the one that readers
    saw last. `again` says why it has to be published again. Where its manifest or files are gone, `changed` is True: a
    new snapshot is made, of what is whole and of `raw/`. The rows that readers get are the state machine's to count.
    """
    number = published.seen
    snapshot = None if number is None else readers.snapshot(number)
    if snapshot is None:
        return _anew(f"the manifest of snapshot {number}, which readers see, is gone")
    if missing := readers.missing_files(snapshot):
        return _anew(
            f"{len(missing)} of the {len(snapshot.files)} files of snapshot {number}, which readers see, are gone or "
            f"of another size, the first {missing[0]}"
        )
    record = next((each for each in published.publications if each["snapshot"] == number), {})
    again = _why_again(published)
    return {
        "snapshot": snapshot.number,
        "rows": str(snapshot.rows),
        "subjects": str(snapshot.subjects),
        "dataset": snapshot.dataset,
        "raw_version": snapshot.raw_version,
        "dataset_handle": record.get("dataset_handle", snapshot.dataset),
        "newest_version": record.get("newest_version", snapshot.raw_version),
        "code_version": snapshot.code_version,
        "again": again,
        "message": f"{nothing_new} {_seen(published) if again is None else again}",
    }


def _anew(why: str) -> dict[str, Any]:
    return {"changed": True, "message": f"There is nothing new, but {why}: a new snapshot is made."}


def _why_again(published: Published) -> str | None:
    if published.view is None:
        return f"There is no view: snapshot {published.seen}, which readers saw last, is published again."
    if published.view.snapshot is None:
        return f"The view shows no snapshot: {published.seen}, which readers saw last, is published again."
    return None


def _seen(published: Published) -> str:
    view, newest = published.view, published.newest
    assert view is not None
    since = f"Readers see snapshot {view.snapshot} since {view.since:%Y-%m-%d %H:%M:%S} UTC"
    if newest is not None and newest["snapshot"] != view.snapshot:
        return f"{since}: somebody rolled back from {newest['snapshot']}, and that holds until there is something new."
    return f"{since}."
