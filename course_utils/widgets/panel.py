"""A panel of controls and pictures, which leaves a still picture where no widget can live."""

import base64
from collections.abc import Sequence
from html import escape

import ipywidgets
from IPython.display import display
from traitlets import Unicode

from course_utils._keys import KEYS
from course_utils.widgets.stills import stacked
from course_utils.widgets.views import asset

WIDGET = "application/vnd.jupyter.widget-view+json"

# A panel is displayed as two outputs, the still picture and the widget: a reader sees one of them.
# Measured in JupyterLab 4.6 with Chromium 156, and with nbconvert 7.17:
#
#                                          this way      one output with text/html and the widget
#   trusted, kernel running                the widget    the widget
#   untrusted (a fresh clone)              the still     the still
#   trusted, reopened without its state    the still     "Error displaying widget: model not found"
#   trusted, reopened with its state       the widget, whose controls move nothing, in both ways
#   nbconvert page, offline, no state      the still     the still
#   nbconvert page, offline, with state    the still     nothing (its manager is on the network)
#
# Of two outputs Lab shows what the rules below leave: the still goes where a widget lives behind
# it, and a widget that cannot live leaves no error. An untrusted notebook drops the rules, and
# shows no widget either. The outputs lie side by side in Lab and in exported pages alike.
RULES = (
    ".jp-OutputArea-child:has(.course-still):has(+ .jp-OutputArea-child .widget-box),"
    " .jp-OutputArea-child:has(.course-still) + .jp-OutputArea-child:not(:has(.widget-box))"
    " {display: none}"
)
STILL = "A still picture: run the cell in JupyterLab to move it."
NO_STILL = "Run the cell in JupyterLab to use it."
SHOWN = (ipywidgets.Image, ipywidgets.HTML)


class Picture(ipywidgets.Image):
    """A PNG whose `tooltip` says what it shows: browsers take it for the name of the image.

    ipywidgets' picture has no alternative text, and in the browser (8.1) it fails on a tooltip,
    because it asks for the length of a description that it does not have.
    """

    description = Unicode("").tag(sync=True)


class Panel(ipywidgets.VBox):
    """Controls above the pictures and texts that they change.

    What a control changes is drawn by functions that `observe` it. Make the panel before that: its
    kernel then says that it has heard of a move before it begins to draw.
    """

    def __init__(self, children: Sequence[ipywidgets.Widget]) -> None:
        # Without flex-start a box stretches its children, and the picture with them.
        super().__init__(children, layout=ipywidgets.Layout(align_items="flex-start"))
        self._moves = 0
        self.add_class("cv-panel")
        for child in children:
            if child.has_trait("value") and not isinstance(child, SHOWN):
                self._listen_to(child)

    def _listen_to(self, control: ipywidgets.Widget) -> None:
        """Hear of each change, and of each message: one that comes too late to change anything,
        since the control is back where it was, is no less an answer."""
        control.observe(self._hear, names="value")
        take = control.set_state

        def listen(state: dict) -> None:
            self._hear()
            take(state)

        control.set_state = listen

    def _hear(self, _change: object = None) -> None:
        """Tell the page that a move has been heard of, by a class that is another each time."""
        self._moves += 1
        others = [name for name in self._dom_classes if not name.startswith("cv-heard-")]
        self._dom_classes = [*others, f"cv-heard-{self._moves}"]

    def still(self) -> str:
        """The panel as it stands, as HTML without controls: where they are, pictures, texts."""
        shown = [child for child in self.children if isinstance(child, SHOWN)]
        places = [
            f"{child.description}: {_place(child)}"
            for child in self.children
            if not isinstance(child, (*SHOWN, ipywidgets.Button))
        ]
        pictures = any(isinstance(child, ipywidgets.Image) and child.value for child in shown)
        return (
            f"<style>{RULES}</style>"
            f'<div class="course-still"><p><em>{STILL if pictures else NO_STILL}</em><br>'
            f"{escape(' · '.join(places))}</p>{''.join(map(_html, shown))}</div>"
            f"<script>{script()}</script>"
        )

    def _ipython_display_(self) -> None:
        data, metadata = {"text/html": self.still(), "text/plain": STILL}, {}
        images = [each for each in self.children if isinstance(each, ipywidgets.Image)]
        if shown := [each for each in images if each.value]:
            # For PDF, LaTeX and whoever shows no HTML.
            data["image/png"] = stacked([("", bytes(each.value)) for each in shown])
            alt = " ".join(each.tooltip for each in shown if each.tooltip)
            metadata["image/png"] = {"alt": alt or STILL}
        display(data, metadata=metadata, raw=True)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        # Empty for readers that would show the name of a class where the widget cannot live.
        display({WIDGET: view, "text/html": "", "text/plain": ""}, raw=True)


def script() -> str:
    """What a page needs to name the sliders of its panels, and to say when no kernel answers."""
    return f"{KEYS}{asset('panel.js')}"


def text(lines: Sequence[str]) -> str:
    """Lines of text as HTML."""
    return f'<div style="line-height: 1.5">{"<br>".join(map(escape, lines))}</div>'


def _place(control: ipywidgets.Widget) -> str:
    """Where a control stands, as its reader shows it."""
    value = getattr(control, "label", None) or control.value
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _html(shown: ipywidgets.Image | ipywidgets.HTML) -> str:
    if isinstance(shown, ipywidgets.HTML):
        return shown.value
    if not shown.value:
        return ""
    alt, source = escape(shown.tooltip or ""), base64.b64encode(shown.value).decode()
    return f'<img alt="{alt}" style="max-width: 100%" src="data:image/png;base64,{source}">'
