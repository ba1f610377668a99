"""Lesson 07: two ways to a gradient through a random draw."""
