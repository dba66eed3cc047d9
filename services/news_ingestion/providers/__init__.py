"""The kinds of sources, one package each, and how they are fetched."""
