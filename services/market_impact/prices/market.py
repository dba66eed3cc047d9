"""The prices that a batch of estimates uses."""

from collections.abc import Mapping
from dataclasses import dataclass

from market_impact.prices.price_series import PriceSeries


@dataclass(frozen=True, slots=True)
class Market:
    """Available prices: a series for each ticker that has bars, and whether the benchmark has any."""

    series: Mapping[str, PriceSeries]
    has_benchmark: bool
