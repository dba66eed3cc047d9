"""The settings of the services as a table, from the settings classes themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from common.gateway import Service
from common.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting: its environment variable, its default as text, and what it means, with its unit."""

    name: str
    default: str
    description: str

    def as_markdown(self) -> str:
        """Return the row of a Markdown table."""
        return f"| `{self.name}` | {self.default} | {self.description.replace('|', '&#124;')} |"


def common_settings() -> list[SettingRow]:
    """Return the settings that every service has."""
    return list(_rows(ServiceSettings, set()))


def own_settings(service: Service) -> list[SettingRow]:
    """Return the settings that only `service` has."""
    kind: type[ServiceSettings] = import_module(f"{service.name}.settings").Settings
    return list(_rows(kind, set(ServiceSettings.model_fields)))


def as_markdown(rows: list[SettingRow]) -> str:
    """Return a Markdown table."""
    header = "| variable | default | meaning |\n|---|---|---|\n"
    return header + "".join(f"{row.as_markdown()}\n" for row in rows)


def _rows(kind: type[ServiceSettings], known: set[str]) -> Iterator[SettingRow]:
    for name, field in kind.model_fields.items():
        if name not in known:
            yield SettingRow(name.upper(), _default(field), field.description or "")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value is PydanticUndefined:
        return "none"
    if isinstance(value, SecretStr):
        return "secret"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (list, tuple)):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{value}`" if value != "" else "empty"
