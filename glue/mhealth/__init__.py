"""The mHealth jobs: raw CSV to typed Parquet (job 1), typed Parquet to an audited snapshot (job 2)."""
