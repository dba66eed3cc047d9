"""Flagger's metric templates: their queries as Flagger fills them in, and what a real Prometheus makes of them."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml

from charts.rendering import NAMESPACE, rendered
from tests.platform.support.chart import JSON, of_kind
from tests.platform.support.clusters import step
from tests.platform.support.programs import program

_VARIABLE = re.compile(r"\{\{ *([\w.]+) *\}\}")
# As often as the monitors scrape, and long enough for the windows of the templates.
_SCRAPE_SECONDS = 15
AT = "5m"


def templates(cluster: str) -> dict[str, str]:
    """Return the query of each template by its name."""
    return {name: item["spec"]["query"] for name, item in of_kind(step(cluster, "configs"), "MetricTemplate").items()}


def metrics(cluster: str, service: str) -> dict[str, JSON]:
    """Return the metrics that the canary of a service is held to, by name."""
    analysis = of_kind(rendered(cluster), "Canary")[service]["spec"]["analysis"]
    return {metric["name"]: metric for metric in analysis["metrics"]}


def filled_in(cluster: str, service: str, metric: str) -> str:
    """Return the query that Flagger sends for a metric; `KeyError` for a variable that it does not know."""
    given = metrics(cluster, service)[metric]
    known = {"namespace": NAMESPACE, "target": service, "service": service, "interval": given["interval"]}
    known |= {f"variables.{name}": value for name, value in given.get("templateVariables", {}).items()}
    return _VARIABLE.sub(lambda found: known[found[1]], templates(cluster)[given["templateRef"]["name"]])


def agrees(query: str, series: Mapping[str, str], expected: float | None, folder: Path) -> None:
    """Fail unless the query has the expected value after five minutes, None being none, or NaN, as Flagger takes it."""
    test = {
        "interval": f"{_SCRAPE_SECONDS}s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f"round(({query}) >= -Inf, 0.001)",
                "eval_time": AT,
                "exp_samples": [] if expected is None else [{"labels": "{}", "value": expected}],
            }
        ],
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump({"evaluation_interval": f"{_SCRAPE_SECONDS}s", "tests": [test]}), encoding="utf-8")
    command = [program("promtool"), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def passes(metric: JSON, value: float | None) -> bool:
    """Tell whether a check succeeds with this value; none is a failure."""
    limits = metric["thresholdRange"]
    return value is not None and limits.get("min", value) <= value <= limits.get("max", value)
