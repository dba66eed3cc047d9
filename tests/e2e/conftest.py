"""The fixtures of a whole system."""

from tests.system import backing_environment, processes

__all__ = ["backing_environment", "processes"]
