"""Lesson 17: a better prior."""
