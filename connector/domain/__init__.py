"""Plain frozen values that travel between the rooms; standard library only.

Every datetime is aware and in UTC, every duration is an integer with its unit
in the name, every value can be compared and printed. Nothing in here does I/O.
"""
