"""NLP: language, entities, sentiment, topics and events of financial news, with evidence."""
