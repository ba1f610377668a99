"""Lesson 08: a whole VAE, a walk through its codes, a tighter bound, and a slider."""
