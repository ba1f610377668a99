"""Lesson 12: codes from a list."""
