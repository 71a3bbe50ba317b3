"""Reads, checks and shows the lessons that lie as data in `lessons/`. Knows no other app."""
