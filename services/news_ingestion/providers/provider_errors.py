"""Failures of providers, in the terms in which the service reports them."""

from typing import Literal

from common.contracts.text import without_control_characters
from common.errors import describe
from common.secrets.masking import without_addresses

# auth: the key is wrong or gone; quota: asked too often; cap: more results than the plan shows; request: our own
# configuration is wrong; unavailable: 5xx, time-out, no connection; forbidden: the address guard; too_large: over the
# size limit; malformed: not the format we speak; gone: 404 or 410; unknown: none of these.
UpstreamProblem = Literal[
    "auth", "quota", "cap", "request", "unavailable", "forbidden", "too_large", "malformed", "gone", "unknown"
]


_MAX_CODE_CHARACTERS = 100
_MAX_DETAIL_CHARACTERS = 500


class UpstreamError(Exception):
    """A provider did not give what was asked for; `retry_after_seconds` is its own word on when to come back."""

    def __init__(
        self, problem: UpstreamProblem, code: str, detail: str, *, retry_after_seconds: float | None = None
    ) -> None:
        # Both may be the provider's own words, and an address in them may be a key.
        self.code = without_control_characters(code[:_MAX_CODE_CHARACTERS])
        self.detail = without_control_characters(without_addresses(detail[:_MAX_DETAIL_CHARACTERS]))
        super().__init__(f"{self.code}: {self.detail}")
        self.problem = problem
        self.retry_after_seconds = retry_after_seconds

    def as_json(self) -> dict[str, str]:
        """Return the error for storing and for telling."""
        return {"problem": self.problem, "code": self.code, "detail": self.detail}


def as_upstream_error(error: Exception, problem: UpstreamProblem = "unknown") -> UpstreamError:
    """Return whatever was raised in an attempt at a provider as what the ledger can hold."""
    if isinstance(error, UpstreamError):
        return error
    return UpstreamError(problem, type(error).__name__, describe(error))
