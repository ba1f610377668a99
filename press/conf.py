"""Sphinx's settings for the book; `python -m press` makes it."""

from press import pages

project = author = html_title = pages.title()
language = "en"
extensions = ["myst_nb", "sphinx_copybutton", "press.formulas"]
myst_enable_extensions = ["dollarmath"]
nb_execution_mode = "off"  # the lessons as they are saved
html_math_renderer = "set"
html_theme = "sphinx_book_theme"
html_static_path = ["_static"]
html_css_files = ["formulas.css", "style.css"]
html_copy_source = html_use_index = html_show_copyright = html_show_sphinx = False
html_show_search_summary = False  # it would be fetched, which a page opened from a file may not do
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_sidebars = {"**": ["search-button-field.html", "sbt-sidebar-nav.html"]}
html_theme_options = {
    "home_page_in_toc": True,
    "navbar_persistent": [],  # the search stands beside the page already
    "navigation_with_keys": False,  # the arrow keys move the views
    "show_toc_level": 2,
    "use_download_button": False,
}
