"""Whoever reads an answer of this service is told what each of its fields means."""

import inspect

import pytest
from pydantic import BaseModel

from alerts.schemas import alerts, receivers, rules, signals

ANSWERS = [
    model
    for module in (alerts, receivers, rules, signals)
    for name, model in inspect.getmembers(module, inspect.isclass)
    if issubclass(model, BaseModel) and model.__module__ == module.__name__ and not name.endswith(("Create", "Action"))
    if name not in {"When", "SignalBatch", "EvaluationRequest"}
]


@pytest.mark.parametrize("model", ANSWERS, ids=lambda model: model.__name__)
def test_every_field_of_an_answer_is_described(model: type[BaseModel]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []
