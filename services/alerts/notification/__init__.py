"""What receivers are told, and when."""
