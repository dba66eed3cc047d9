"""Fixtures of the platform's tests: the committed contracts, and a running system to hold manifests against."""

import json

import pytest

from common.gateway import SERVICES
from tests.platform.chart import JSON, ROOT
from tests.system import backing_environment, processes

__all__ = ["backing_environment", "contracts", "processes"]


@pytest.fixture
def contracts() -> dict[str, JSON]:
    """The OpenAPI document of each service, by its name."""
    folder = ROOT / "contracts"
    return {one.name: json.loads((folder / f"{one.name}.openapi.json").read_text(encoding="utf-8")) for one in SERVICES}
