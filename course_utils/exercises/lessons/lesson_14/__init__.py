"""Lesson 14: the likelihood of counts."""
