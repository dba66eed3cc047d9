"""What can go wrong with a provider, in the words in which the service answers it."""

from typing import Literal

# auth: the key is wrong or gone; quota: asked too often; cap: more results than the plan shows; request: our own
# configuration is wrong; unavailable: 5xx, time-out, no connection; forbidden: the address guard; too_large: over the
# size limit; malformed: not the format we speak; gone: 404 or 410; unknown: none of these.
UpstreamProblem = Literal[
    "auth", "quota", "cap", "request", "unavailable", "forbidden", "too_large", "malformed", "gone", "unknown"
]


class UpstreamError(Exception):
    """A provider did not give what was asked for; `retry_after_seconds` is its own word on when to come back."""

    def __init__(
        self, problem: UpstreamProblem, code: str, detail: str, *, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.problem = problem
        self.code = code
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds
