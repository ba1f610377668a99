"""Lesson 18: noise that follows a score, a velocity to train, and the way along it, guided."""
