"""Receivers as users keep them."""
