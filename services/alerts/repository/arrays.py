"""Rows as one array per column, for a static statement that unnests them."""

from collections.abc import Sequence

from common.postgres.rows import RowT


def arrays_of(rows: Sequence[RowT]) -> dict[str, list[object]]:
    """Return the values of each field of `rows`, at least one named tuple, by the field's name."""
    names: tuple[str, ...] = rows[0]._fields  # type: ignore[attr-defined]
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
