"""One way to speak HTTP: every answer is a value or one of our errors.

`Http` sends one request at a time for each calling thread and never repeats one by
itself. What a failure means is decided by how far the request got, not by the name of
the exception: as long as no byte of it left, it is NotSent; afterwards a write is in
doubt (OutcomeUnknown) and a read is Unavailable.
"""

from connector.http.answers import Answer, JsonValue, TooLarge
from connector.http.budget import ACCOUNT, Budget, Finding, Limit, Rates, Request
from connector.http.client import Http
from connector.http.config import HttpConfig

__all__ = [
    "ACCOUNT",
    "Answer",
    "Budget",
    "Finding",
    "Http",
    "HttpConfig",
    "JsonValue",
    "Limit",
    "Rates",
    "Request",
    "TooLarge",
]
