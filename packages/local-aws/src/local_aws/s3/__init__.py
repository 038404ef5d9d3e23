"""S3: conditional writes, copies and encryption as on AWS."""
