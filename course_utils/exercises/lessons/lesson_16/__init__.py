"""Lesson 16: a width, a column to blame, and weights that take less room."""
