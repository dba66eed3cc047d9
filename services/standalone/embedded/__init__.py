"""PostgreSQL and Redis from wheels, and child processes that end with the process that started them."""
