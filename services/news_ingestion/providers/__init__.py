"""The kinds of sources, one package each, and how providers are asked."""
