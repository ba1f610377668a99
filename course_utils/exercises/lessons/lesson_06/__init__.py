"""Lesson 06: the evidence lower bound."""
