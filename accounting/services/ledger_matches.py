"""Stores the matches of a ledger file."""
from pathlib import Path
from access.models import Client
def store_matches(client: Client, path: Path) -> int:
    return 0
