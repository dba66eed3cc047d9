"""Name tagging: where names occur in a text, and their kind. A linear and a contextual tagger share one interface."""
