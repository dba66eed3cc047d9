"""The kinds of sources, one module or package each, and how providers are asked."""
