"""Lesson 02: sizes of convolutions, and search by nearest codes."""
