"""What is there without anybody having made it: the rule of the platform's events, and the receiver of new rules."""

from typing import Final
from uuid import UUID

# The rule of the platform's own alerts: no impact ever matches it; its receivers and intervals count. It is not made
# anew in every database: a replica knows the rule without asking. The smallest version 7 value there is.
SYSTEM_RULE_ID: Final = UUID("00000000-0000-7000-8000-000000000001")
SYSTEM_RULE_NAME: Final = "Platform events"

# Named by rules that say nothing of receivers.
DEFAULT_RECEIVER_NAME: Final = "log"
