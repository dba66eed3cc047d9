"""Plain-text processing: language, sentences, words, negation and hedging."""
