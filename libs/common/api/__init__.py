"""What every route does, and what surrounds every request."""
