"""Training of what finds names: the gazetteer and the name tagger."""
