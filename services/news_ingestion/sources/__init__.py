"""Sources as users keep them and as the schedule fetches them."""
