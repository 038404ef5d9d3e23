"""The raw zone: reads the raw manifest, and parses raw CSV to typed columns block by block."""
