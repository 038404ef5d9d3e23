"""The stage: job 1, raw CSV to typed Parquet and to quarantine."""
