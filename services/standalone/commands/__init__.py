"""The commands of `mia`, by subject."""
