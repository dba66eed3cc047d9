"""How a definition may declare its secrets: one that would be stored in clear, or lost, is refused at the start."""

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any, TypeGuard, get_args, get_type_hints

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic import Secret as SecretOfPydantic
from pydantic.fields import FieldInfo

from alerts.delivery.channels.channel import Channel, ReceiverDefinition, Secret

_OF_EVERY_KIND = frozenset({"name", "kind", "enabled"})
_MASKED_BY_PYDANTIC = (SecretStr, SecretBytes, SecretOfPydantic)


def registered(*channels: type[Channel]) -> tuple[type[Channel], ...]:
    """Return `channels`, whose secrets are sealed as a whole and come back as they were.

    Raises
    ------
    TypeError
        A definition declares a secret in a way that would not keep it safe; the message says how to declare it.
    """
    for channel in channels:
        _require_safe(channel.definition)
    return channels


def _require_safe(definition: type[ReceiverDefinition]) -> None:
    secret = definition.secret_fields()
    for name, field in definition.model_fields.items():
        fault = _fault_of_secret(name, field) if name in secret else _fault_of_other(field)
        if name in secret and not fault and _is_changed(definition, name):
            fault = "is a secret that is stored in another form, or under another name, than it is given"
        if fault:
            raise TypeError(f"{definition.__name__}.{name} {fault}; a secret is `Annotated[str, Secret()]`.")
    if secret and definition.model_computed_fields:
        names = ", ".join(definition.model_computed_fields)
        raise TypeError(f"{definition.__name__} computes {names}, which is stored in clear beside its secrets.")


def _fault_of_secret(name: str, field: FieldInfo) -> str | None:
    if name in _OF_EVERY_KIND:
        return "is stored in clear for every kind, and cannot be a secret"
    if field.exclude:
        return "is excluded from what is stored, and would be lost"
    if not _is_text(field.annotation):
        return "is a secret that is no text"
    return None


def _is_changed(definition: type[ReceiverDefinition], name: str) -> bool:
    """Tell whether pydantic writes a field in another way than as it was read, by any of its ways to say so."""
    schema: Mapping[str, Any] = definition.__pydantic_core_schema__
    referred = {each["ref"]: each for each in schema.get("definitions", ())}
    # Around the fields stand the model, its validators and, if it has them, what fields refer to.
    while "fields" not in schema:
        if "serialization" in schema:
            return True
        schema = schema["schema"]
    field = schema["fields"][name]
    is_renamed = bool(definition.model_config.get("serialize_by_alias")) and "serialization_alias" in field
    return is_renamed or _has_serializer(field, referred)


def _has_serializer(node: object, referred: Mapping[str, object]) -> bool:
    if isinstance(node, list | tuple):
        return any(_has_serializer(each, referred) for each in node)
    if not isinstance(node, dict):
        return False
    if node.get("type") == "definition-ref":
        return _has_serializer(referred[node["schema_ref"]], referred)
    if "serialization" in node or node.get("type") == "json":
        return True
    return any(_has_serializer(each, referred) for key, each in node.items() if key != "metadata")


def _fault_of_other(field: FieldInfo) -> str | None:
    parts = [*_parts(field.annotation, set()), *field.metadata, field.default]
    if any(isinstance(part, Secret) or part is Secret for part in parts):
        return (
            "has a mark of a secret that is not an instance at the top of its annotation, and would be stored in clear"
        )
    if any(isinstance(part, type) and issubclass(part, _MASKED_BY_PYDANTIC) for part in parts):
        return "is masked by pydantic, and would be stored as asterisks"
    return None


def _is_text(annotation: object) -> bool:
    """Tell whether values are texts, or none at all."""
    if annotation is str:
        return True
    parts = [part for part in _parts(annotation, set()) if isinstance(part, type)]
    return str in parts and all(part in {str, type(None)} for part in parts)


def _parts(annotation: object, seen: set[int]) -> Iterator[object]:
    """Yield everything that `annotation` is made of: members of unions and lists, marks, and fields of classes."""
    if id(annotation) in seen:
        return
    seen.add(id(annotation))
    yield annotation
    named = (getattr(annotation, name, None) for name in ("__origin__", "__value__", "__supertype__", "__bound__"))
    for part in (*named, *getattr(annotation, "__constraints__", ()), *get_args(annotation)):
        if part is not None:
            yield from _parts(part, seen)
    yield from getattr(annotation, "__metadata__", ())
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for field in annotation.model_fields.values():
            yield from field.metadata
            yield field.default
            yield from _parts(field.annotation, seen)
    elif _has_fields(annotation):
        for name, part in get_type_hints(annotation, include_extras=True).items():
            yield getattr(annotation, name, None)
            yield from _parts(part, seen)


def _has_fields(annotation: object) -> TypeGuard[type]:
    """Tell whether `annotation` is a class other than a model of whose annotations pydantic makes fields."""
    # By their attributes: pydantic asks for a TypedDict of typing_extensions, which is not the one of typing.
    is_typed_dict = hasattr(annotation, "__required_keys__")
    is_named_tuple = hasattr(annotation, "_fields") and hasattr(annotation, "_make")
    return isinstance(annotation, type) and (is_typed_dict or is_named_tuple or is_dataclass(annotation))
