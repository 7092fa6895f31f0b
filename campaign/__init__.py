"""The campaign: the real daemon, killed and lied to thousands of times, judged by its peers.

`make campaign` runs it; docs/reliability.md tells what it found. Nothing in here is shipped.
"""
