"""Figures as the measurements keep them, made up."""

from __future__ import annotations

from typing import Any

ABOUT: dict[str, Any] = {
    "date": "2026-11-24",
    "cores": 2,
    "memory_gb": 25,
    "python": "3.11.7",
    "versions": {"duckdb": "2.0.0"},
    "load_before": 0.1,
}


def summary(both: float, **others: Any) -> dict[str, Any]:
    """What `rounds.summary` makes of runs that took so many seconds."""
    return {
        "rounds": 1,
        "convert": both / 4,
        "transform": both - both / 4,
        "both": both,
        "both_median": both,
        "cpu_seconds": 2 * both,
        "peak_bytes": 500_000_000,
        "stage_bytes": 2000,
        "table_bytes": 390,
        **others,
    }


def sized(rows: int, both: float, peak_bytes: int = 500_000_000) -> dict[str, Any]:
    """The same with what scaling adds."""
    return {**summary(both, peak_bytes=peak_bytes), "rows": rows, "csv_bytes": 170 * rows}


RUN = {hop: {"seconds": 8.0, "cpu_seconds": 9.0, "peak_bytes": 5, "bytes": 7} for hop in ("convert", "transform")}
EXECUTION = {
    "seconds": 30.0,
    "states": {"DownloadCSV": 5.0, "ConvertParquet": 10.0, "Pause": 0.01},
    "jobs": {"ConvertParquet": {"seconds": 10.0, "spans": {"start": 3.0, "convert": 4.0}}},
}

FIGURES: dict[str, dict[str, Any]] = {
    "bench": {
        **ABOUT,
        "rows": 8,
        "csv_bytes": 1000,
        "cores_used": 2,
        "summary": {
            "ours": summary(30.0),
            "spark_usual": summary(100.0),
            "spark_expert": summary(60.0),
            "with_duckdb": summary(12.0),
            "with_polars": summary(15.0),
        },
        "compared": {"with_duckdb": "identical"},
        "larger": {"rows": 16, "cpu_seconds": {"ours": 100.0, "with_polars": 50.0}},
    },
    "scaling": {
        **ABOUT,
        "sizes": {"8": sized(8, 40.0, 1000), "32": sized(32, 176.0, 1100)},
        "one_core": {"scale": 8, **sized(8, 70.0)},
    },
    "one_file": {**ABOUT, "sizes": {"2 GB": sized(20, 50.0)}},
    "change": {**ABOUT, "subjects": 80, "full": summary(40.0), "changed": summary(8.0)},
    "execution": {
        **ABOUT,
        "rows": 1200,
        "csv_bytes": 1000,
        "execution": EXECUTION,
        "bare": RUN,
        "scans": {"one subject, three columns": 4},
    },
    "many": {
        **ABOUT,
        "subjects": 2000,
        "execution": EXECUTION,
        "jobs": summary(40.0),
        "documents": {"raw manifest": 5, "snapshot manifest": 800_000, "partitions": 2000},
    },
    "ingest": {
        **ABOUT,
        "rows": 1200,
        "source_bytes": 2_000_000_000,
        "peak_bytes": 140_000_000,
        "handler_seconds": 40.0,
        "upload_alone": {"seconds": 20.0, "peak_bytes": 90_000_000},
        "cold_import_seconds": {"least": 0.4, "median": 0.5},
    },
    "formats": {
        **ABOUT,
        "as_the_job_writes": {"files": 1, "bytes": 400_000_000, "of_csv": 0.4},
        "recipes": [
            {
                "name": "one way",
                "bytes": 390_000_000,
                "of_csv": 0.39,
                "write_cpu_seconds": 1.0,
                "read_three_columns_seconds": 0.1,
                "read_all_seconds": 0.5,
            }
        ],
        "columns": {"ecg_1": {"distinct": 0.7, "plain, zstd 3": 6.0}},
    },
}
