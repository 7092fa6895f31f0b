"""Calls: what phone systems log, put together to one value for each caller."""
