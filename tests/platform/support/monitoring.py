"""What clusters/base/monitoring declares: rules, and the queries of rules and dashboards with what they select."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml

from tests.platform.support.chart import JSON, ROOT

FOLDER = ROOT / "clusters" / "base" / "monitoring"
DASHBOARDS = sorted((FOLDER / "dashboards").glob("*.json"))
# What Grafana puts in before Prometheus sees the query.
_VARIABLES = {"$__rate_interval": "5m", "$service": "nlp-processing"}
_RULES = "PrometheusRule"
_TEMPLATE = re.compile(r"label_values\((?P<query>.+), (?P<label>\w+)\)")


@dataclass(frozen=True)
class Selector:
    """What a query reads: the metric, and the labels that it is narrowed by."""

    metric: str
    labels: dict[str, tuple[str, str]]


def objects() -> list[JSON]:
    """Return every object among the resources of the folder's kustomization."""
    return [item for items in _resources().values() for item in items]


def _resources() -> dict[str, list[JSON]]:
    names = kustomization()["resources"]
    return {name: list(yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))) for name in names}


@cache
def kustomization() -> JSON:
    found: JSON = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
    return found


def rule_specs() -> dict[str, JSON]:
    """Return what Prometheus is given, by the name of the file."""
    return {
        name: items[0]["spec"] for name, items in _resources().items() if [item["kind"] for item in items] == [_RULES]
    }


def rules() -> list[JSON]:
    return [rule for spec in rule_specs().values() for group in spec["groups"] for rule in group["rules"]]


def alerting_rules() -> dict[str, JSON]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recorded() -> set[str]:
    return {rule["record"] for rule in rules() if "record" in rule}


def dashboard(path: Path) -> JSON:
    found: JSON = json.loads(path.read_text(encoding="utf-8"))
    return found


def panels(path: Path) -> list[JSON]:
    return [panel for panel in dashboard(path)["panels"] if panel["type"] != "row"]


def queries() -> dict[str, str]:
    """Return every query as Prometheus sees it, by where it stands."""
    found = {f"{rule.get('alert') or rule['record']}": rule["expr"] for rule in rules()}
    for path in DASHBOARDS:
        for panel in panels(path):
            for target in panel["targets"]:
                found[f"{path.stem}: {panel['title']} {target['refId']}"] = _filled(target["expr"])
        for variable in dashboard(path)["templating"]["list"]:
            match = _TEMPLATE.fullmatch(variable["query"]["query"]) if variable["type"] == "query" else None
            if match:
                found[f"{path.stem}: ${variable['name']}"] = match["query"]
    return found


def _filled(query: str) -> str:
    for name, value in _VARIABLES.items():
        query = query.replace(name, value)
    return query


def selectors(query: str) -> list[Selector]:
    """Return what `query` selects; `ValueError` where it is no PromQL."""
    return [
        Selector(node.name, {each.name: (str(each.op), each.value) for each in node.matchers.matchers})
        for node in _nodes(promql.parse(query))
        if isinstance(node, promql.VectorSelector)
    ]


def groupings(query: str) -> list[tuple[set[str], list[str]]]:
    """Return the labels that each aggregation of `query` keeps, with the metrics that it is over."""
    return [
        (set(node.modifier.labels), [each.name for each in _nodes(node) if isinstance(each, promql.VectorSelector)])
        for node in _nodes(promql.parse(query))
        if isinstance(node, promql.AggregateExpr) and node.modifier is not None
    ]


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for name in ("lhs", "rhs", "expr", "param", "vector_selector", "args"):
        child = getattr(node, name, None)
        for each in child if isinstance(child, list) else [child]:
            if each is not None:
                yield from _nodes(each)
