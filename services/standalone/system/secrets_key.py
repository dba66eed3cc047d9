"""The key that encrypts secrets of a system on one machine: generated once, and kept beside its data."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

_KEY_BYTES = 32


def kept_secrets_key(folder: Path) -> Path | None:
    """Return the file of the key in `folder`, made when it is missing; None when the environment gives a key.

    Notes
    -----
    Only its owner may read it. Of two processes that make it at once one wins, and both use the winner's.
    """
    if os.environ.get("SECRETS_KEY") or os.environ.get("SECRETS_KEY_FILE"):
        return None
    file = folder / "secrets_key"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: a process that is killed here leaves no half a key.
        fresh = folder / f"secrets_key.{os.getpid()}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as writing:
            writing.write(secrets.token_hex(_KEY_BYTES))
            writing.flush()
            os.fsync(writing.fileno())
        with suppress(FileExistsError):
            file.hardlink_to(fresh)
        fresh.unlink()
    return file
