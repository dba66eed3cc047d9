"""Words that columns of alerts hold; apart from the tables, so that pure modules load no SQL."""

from typing import Literal

from common.contracts.json import JSONObject

FlushReason = Literal["first", "new_impacts", "new_events", "repeat", "reopened", "revised", "retracted", "resolved"]
DeliveryReason = FlushReason | Literal["test"]
DeliveryState = Literal["pending", "delivered", "failed"]
AttemptVerdict = Literal["delivered", "retry", "throttled", "gone"]

# The conditions of a rule as they are stored: JSON that `schemas.rules.When` has written and reads again.
WhenDocument = JSONObject
