"""Lesson 09: against collapse, and how to see it."""
