"""The datasets that `--dataset` may name. Apart from what serves them, so that a wrong name is told at once."""

from __future__ import annotations

from pathlib import Path


def expect_dataset(dataset: str) -> None:
    """Raise NotADirectoryError if `dataset` is neither `synthetic` nor `kaggle` nor a directory."""
    if dataset not in ("synthetic", "kaggle") and not Path(dataset).is_dir():
        raise NotADirectoryError(
            f"--dataset {dataset}: expected `synthetic`, `kaggle` or a directory; there is no directory of this name"
        )
