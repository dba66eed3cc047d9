"""One alert from its opening to its end."""
