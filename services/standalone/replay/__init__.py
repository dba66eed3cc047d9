"""Articles and bars from files through the running system, and what came of them."""
