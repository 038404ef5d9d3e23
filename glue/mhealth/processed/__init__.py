"""The processed zone: job 2, stage Parquet to an audited snapshot of the table; retention of snapshots."""
