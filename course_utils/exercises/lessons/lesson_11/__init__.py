"""Lesson 11: a VAE that is told the label."""
