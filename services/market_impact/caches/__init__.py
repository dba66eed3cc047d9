"""In-memory caches of each replica, kept in sync with the database."""
