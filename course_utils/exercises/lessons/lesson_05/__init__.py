"""Lesson 05: contractive autoencoders and manifolds."""
