"""Sends articles and bars from files through the running system, and shows the results."""
