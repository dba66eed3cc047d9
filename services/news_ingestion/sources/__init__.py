"""Sources as users manage them and as the schedule fetches them."""
