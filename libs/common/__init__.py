"""Everything the four services share: plumbing, contracts and conventions, and no business rule."""
