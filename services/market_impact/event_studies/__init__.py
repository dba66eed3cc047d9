"""An event study over REST: request, statistics, answer and charts."""
