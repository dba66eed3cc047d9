"""Market impact: the effect of news on a security, estimated, explained and compared with the outcome."""
