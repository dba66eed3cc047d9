"""The chart rendered for an environment: real Helm as a library, once for each set of values.

`python charts/rendering.py ENVIRONMENT`, which `make dev-values` runs, prints what it applies.
"""

import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from helm_python import chart as helm

JSON = dict[str, Any]

CHART = Path(__file__).resolve().parent / "market-impact-analysis-system"
RELEASE, NAMESPACE = "market-impact", "financial-news"
ENVIRONMENTS = ("development", "staging", "production")


def given_values(environment: str) -> JSON:
    """Return the values of the environment's own file over those of the newest images; development has neither."""
    if environment == "development":
        return {}
    images, own = (_values_file(name) for name in ("images", environment))
    return deep_merged(images, own)


def _values_file(name: str) -> JSON:
    return helm.values_from_yaml((CHART / f"values-{name}.yaml").read_text(encoding="utf-8"))


@cache
def merged_values(environment: str) -> JSON:
    """Return the values that a release in this environment has."""
    with helm.Chart.load(CHART) as loaded:
        return loaded.merge_values(given_values(environment))


def deep_merged(base: JSON, changes: JSON) -> JSON:
    """Return `base` with `changes`, maps merged key by key."""
    merged = dict(base)
    for key, value in changes.items():
        is_map = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = deep_merged(merged[key], value) if is_map else value
    return merged


def render(environment: str, changes: JSON | None = None) -> list[JSON]:
    """Return every object of a release, hooks and tests included."""
    with helm.Chart.load(CHART) as loaded:
        values = deep_merged(given_values(environment), changes or {})
        loaded.validate_schema(values)
        files = loaded.render(values, name=RELEASE, namespace=NAMESPACE, is_install=True)
    texts = (text for path, text in sorted(files.items()) if path.endswith(".yaml"))
    return [item for text in texts for item in yaml.load_all(text, Loader=yaml.CSafeLoader) if item]


@cache
def rendered(environment: str) -> tuple[JSON, ...]:
    """Return what the environment's values alone give."""
    return tuple(render(environment))


if __name__ == "__main__":
    sys.stdout.write(yaml.safe_dump_all(rendered(sys.argv[1]), sort_keys=False))
