"""Entities of a text: where names occur, which entity and security each means, and its relevance."""
