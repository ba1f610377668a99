"""Lesson 13: from a reconstruction to a decision."""
