"""The committed OpenAPI documents are what generators, linters and readers of OpenAPI ask for."""

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from common.gateway import SERVICES
from tests.contract.openapi_documents import (
    JSON,
    arrays_without_items,
    committed_document,
    undescribed_parameters,
    undescribed_properties,
    wanting_operations,
)

VALIDATORS = {"3.1": OpenAPIV31SpecValidator}


@pytest.fixture(params=[service.name for service in SERVICES])
def document(request) -> JSON:
    return committed_document(request.param)


def schema_errors(document: JSON) -> list[str]:
    validator = VALIDATORS[document["openapi"].rpartition(".")[0]]
    return [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator(document).iter_errors()]


def test_a_document_is_valid_in_the_version_that_it_names(document: JSON) -> None:
    assert schema_errors(document) == []


def test_every_operation_is_named_described_and_under_a_declared_tag(document: JSON) -> None:
    assert wanting_operations(document) == []


def test_every_declared_tag_is_described_and_used(document: JSON) -> None:
    used = {tag for item in document["paths"].values() for operation in item.values() for tag in operation["tags"]}

    assert [tag["name"] for tag in document["tags"] if not tag["description"].endswith(".")] == []
    assert {tag["name"] for tag in document["tags"]} == used


def test_every_array_says_what_it_holds(document: JSON) -> None:
    assert arrays_without_items(document) == []


def test_a_document_says_whom_to_ask_and_where_the_service_is(document: JSON) -> None:
    assert document["info"]["contact"]["url"].startswith("https://")
    assert document["servers"][0]["url"] == "/"
    assert document["servers"][0]["description"]


@pytest.mark.parametrize("part", ["responses", "requestBody"])
def test_every_property_of_an_answer_and_of_a_request_is_described(document: JSON, part: str) -> None:
    assert undescribed_properties(document, part) == set()


def test_every_parameter_is_described(document: JSON) -> None:
    assert undescribed_parameters(document) == []


def test_a_parameter_and_a_property_of_a_request_without_description_are_noticed() -> None:
    document = committed_document("alerts")
    del document["components"]["schemas"]["When"]["properties"]["tickers"]["description"]
    operation = document["paths"]["/alerts/v1/rules/{rule_id}"]["get"]
    del next(each for each in operation["parameters"] if each["name"] == "rule_id")["description"]

    assert undescribed_properties(document, "requestBody") == {"When.tickers"}
    assert undescribed_parameters(document) == ["GET /alerts/v1/rules/{rule_id}: rule_id"]


def test_a_property_without_description_is_noticed_wherever_an_answer_can_hold_it() -> None:
    document = committed_document("alerts")
    schemas = document["components"]["schemas"]
    before = undescribed_properties(document, "responses")
    del schemas["Lineage"]["properties"]["story_id"]["description"]
    schemas["Interval"]["properties"]["width"] = {"anyOf": [{"properties": {"inner": {}}, "type": "object"}]}
    schemas["OnlyAsked"] = {"properties": {"unanswered": {}}}

    assert undescribed_properties(document, "responses") - before == {
        "Interval.width",
        "Interval/properties/width/anyOf/0.inner",
        "Lineage.story_id",
    }


def broken(change: str) -> JSON:
    document = committed_document("alerts")
    operation = document["paths"]["/alerts/v1/rules"]["get"]
    match change:
        case "undeclared tag":
            operation["tags"] = ["laws"]
        case "no description":
            del operation["description"]
        case "no operationId":
            del operation["operationId"]
        case "the operationId of another":
            operation["operationId"] = document["paths"]["/alerts/v1/rules"]["post"]["operationId"]
    return document


@pytest.mark.parametrize("change", ["undeclared tag", "no description", "no operationId", "the operationId of another"])
def test_an_operation_that_lacks_something_is_noticed(change: str) -> None:
    assert len(wanting_operations(broken(change))) == 1


def test_an_array_without_items_is_noticed_wherever_it_stands() -> None:
    document = committed_document("alerts")
    document["components"]["schemas"]["Pair"] = {"properties": {"ends": {"anyOf": [{"type": "array"}]}}}

    assert arrays_without_items(document) == ["#/components/schemas/Pair/properties/ends/anyOf/0"]


def test_a_keyword_of_a_later_version_is_noticed() -> None:
    document = committed_document("alerts")
    content = document["paths"]["/alerts/v1/stream"]["get"]["responses"]["200"]["content"]
    content["text/event-stream"] = {"itemSchema": {"type": "object"}}

    assert len(schema_errors(document)) == 1
