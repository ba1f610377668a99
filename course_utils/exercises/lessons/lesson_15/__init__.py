"""Lesson 15: twelve specimens, repaired."""
