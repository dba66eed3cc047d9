"""What each replica keeps in memory, in step with the database."""
