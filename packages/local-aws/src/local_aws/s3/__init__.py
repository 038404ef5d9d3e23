"""S3: conditional writes, copies and encryption as AWS has them."""
