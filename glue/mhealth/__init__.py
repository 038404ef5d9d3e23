"""The mHealth jobs: raw CSV to typed Parquet (job 1), typed Parquet to a published-ready snapshot (job 2)."""
