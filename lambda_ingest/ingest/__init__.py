"""The ingest: a source's files, recognised and landed as CSV in raw/."""
