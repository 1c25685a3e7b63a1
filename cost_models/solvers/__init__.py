"""Solvers of a `Problem`: free functions over data, all with one signature (see base.py)."""
