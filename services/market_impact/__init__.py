"""Market impact: what a piece of news does to a security, estimated, explained and held against what happened."""
