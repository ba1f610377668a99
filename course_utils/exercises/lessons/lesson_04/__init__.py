"""Lesson 04: sparse codes."""
