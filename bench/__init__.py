"""Benchmarks: each beside a peer or a physical limit, in one run, as ratios.

`make bench` runs them all; nothing here asserts on wall time. Nothing in here is shipped.
"""
