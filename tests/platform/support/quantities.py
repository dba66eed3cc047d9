"""Amounts as Kubernetes writes them."""

import re

_UNITS = {"": 1.0, "m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def quantity(text: str) -> float:
    """Return an amount in processors or bytes: `100m`, `1`, `512Mi`."""
    number, unit = re.fullmatch(r"([\d.]+)(\w*)", text).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS[unit]


def mebibytes(text: str) -> float:
    """Return an amount of memory in MiB."""
    return quantity(text) / 2**20
