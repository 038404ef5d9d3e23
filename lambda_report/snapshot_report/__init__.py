"""The page that tells of a published snapshot: what came in, what went out, what it took."""
