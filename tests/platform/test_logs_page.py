"""The page on logs names the fields that the services and Istio write."""

import json
import os
import re
import subprocess
import sys

from tests.platform.support.chart import ROOT
from tests.platform.support.clusters import step
from tests.platform.support.foreign_charts import ISTIO
from tests.platform.support.programs import module_folder

PAGE = (ROOT / "docs" / "operations" / "logs.md").read_text(encoding="utf-8")
# A service's own logging, with a request in progress, an exception and a field that is secret.
PROGRAM = """
import logging
import structlog
from common.settings import ServiceSettings
from common.telemetry.logging import configure_logging
from common.telemetry.request_context import bind_context, new_context

configure_logging(ServiceSettings.model_construct(log_level="INFO", log_format="json"))
logging.getLogger("uvicorn.error").info("Started server process")
bind_context(new_context("of-the-request", None))
try:
    raise ValueError("of the test")
except ValueError:
    structlog.get_logger().exception("request_failed", password="hunter2")
"""


def lines() -> list[dict[str, str]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ}, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "", "all of it goes to stderr"
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_the_table_has_the_fields_of_a_line_and_no_others() -> None:
    outside, within = lines()
    described = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))

    assert described == within.keys() - {"password"}
    assert outside.keys() == described - {"request_id", "trace_id", "exception"}
    assert within["request_id"] == "of-the-request"
    assert re.fullmatch("[0-9a-f]{32}", within["trace_id"])
    assert "ValueError: of the test" in within["exception"]
    assert within["password"] == "[redacted]"


def test_fields_of_istios_access_log_are_its_own_and_the_filter_is_that_of_the_page() -> None:
    source = (module_folder(ISTIO) / "pilot" / "pkg" / "model" / "telemetry_logging.go").read_text(encoding="utf-8")
    written = set(re.findall(r'^\t+"(\w+)": +\{Kind: ', source, re.MULTILINE))
    (telemetry,) = [one for one in step("production", "configs") if one["kind"] == "Telemetry"]
    (logging,) = telemetry["spec"]["accessLogging"]

    named = {"response_code", "response_flags", "upstream_cluster", "duration", "authority", "start_time", "request_id"}
    assert named <= written
    assert all(f"`{name}`" in PAGE for name in named)
    assert logging["filter"]["expression"] == "response.code >= 400"
