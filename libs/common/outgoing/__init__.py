"""Requests to user-supplied addresses, and their untrusted responses."""
