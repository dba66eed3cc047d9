"""Estimation of the effect of news from past news."""
