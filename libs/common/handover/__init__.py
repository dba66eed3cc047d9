"""Results handed on to the next service, and events streamed to subscribers."""
