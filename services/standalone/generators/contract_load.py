"""Writes the requests for testing canaries from the contracts: `python -m standalone.generators.contract_load`.

Every operation is there that changes nothing and can be asked without knowing an id: reads without path parameters, and
the POSTs that only compute. One line each for the load tester's shell, `METHOD<tab>path<tab>filter<tab>body`: the
filter, in the language of jq, is true of an answer that has what the contract promises.
"""

import json
from pathlib import Path

from common.contracts.json import JSONDocument, JSONObject
from common.gateway import SERVICES, Service

FOLDER = Path("clusters/base/controllers/contract-load")
CONTRACTS = Path("contracts")

_JQ_TYPES = {"integer": "number"}
# So many levels of an answer are looked at; items of lists in items of lists are the samples' business.
_DEPTH = 4
_ARTICLE: JSONObject = {
    "title": "Example Corp. raises its full-year outlook",
    "url": "https://news.example.com/outlook",
}
_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
_IMPACT: JSONObject = {
    "impact_id": _ID,
    "article_id": _ID,
    "revision": 1,
    "ticker": "AAPL",
    "horizon_days": 1,
    "basis": "after",
    "expected_abnormal_return": None,
    "interval": None,
    "impact_score": 50.0,
    "direction": "up",
    "confidence": 0.5,
    "evidence": {"n_events": 0, "mean_car": None, "t_stat": None},
    "model_version": "example",
    "context": {
        "title": "Apple shares jump as quarterly profit beats estimates",
        "sentiment_label": "positive",
        "sentiment_score": 0.8,
        "relevance": 1.0,
        "novelty": 1.0,
    },
    "lineage": {
        "article_id": _ID,
        "story_id": _ID,
        "published_at": "2026-01-05T14:30:00Z",
        "received_at": "2026-01-05T14:30:01Z",
    },
}

# The POSTs that compute and store nothing, with a body that each takes.
COMPUTING: dict[str, JSONObject] = {
    "/news/v1/articles:compare": {"a": _ARTICLE, "b": _ARTICLE | {"title": "Example Corp. lifts full-year outlook"}},
    "/nlp/v1/texts:analyze": {
        "texts": [
            {"title": "Apple shares jump as quarterly profit beats estimates"},
            {
                "title": "Boeing cuts delivery forecast after supplier strike",
                "body": "The company warned of weaker cash flow.",
            },
            {"title": "Microsoft to hold its annual meeting on Tuesday"},
        ]
    },
    "/nlp/v1/entities:resolve": {"names": ["Apple", "MSFT"]},
    "/alerts/v1/signals:evaluate": {"impacts": [_IMPACT]},
    "/alerts/v1/rules:validate": {"name": "Strong moves", "when": {"min_impact_score": 80}},
}


def contract_requests(document: JSONDocument) -> list[tuple[str, str, JSONObject | None]]:
    """Return (method, path, body) of every operation that changes nothing and needs no id, in the document's order."""
    found: list[tuple[str, str, JSONObject | None]] = []
    for path, operations in document["paths"].items():
        if path in COMPUTING and "post" in operations:
            found.append(("POST", path, COMPUTING[path]))
        if "get" in operations and _is_askable(operations["get"]):
            found.append(("GET", path, None))
    return found


def answer_filter(document: JSONDocument, method: str, path: str) -> str:
    """Return a filter of jq that is true of an answer with every required property of the contract, of its type."""
    content = document["paths"][path][method.lower()]["responses"]["200"]["content"]["application/json"]
    return " and ".join(_conditions(document, content["schema"], 0)) or "true"


def _conditions(document: JSONDocument, schema: JSONDocument, depth: int) -> list[str]:
    """Return what holds of a value; a choice between schemas holds anything."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kind = schema.get("type")
    if not isinstance(kind, str):
        return []
    conditions = [f'type=="{_JQ_TYPES.get(kind, kind)}"']
    if kind == "array" and depth < _DEPTH:
        inner = _conditions(document, schema["items"], depth + 1)
        conditions += [f"all(.[];{' and '.join(inner)})"] if inner else []
    elif kind == "object" and depth < _DEPTH:
        for name in schema.get("required", []):
            inner = _conditions(document, schema["properties"][name], depth + 1)
            conditions.append(f'has("{name}")')
            conditions += [f"(.{name}|{' and '.join(inner)})"] if inner else []
    return conditions


def _is_askable(operation: JSONDocument) -> bool:
    """Tell whether an operation is answered at once and needs no parameter; a stream would never end."""
    needs = any(parameter.get("required", False) for parameter in operation.get("parameters", []))
    return not needs and "text/event-stream" not in operation["responses"].get("200", {}).get("content", {})


def contract_load(service: Service) -> str:
    """Return the lines for one service, from its committed contract."""
    document = json.loads((CONTRACTS / f"{service.name}.openapi.json").read_text(encoding="utf-8"))
    return "".join(
        "\t".join(
            [
                method,
                path,
                answer_filter(document, method, path),
                *([json.dumps(body, separators=(",", ":"))] if body else []),
            ]
        )
        + "\n"
        for method, path, body in contract_requests(document)
    )


if __name__ == "__main__":
    for one in SERVICES:
        (FOLDER / f"{one.name}.tsv").write_text(contract_load(one), encoding="utf-8")
