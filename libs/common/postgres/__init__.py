"""One service's database."""
