"""One article, cleaned and prepared for comparison."""
