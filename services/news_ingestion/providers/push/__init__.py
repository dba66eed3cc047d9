"""Sources whose articles are posted."""
