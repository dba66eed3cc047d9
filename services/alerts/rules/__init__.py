"""Rules as users manage them and as replicas hold them."""
