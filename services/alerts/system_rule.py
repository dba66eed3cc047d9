"""The built-in rule of the platform's own alerts: no impact ever matches it; its receivers and intervals count."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

# Not made anew in every database: a replica knows the rule without asking. The smallest version 7 value there is.
SYSTEM_RULE_ID: Final = UUID("00000000-0000-7000-8000-000000000001")
SYSTEM_RULE_NAME: Final = "Platform events"


def system_rule(
    now: datetime, receiver_ids: Sequence[str], changed_in: int, *, is_name_taken: bool = False
) -> dict[str, Any]:
    """Return the rule's row; somebody may have given another rule its name."""
    return {
        "rule_id": SYSTEM_RULE_ID,
        "name": f"{SYSTEM_RULE_NAME} (built in)" if is_name_taken else SYSTEM_RULE_NAME,
        "when": {},
        "group_by": [],
        "group_wait_seconds": 0.0,
        "group_interval_seconds": 300.0,
        "repeat_interval_seconds": 14_400.0,
        "cooldown_seconds": 0.0,
        # An alert of the platform waits for its end: it expires only when nothing was heard of it for a year.
        "window_seconds": 31_536_000,
        "severity": "warning",
        "labels": {},
        "receivers": list(receiver_ids),
        "enabled": True,
        "revision": 1,
        "changed_in": changed_in,
        "created_at": now,
        "updated_at": now,
        "deleted_at": None,
    }
