"""Training of the gazetteer and the name tagger."""
