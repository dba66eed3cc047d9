"""Reading of plain text: its language, sentences and words, and what it denies or holds for possible."""
