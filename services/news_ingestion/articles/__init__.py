"""One article, cleaned and readable for comparison."""
