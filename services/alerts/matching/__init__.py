"""Which rules an impact satisfies, and why."""
