"""The built-in rule for platform events: no impact ever matches it; it sets their receivers and intervals."""

from typing import Final
from uuid import UUID

# Not made anew in every database: a replica knows the rule without asking. The smallest version 7 value there is.
SYSTEM_RULE_ID: Final = UUID("00000000-0000-7000-8000-000000000001")
SYSTEM_RULE_NAME: Final = "Platform events"
