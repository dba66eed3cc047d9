"""The stored configuration of receivers: JSON for what is not secret, and the encrypted secrets."""

import json
from collections.abc import Collection
from typing import NamedTuple, Protocol

from alerts.delivery.channels.channel import Config
from common.contracts.json import JSONObject
from common.secrets.secret_box import SecretBox

# The secret that has a column of its own: the previous release reads the address of a webhook there.
_OWN_COLUMN = "url"


class StoredConfig(NamedTuple):
    """The columns of a receiver that hold its configuration; `url` and `config_secrets` are sealed."""

    url: str | None
    config: JSONObject
    config_secrets: str | None


class _Stored(Protocol):
    @property
    def url(self) -> str | None: ...
    @property
    def config(self) -> JSONObject: ...
    @property
    def config_secrets(self) -> str | None: ...


def sealed_config(config: Config, secret_fields: Collection[str], box: SecretBox) -> StoredConfig:
    """Return a configuration as it is stored."""
    secrets = {name: value for name, value in config.items() if name in secret_fields}
    url = secrets.get(_OWN_COLUMN)
    if isinstance(url, str):
        del secrets[_OWN_COLUMN]
    return StoredConfig(
        url=box.seal(url) if isinstance(url, str) else None,
        config={name: value for name, value in config.items() if name not in secret_fields},
        config_secrets=box.seal(json.dumps(secrets)) if secrets else None,
    )


def opened_config(stored: _Stored, box: SecretBox) -> JSONObject:
    """Return the configuration of a stored receiver.

    Raises
    ------
    UnreadableSecret
        The key that has sealed it is not among those that the service has.
    """
    return {**stored.config, **opened_secrets(stored, box)}


def opened_secrets(stored: _Stored, box: SecretBox) -> JSONObject:
    """Return what of the configuration of a stored receiver is secret; raises as `opened_config` does."""
    secrets: JSONObject = {} if stored.config_secrets is None else json.loads(box.open(stored.config_secrets))
    address: JSONObject = {} if stored.url is None else {_OWN_COLUMN: box.open(stored.url)}
    return {**secrets, **address}
