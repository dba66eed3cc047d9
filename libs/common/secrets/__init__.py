"""Secrets sealed at rest and masked in texts."""
