"""Keyed hashes: what may be compared without being known."""

from __future__ import annotations

import hashlib

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letters that are taken for others when read out on the phone."""


def keyed(secret: bytes, what: str, *parts: str) -> bytes:
    """Hash texts under the installation's key; `what` keeps uses apart. Gives 16 bytes."""
    hasher = hashlib.blake2b(key=secret, digest_size=16, person=what.encode()[:16])
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        hasher.update(len(encoded).to_bytes(4, "big"))
        hasher.update(encoded)
    return hasher.digest()


def case_id(secret: bytes, seed: str) -> str:
    """Name a case after the signal that founded it: `C-XXXXX-XXXXX`, 50 bits."""
    number = int.from_bytes(keyed(secret, "case", seed)[:7], "big") >> 6
    letters = "".join(_ALPHABET[(number >> shift) & 31] for shift in range(45, -1, -5))
    return f"C-{letters[:5]}-{letters[5:]}"
