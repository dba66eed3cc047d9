"""Failures of providers, in the terms in which the service reports them."""

from datetime import datetime
from typing import Literal, NotRequired, TypedDict

from common.contracts.text import without_control_characters
from common.errors import describe
from common.secrets.masking import without_addresses

# auth: the key is wrong or gone; quota: asked too often; cap: more results than the plan shows; request: our own
# configuration is wrong; unavailable: 5xx, time-out, no connection; forbidden: the address guard; too_large: over the
# size limit; malformed: not the format we speak; gone: 404 or 410; unknown: none of these.
ProviderProblem = Literal[
    "auth", "quota", "cap", "request", "unavailable", "forbidden", "too_large", "malformed", "gone", "unknown"
]


class ErrorDocument(TypedDict):
    """What went wrong with a provider, as it is stored and told; `at` says when, on the source itself."""

    problem: ProviderProblem
    code: str
    detail: str
    at: NotRequired[str]


_MAX_CODE_CHARACTERS = 100
_MAX_DETAIL_CHARACTERS = 500


def fit_to_show(detail: str) -> str:
    """Return words that may be a provider's own as they can be stored and told: short, and without addresses."""
    return without_control_characters(without_addresses(detail[:_MAX_DETAIL_CHARACTERS]))


class ProviderError(Exception):
    """A provider did not give what was asked for; `retry_after_seconds` is its own word on when to come back."""

    def __init__(
        self, problem: ProviderProblem, code: str, detail: str, *, retry_after_seconds: float | None = None
    ) -> None:
        # Both may be the provider's own words, and an address in them may be a key.
        self.code = without_control_characters(code[:_MAX_CODE_CHARACTERS])
        self.detail = fit_to_show(detail)
        super().__init__(f"{self.code}: {self.detail}")
        self.problem = problem
        self.retry_after_seconds = retry_after_seconds

    def document(self, at: datetime | None = None) -> ErrorDocument:
        """Return the error for storing and for telling, with the time at which it happened where that is given."""
        document = ErrorDocument(problem=self.problem, code=self.code, detail=self.detail)
        if at is not None:
            document["at"] = at.isoformat()
        return document


def as_provider_error(error: Exception, problem: ProviderProblem = "unknown") -> ProviderError:
    """Return whatever was raised in an attempt at a provider as what the ledger can hold."""
    if isinstance(error, ProviderError):
        return error
    return ProviderError(problem, type(error).__name__, describe(error))


def status_problem(status: int) -> ProviderProblem:
    """Return what a status that is neither 2xx nor 304 means, where the provider's own documentation says no more."""
    by_status: dict[int, ProviderProblem] = {401: "auth", 403: "auth", 404: "gone", 410: "gone", 429: "quota"}
    return by_status.get(status) or ("unavailable" if status >= 500 or status == 408 else "unknown")
