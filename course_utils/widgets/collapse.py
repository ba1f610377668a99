"""A laboratory of posterior collapse: knobs, a button, and a table of what came of it."""

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import ipywidgets
import torch
from jaxtyping import Float
from torch import Tensor

from course_utils import plots
from course_utils.metrics import BoundParts, bound_parts
from course_utils.models import VAE, PeekingVAE
from course_utils.objectives import negative_elbo
from course_utils.schedules import cosine_decay, linear_warmup
from course_utils.training import History, fit
from course_utils.widgets.panel import Panel, Picture

BATCH_SIZE = 50
LEARNING_RATE = 1e-2
BERNOULLI = 0.0  # a knob has no position None
CHANNELS = 8  # feature maps of the decoder that sees pixels
SAMPLES = 5  # draws of z for each test image

NOTE = (
    "Nats of Gaussian pixels are those of a density, and may be negative: compare them only with "
    "rows of the same σ². The sum is reconstruction + KL, whatever β was used in training."
)


class Settings(NamedTuple):
    """Where the knobs stand.

    Attributes:
        reach: how many rows up and columns to either side the decoder sees; 0 for none.
        beta: the price of a nat of KL.
        variance: σ² of Gaussian pixels, or None for Bernoulli pixels.
        warm_up: the fraction of training during which the price rises from 0.
        free_bits: nats that each dimension may spend without paying.
    """

    reach: int = 3
    beta: float = 1.0
    variance: float | None = None
    warm_up: float = 0.0
    free_bits: float = 0.0


class Run(NamedTuple):
    """One row of the table: settings, and what the bound is made of on the test images."""

    settings: Settings
    parts: BoundParts


def collapse_lab(
    train: Float[Tensor, "n 1 28 28"],
    test: Float[Tensor, "m 1 28 28"],
    *,
    latent_dim: int = 20,
    hidden: Sequence[int] = (256,),
    steps: int = 500,
    seed: int = 0,
) -> "CollapseLab":
    """A small VAE to be collapsed and cured: five knobs, a button, bars, and a table of all runs.

    Each press of the button trains a new model with the same seed, a few seconds for a few thousand
    images, and adds a row: reconstruction, KL and their sum on the test images, and active units.

    Args:
        train, test: images in [0, 1]; black and white ones suit Bernoulli pixels.
        latent_dim, hidden, steps: the size of the model, and how long it is trained.
        seed: decides first weights, order and noise.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel. From code,
        `lab.run(beta=2.0)` turns the knobs and presses the button, and `lab.runs` is the table.

    Raises:
        ValueError: if train or test is not a batch of 28 × 28 images.
    """
    for name, x in (("train", train), ("test", test)):
        if x.ndim != 4 or tuple(x.shape[1:]) != (1, 28, 28) or len(x) == 0:
            raise ValueError(
                f"{name} has shape {tuple(x.shape)}; expected (batch, 1, 28, 28) with at least "
                "one image, such as images.train[:4000]"
            )
    return CollapseLab(train, test, latent_dim, tuple(hidden), steps, seed)


class CollapseLab(Panel):
    """The view that `collapse_lab` makes.

    Attributes:
        runs: what was trained so far, oldest first.
    """

    def __init__(
        self,
        train: Tensor,
        test: Tensor,
        latent_dim: int,
        hidden: tuple[int, ...],
        steps: int,
        seed: int,
    ) -> None:
        self.runs: list[Run] = []
        self._train, self._test = train, test
        self._latent_dim, self._hidden = latent_dim, hidden
        self._steps, self._seed = steps, seed
        self._busy = False
        variances = (10.0, 5.0, 2.0, 1.0, 0.5, 0.1, 0.05)
        pixels = [("Bernoulli", BERNOULLI), *((f"Gaussian, σ² = {v:g}", v) for v in variances)]
        betas = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
        self.knobs = {
            "reach": _knob("decoder sees", [(_rows(k), k) for k in range(5)]),
            "beta": _knob("β", [(f"{beta:g}", beta) for beta in betas]),
            "variance": _knob("pixels", pixels),
            "warm_up": _knob("warm-up", [(f"{s:.0%}", s) for s in (0.0, 0.25, 0.5, 0.75, 1.0)]),
            "free_bits": _knob("free bits", [(f"{b:g}", b) for b in (0.0, 0.05, 0.1, 0.25, 0.5)]),
        }
        self._turn(Settings())
        self.button = ipywidgets.Button(
            description="Train", button_style="primary", tooltip="Train with these settings"
        )
        self.button.on_click(self._pressed)
        self.status = ipywidgets.HTML(_status("Turn the knobs, then press Train."))
        # Hidden until there is something to see: an empty picture is drawn as a broken one.
        self.bars = Picture(layout=ipywidgets.Layout(display="none"))
        self.table = ipywidgets.HTML()
        children = [*self.knobs.values(), self.button, self.status, self.bars, self.table]
        super().__init__(children)

    @property
    def settings(self) -> Settings:
        """Where the knobs stand now."""
        values = {name: knob.value for name, knob in self.knobs.items()}
        return Settings(**values | {"variance": values["variance"] or None})

    def run(self, **settings: Any) -> BoundParts:
        """Turn the knobs that are named, set the others back, and train: what the button does.

        Raises:
            ValueError: if a knob has no such name or position.
        """
        if unknown := settings.keys() - self.knobs.keys():
            raise ValueError(f"no knob is called {sorted(unknown)}; there are {list(self.knobs)}")
        self._turn(Settings(**settings))
        return self._trained()

    def fit(self, settings: Settings) -> tuple[VAE, History]:
        """A new model, trained with these settings, and how that went."""
        gaussian = settings.variance is not None
        options = {
            "output": "linear" if gaussian else "sigmoid",
            "sigma": settings.variance**0.5 if gaussian else 1.0,
            "seed": self._seed,
        }
        if settings.reach:
            model = PeekingVAE.dense(
                self._latent_dim, self._hidden, reach=settings.reach, channels=CHANNELS, **options
            )
        else:
            model = VAE.dense(self._latent_dim, self._hidden, **options)
        rising = settings.warm_up > 0
        beta = linear_warmup(settings.warm_up, settings.beta) if rising else settings.beta
        history = fit(
            model,
            negative_elbo(beta, settings.free_bits),
            self._train,
            steps=self._steps,
            batch_size=BATCH_SIZE,
            lr=cosine_decay(LEARNING_RATE),
            seed=self._seed,
            progress=False,
            callbacks=[self._epoch_done],
        )
        return model, history

    def _turn(self, settings: Settings) -> None:
        for name, value in settings._asdict().items():
            knob = self.knobs[name]
            positions = [position for _, position in knob.options]
            if name == "variance" and value is None:
                value = BERNOULLI
            if value not in positions:
                raise ValueError(f"{name} is {value}; the knob has the positions {positions}")
            knob.value = value

    def _pressed(self, _button: object) -> None:
        # A press that waited while a model was trained comes afterwards, and finds the same
        # settings: they are not trained again, so that it does no harm.
        if self._busy:
            return
        try:
            self._trained()
        except KeyboardInterrupt:
            self._say("Training was stopped; nothing was added to the table.")
        except Exception as error:  # the button has no other place to show it
            sentence = str(error).split(". ")[0].strip() or type(error).__name__
            self._say(f"That did not work: {sentence}.")

    def _trained(self) -> BoundParts:
        """The parts of the bound for the knobs as they stand, trained unless they were before."""
        settings = self.settings
        for number, run in enumerate(self.runs, start=1):
            if run.settings == settings:
                self._show(number)
                self._say(f"These settings are those of run {number}, which is shown.")
                return run.parts
        self._busy = self.button.disabled = True
        self._say("Training …")
        try:
            model, history = self.fit(settings)
            if not history.finished:
                raise KeyboardInterrupt  # half a training is no row of the table
            generator = torch.Generator().manual_seed(self._seed)
            parts = bound_parts(model, self._test, SAMPLES, generator)
            self.runs.append(Run(settings, parts))
            self._show(len(self.runs))
            self._say(_sentence(len(self.runs), parts))
        finally:
            self._busy = self.button.disabled = False
        return parts

    def _epoch_done(self, _model: VAE, history: History) -> None:
        batches = -(-len(self._train) // BATCH_SIZE)
        done = min(history.epochs * batches, self._steps)
        self._say(f"Training: {done} of {self._steps} steps done …")

    def _say(self, sentence: str) -> None:
        self.status.value = _status(sentence)

    def _show(self, number: int) -> None:
        """The bars of one run, and the table with its row marked."""
        parts = self.runs[number - 1].parts
        ax = plots.kl_bars(parts.kl_per_dimension)
        title = f"run {number}: {_active(parts)}, KL {parts.kl:.2f} nats"
        ax.set_title(title)
        self.bars.value = plots.png(ax.figure)
        self.bars.tooltip = f"KL of each dimension of the code; {title}"
        self.bars.layout.display = None
        self.table.value = _table(self.runs, number)


def _knob(description: str, options: Sequence[tuple[str, object]]) -> ipywidgets.SelectionSlider:
    return ipywidgets.SelectionSlider(
        options=options,
        description=description,
        layout=ipywidgets.Layout(width="520px"),
        style={"description_width": "100px"},
    )


def _rows(reach: int) -> str:
    return {0: "no pixel", 1: "1 row above"}.get(reach, f"{reach} rows above")


def _active(parts: BoundParts) -> str:
    return f"{parts.active_units} of {len(parts.kl_per_dimension)} active"


def _sentence(number: int, parts: BoundParts) -> str:
    return (
        f"Run {number}: reconstruction {parts.reconstruction:.2f} + KL {parts.kl:.2f} = "
        f"{parts.negative_elbo:.2f} nats; {_active(parts)}."
    )


def _status(sentence: str) -> str:
    return f'<div role="status">{escape(sentence)}</div>'


def _table(runs: Sequence[Run], marked: int) -> str:
    names = (
        *("run", "decoder sees", "β", "pixels", "warm-up", "free bits"),
        *("reconstruction", "KL", "sum", "active units"),
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = []
    for number, (settings, parts) in enumerate(runs, start=1):
        gaussian = settings.variance is not None
        cells = (
            str(number),
            _rows(settings.reach),
            f"{settings.beta:g}",
            f"σ² = {settings.variance:g}" if gaussian else "Bernoulli",
            f"{settings.warm_up:.0%}",
            f"{settings.free_bits:g}",
            f"{parts.reconstruction:.2f}",
            f"{parts.kl:.2f}",
            f"{parts.negative_elbo:.2f}",
            _active(parts).removesuffix(" active"),
        )
        weight = ' style="font-weight: bold"' if number == marked else ""
        rows.append(f"<tr{weight}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return (
        "<style>.course-collapse td, .course-collapse th {padding: 2px 10px; text-align: right;"
        " white-space: nowrap} "
        ".course-collapse caption {caption-side: bottom; text-align: left}</style>"
        f'<table class="course-collapse"><caption>{NOTE}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
