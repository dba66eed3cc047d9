"""Receivers as users manage them."""
