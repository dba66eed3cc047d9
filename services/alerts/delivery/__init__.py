"""How a notification reaches a receiver."""
