"""Whether two articles are the same, and which story an article belongs to."""
