"""Lesson 03: denoising."""
