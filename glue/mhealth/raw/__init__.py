"""The raw zone: its manifest, and raw CSV to typed columns, block by block."""
