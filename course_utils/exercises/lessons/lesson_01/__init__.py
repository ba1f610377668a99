"""Lesson 01: the bottleneck and PCA."""
