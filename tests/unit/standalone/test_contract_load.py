"""The filters that tell a load tester whether an answer is what the contract promises, tried with the real jq."""

import json
import shutil
import subprocess

import pytest

from common.contracts.json import JSONDocument
from standalone.generators.contract_load import answer_filter

ITEM = {
    "type": "object",
    "required": ["id", "score"],
    "properties": {
        "id": {"type": "string"},
        "score": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "words": {"type": "array", "items": {"type": "string"}},
    },
}
PAGE = {
    "type": "object",
    "required": ["data", "count"],
    "properties": {
        "data": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
        "count": {"type": "integer"},
    },
}
DOCUMENT: JSONDocument = {
    "paths": {
        "/v1/items": {
            "get": {
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}}
                }
            }
        }
    },
    "components": {"schemas": {"Item": ITEM, "Page": PAGE}},
}


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq, as in the load tester's image")
@pytest.mark.parametrize(
    ("answer", "is_promised"),
    [
        ({"data": [], "count": 0}, True),
        ({"data": [{"id": "a", "score": None}, {"id": "b", "score": 1.5, "more": 1}], "count": 2}, True),
        ({"items": [], "count": 0}, False),
        ({"data": {}, "count": 0}, False),
        ({"data": [], "count": "0"}, False),
        ({"data": [{"id": "a", "score": None}, {"score": None}], "count": 2}, False),
        ({"data": [{"id": 1, "score": None}], "count": 1}, False),
        ([], False),
        (None, False),
    ],
)
def test_an_answer_is_held_to_the_contract(answer: object, is_promised: bool):
    wanted = answer_filter(DOCUMENT, "GET", "/v1/items")

    done = subprocess.run(
        ["jq", "--exit-status", wanted], input=json.dumps(answer), capture_output=True, text=True, check=False
    )

    assert (done.returncode == 0) == is_promised, done.stderr
