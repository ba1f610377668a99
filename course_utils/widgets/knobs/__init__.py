"""Views whose Python side does the work: sliders by ipywidgets that change one picture, a PNG.

Each view is a module of its name. One that has curves holds its figure too, of which `moving`
draws anew what moves; one that shows pictures side by side draws them with `tiles`. All have their
sliders, and their complaints about what they are given, from `controls`.
"""
