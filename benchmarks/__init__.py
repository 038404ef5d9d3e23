"""Benchmarks: this project compared with other tools, and its scaling: `python -m benchmarks`."""
