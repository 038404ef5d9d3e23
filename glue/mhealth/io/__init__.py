"""Access to data and metadata: storage (S3 or a folder) and catalog (Glue Data Catalog or a file)."""
