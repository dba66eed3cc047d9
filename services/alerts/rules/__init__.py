"""Rules as users manage and try them."""
