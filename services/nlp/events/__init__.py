"""Event types of a text with their roles and magnitudes."""
