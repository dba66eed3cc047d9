"""Rules as users keep them and as replicas hold them."""
