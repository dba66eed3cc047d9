"""The kinds of receivers: how each is sent to."""
