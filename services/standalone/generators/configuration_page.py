"""Writes docs/configuration.md from the settings classes: `python -m standalone.generators.configuration_page`."""

from pathlib import Path

from common.gateway import SERVICES
from standalone.generators.settings_table import as_markdown, common_settings, own_settings

_INTRODUCTION = """# Configuration

Everything is an environment variable, and nothing has to be set on a laptop. A value may also come from a file that the
variable `<NAME>_FILE` names, as container platforms mount secrets; a variable wins over a file. Wrong values are
refused at start, without showing them. Secrets never appear in logs, errors, metrics or `repr`.

`mia settings [SERVICE]` prints these tables. Durations carry their unit in the name, but for one
name that platforms already use: `DB_CONNECTION_TIMEOUT` is in milliseconds.

The name of each service's database is its own variable, too: `NEWS_INGESTION_DB`, `NLP_PROCESSING_DB`,
`MARKET_IMPACT_DB` and `ALERTSIGNAL_DB`.

The command line reads `MIA_DATA` (folder of the embedded PostgreSQL, default `.local`), `GATEWAY_URL`,
`MIA_API_KEY` or `MIA_API_KEY_FILE` (a file with the key), and `MIA_SERVICE` (the service that `mia serve`,
`mia migrate` and `mia check` act on when none is named; images set it).

## All services

"""


def configuration_page() -> str:
    """Return the whole page as Markdown."""
    parts = [_INTRODUCTION, as_markdown(common_settings())]
    for service in SERVICES:
        parts += [f"\n## {service.title} (`{service.name}`)\n\n", as_markdown(own_settings(service))]
    return "".join(parts)


if __name__ == "__main__":
    Path("docs/configuration.md").write_text(configuration_page(), encoding="utf-8")
