"""Calls to addresses that users give, and answers from strangers."""
