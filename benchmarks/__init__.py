"""Measures this project beside what one would pick instead, and itself at other sizes: `python -m benchmarks`."""
