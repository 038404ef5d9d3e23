"""The stage zone: job 1, raw CSV to typed Parquet; rejected lines to quarantine."""
