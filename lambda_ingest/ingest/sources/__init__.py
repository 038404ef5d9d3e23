"""Where datasets come from: base.py says what a source is, registry.py which there are."""
