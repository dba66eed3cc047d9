"""Daily bars as arrays on the trading calendar."""
