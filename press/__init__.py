"""The press: makes the book of the lessons as they are saved, and runs none of them.

python -m press   is `make book`: pages that live without a server and a network

pages.py     what stands on each page: of the notebooks and the documents beside them
sources.py   the bibliography, read out of what each lesson names as its sources
faults.py    what a page must not have: one sentence each, with its notebook and its cell
formulas.py  formulas, set while the book is made (formulas.js): no reader waits for them
training.py  the page on which a VAE learns in the browser (training.md, training/)
setting.py   Sphinx at work
slides.py    slides of the figures, a deck for each arc (slides.css, slides.js)
printed.py   the book on paper (print.css), by Chromium (chromium.py)
conf.py, cover.md, style.css   Sphinx's settings, the first page, and how it looks
"""
