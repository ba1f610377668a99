"""Lesson 00: the warm-up, by which a learner meets the checker."""
