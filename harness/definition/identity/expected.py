"""What a driver expects of every worker of its search, as plain values."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a worker must have, or its node takes no part."""

    code: str
    """SHA-256 of the code that decides results; see `code_identity`."""
    versions: dict[str, str]
    """Versions of the packages that decide results."""
    data: str
    """Fingerprint of the data."""
    probe: str
    """File that the driver has written into the store."""
    token: str
    """What is in it."""
