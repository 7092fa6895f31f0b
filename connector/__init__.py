"""amends: service recovery for healthcare practices.

Rooms are named after the journey of a signal; imports only run down (see
CONTRIBUTING.md for the floors). Start reading at `connector.domain`.
"""

__version__ = "0.1.0"
