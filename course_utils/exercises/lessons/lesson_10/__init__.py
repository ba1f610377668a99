"""Lesson 10: what a number of the code means, and whether it means it alone."""
