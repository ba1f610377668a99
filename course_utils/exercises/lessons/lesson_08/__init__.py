"""Lesson 08: walking through the codes, a slider, and a tighter bound."""
