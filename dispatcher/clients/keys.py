"""A client's key: 256 random bits, of which only the hash is stored."""

import hashlib
import secrets

_PREFIX = "wdk_"  # so that scanners of repositories and logs know one when they see it
_HINT = len(_PREFIX) + 4


def make() -> str:
    """A new key. It is shown once, and can't be found again."""
    return _PREFIX + secrets.token_urlsafe(32)


def digest(key: str) -> bytes:
    """What is stored of a key, and looked for."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def hint(key: str) -> str:
    """Enough to tell keys apart, too little to guess one."""
    return f"{key[:_HINT]}…"
