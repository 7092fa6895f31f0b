"""Bytes and rows in, words and figures out: pure, tolerant, bounded; no I/O."""
