"""The kinds of receivers, and how notices are sent to each."""
