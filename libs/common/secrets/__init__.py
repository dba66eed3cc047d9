"""Secrets, encrypted at rest and masked in texts."""
