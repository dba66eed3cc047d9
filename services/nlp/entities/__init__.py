"""Entities of a text: where names are, who bears them, which security each is, and how much the text is about them."""
