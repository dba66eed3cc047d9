"""What past news says that this news will do."""
