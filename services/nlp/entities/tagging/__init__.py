"""Where names stand in a text and of which kind each is: a linear and a contextual tagger behind one interface."""
