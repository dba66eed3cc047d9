"""Rules as users keep and try them."""
