"""Kaggle on the loopback interface: its API, versions of a folder, and a synthetic dataset."""
