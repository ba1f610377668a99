"""Sliders by ipywidgets that change one picture, drawn in Python and sent as a PNG.

Digits are dark ink on white paper, as in the course's figures and in either theme of JupyterLab.
Pixels are enlarged by whole numbers, without smoothing, so that one pixel stays one square.
"""

import math
from collections.abc import Callable, Mapping
from html import escape
from io import BytesIO
from numbers import Real
from typing import NamedTuple

import ipywidgets
import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from PIL import Image, ImageOps
from torch import Tensor

from course_utils.corruption import Corruption
from course_utils.losses import gaussian_log_density, squared_error
from course_utils.metrics import BoundParts
from course_utils.models import VAE, Autoencoder, PeekingVAE
from course_utils.models.base import evaluating
from course_utils.widgets import figures, panel
from course_utils.widgets.panel import Panel, Picture
from course_utils.widgets.views import require_tensor

PIXEL = 7  # screen pixels to one image pixel, each way
GAP = 16  # screen pixels from one picture to the next
SCRUB_REACH = 3  # standard deviations of the prior that a slider of a code goes to, each way
SHARES = [(f"{share:.1%}", share) for share in (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.9)]
PRICES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
MISSES = [(f"{m:g} false alarm{'s' if m > 1 else ''}", m) for m in PRICES]
FRAME = 190  # the grey of the line around a picture, seen on light and dark ground


def compare_code_sizes(
    x: Tensor,
    reconstructions: Mapping[str, Mapping[int, Tensor]],
    labels: Int[Tensor, " batch"] | None = None,
) -> ipywidgets.VBox:
    """The same image reconstructed by several methods from ever more numbers, under two sliders.

    One slider chooses the code size, the other the image; both answer to the arrow keys. The
    picture shows the original and each method's reconstruction side by side, and a line of text
    under each gives its squared error, summed over pixels.

        compare_code_sizes(x, {"PCA": {2: ..., 16: ...}, "autoencoder": {2: ..., 16: ...}})

    Args:
        x: the originals, `(batch, 1, height, width)` in [0, 1], at least one.
        reconstructions: for each method's name, code size → reconstructions of x, of its shape.
            Every method needs the same code sizes. Values outside [0, 1] (PCA's) are drawn clipped;
            their errors are not.
        labels: what each original shows, written under it.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if a shape differs from x's, x is not a batch of grey images, or the methods
            have different code sizes.
    """
    _require_comparable(x, reconstructions, labels)
    pictures = {
        name: {size: x_hat.detach().cpu() for size, x_hat in by_size.items()}
        for name, by_size in reconstructions.items()
    }
    original = x.detach().cpu()
    sizes = sorted(next(iter(pictures.values())))

    size = _slider(ipywidgets.SelectionSlider, "code size", options=sizes, value=sizes[0])
    index = _slider(ipywidgets.IntSlider, "image", min=0, max=len(original) - 1)

    def tiles() -> list[Tile]:
        i, k = index.value, size.value
        shown = [_original(original[i], None if labels is None else labels[i])]
        for name, by_size in pictures.items():
            x_hat = by_size[k][i]
            shown.append(Tile(x_hat, f"{name}, {k} numbers", _error(x_hat, original[i])))
        return shown

    return _scrubbed([size, index], tiles)


def denoise_at(
    x: Tensor,
    model: Autoencoder,
    noises: Mapping[str, Callable[[float], Corruption]],
    labels: Int[Tensor, " batch"] | None = None,
) -> ipywidgets.VBox:
    """An image, the image with noise, and what the model makes of it, under a slider for the noise.

    Buttons choose the kind of noise, a slider its strength, another the image. The same draw of the
    noise grows with the slider, so that what changes is its strength alone. A line of text under
    each picture gives its squared error against the original, summed over pixels.

        denoise_at(x, model, {"Gaussian": gaussian_noise, "masking": masking_noise})

    Args:
        x: the originals, `(batch, 1, height, width)` in [0, 1], at least one.
        model: draws the denoised image, by `model.reconstruct`.
        noises: name → a function of the strength, from 0 to 1, that returns a corruption.
        labels: what each original shows, written under it.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if x is not a batch of grey images, or noises is empty.
    """
    _require_images(x, labels)
    if not noises:
        raise ValueError("noises is empty: give at least one, such as {'Gaussian': gaussian_noise}")
    place = next(model.parameters()).device
    original = x.detach().cpu()
    kind = ipywidgets.ToggleButtons(options=list(noises), description="noise")
    level = _slider(ipywidgets.FloatSlider, "strength", min=0.0, max=1.0, step=0.05, value=0.5)
    index = _slider(ipywidgets.IntSlider, "image", min=0, max=len(original) - 1)

    def tiles() -> list[Tile]:
        clean = original[index.value]
        corrupt = noises[kind.value](level.value)
        noisy = corrupt(clean[None], torch.Generator().manual_seed(index.value))
        denoised = model.reconstruct(noisy.to(place)).cpu()
        label = None if labels is None else labels[index.value]
        return [
            _original(clean, label),
            Tile(noisy[0], "noisy", _error(noisy[0], clean)),
            Tile(denoised[0], "denoised", _error(denoised[0], clean)),
        ]

    return _scrubbed([kind, level, index], tiles)


def compare_gaussians() -> ipywidgets.VBox:
    """A Gaussian q that one moves and widens beside p = N(0, 1), with KL(q‖p) and KL(p‖q) as areas.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.
    """
    z = torch.linspace(-20, 20, 4001, dtype=torch.float64)  # beyond what is drawn: tails count
    log_p = gaussian_log_density(z[:, None])
    mu = _slider(ipywidgets.FloatSlider, "mean of q", min=-2.0, max=2.0, step=0.1, value=1.0)
    sigma = _slider(ipywidgets.FloatSlider, "deviation", min=0.2, max=2.0, step=0.05, value=0.5)
    picture, caption = Picture(), ipywidgets.HTML()

    def log_density() -> Tensor:
        return gaussian_log_density(z[:, None], mu.value, 2 * math.log(sigma.value))

    moving = figures.Moving(*figures.areas(z, log_density(), log_p), log_density())

    def draw(_change: object = None) -> None:
        log_q = log_density()
        picture.value = moving.png(log_q)
        forward = torch.trapezoid(log_q.exp() * (log_q - log_p), z).item()
        backward = torch.trapezoid(log_p.exp() * (log_p - log_q), z).item()
        line = f"KL(q‖p) = {forward:.3f} nats, KL(p‖q) = {backward:.3f} nats"
        caption.value = panel.text([line])
        picture.tooltip = f"Two densities, and two areas: {line}"

    return _redrawn([mu, sigma], [picture, caption], draw)


def scrub_in_kernel(
    draw: Callable[[Tensor], Tensor],
    start: Float[Tensor, " latent"],
    low: Float[Tensor, " latent"],
    high: Float[Tensor, " latent"],
    order: list[int],
    reason: str,
) -> ipywidgets.VBox:
    """`scrub` for a decoder that cannot go to the browser: the kernel decodes, at each change.

    Args:
        draw: codes `(1, latent)` → the picture `(1, 1, height, width)`.
        start: the code to begin with.
        low, high: the ends of each slider.
        order: the numbers of the code in the order of their sliders.
        reason: why the browser cannot decode, said in the view.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.
    """
    sliders = {}
    for j in order:
        ends = {"min": low[j].item(), "max": high[j].item()}
        options = {**ends, "value": start[j].item(), "step": (ends["max"] - ends["min"]) / 60}
        sliders[j] = _slider(ipywidgets.FloatSlider, f"z[{j}]", **options)

    def tiles() -> list[Tile]:
        code = torch.tensor([[sliders[j].value for j in range(len(start))]])
        return [Tile(draw(code)[0], "decoded", f"code of length {code.norm():.2f}")]

    view = _scrubbed(list(sliders.values()), tiles)
    note = f"Decoded by the kernel, which must be running, because {escape(reason)}."
    view.children = (ipywidgets.HTML(note), *view.children)
    return view


def move_samples(n: int = 12) -> ipywidgets.VBox:
    """Draws z = μ + σ ε that one moves and spreads, while the throws ε stay what they are.

    Args:
        n: how many draws.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if n is less than 2, which have no spread.
    """
    if n < 2:
        raise ValueError(f"n is {n}; expected at least 2 draws")
    epsilon = torch.randn(n, generator=torch.Generator().manual_seed(0))
    mu = _slider(ipywidgets.FloatSlider, "μ", min=-3.0, max=3.0, step=0.1, value=1.0)
    sigma = _slider(ipywidgets.FloatSlider, "σ", min=0.05, max=1.5, step=0.05, value=0.5)
    picture, caption = Picture(), ipywidgets.HTML()
    moving = figures.Moving(*figures.throws(epsilon, mu.value, sigma.value), mu.value, sigma.value)

    def draw(_change: object = None) -> None:
        z = mu.value + sigma.value * epsilon
        picture.value = moving.png(mu.value, sigma.value)
        line = (
            f"wanted: mean {mu.value:.2f}, deviation {sigma.value:.2f}; "
            f"these {n} draws: mean {z.mean():.2f}, deviation {z.std():.2f}"
        )
        caption.value = panel.text([line])
        picture.tooltip = f"Throws below, the codes they become above; {line}"

    return _redrawn([mu, sigma], [picture, caption], draw)


def keep_largest(
    x: Tensor,
    models: Mapping[str, Autoencoder],
    labels: Int[Tensor, " batch"] | None = None,
) -> Panel:
    """What each model draws from the k largest numbers of an image's code, under a slider for k.

    One slider chooses k, another the image. For each model a column shows the picture drawn from
    the k numbers of largest magnitude, the others set to 0; what the last of them adds to it; and
    the whole code, largest first, with those kept in colour.

        keep_largest(images.test[:20], {"no price": free, "w = 0.3": sparse, "25 largest": top_25})

    Args:
        x: images, `(batch, 1, height, width)` in [0, 1], at least one.
        models: name → an autoencoder that was trained on such images; four or fewer fit a screen.
        labels: what each image shows.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if x is not a batch of grey images, or models is empty or holds anything but
            autoencoders.
    """
    _require_images(x, labels)
    _require_dictionary("models", models, "{'w = 0.3': model}")
    for name, model in models.items():
        if not isinstance(model, Autoencoder):
            raise ValueError(
                f"models[{name!r}] is a {type(model).__name__}; expected an Autoencoder, whose "
                "code is a row of numbers"
            )
    codes = {name: _codes(model, x) for name, model in models.items()}
    original, width = x.detach().cpu(), max(z.shape[1] for z in codes.values())
    # Every number up to 30, then in steps of about a seventh: the last ones change little.
    counts = {*range(1, 31), *(round(width / 1.15**n) for n in range(20)), width}
    counts = sorted(count for count in counts if 0 < count <= width)
    first = min(10, width)
    kept = _slider(ipywidgets.SelectionSlider, "keep", options=counts, value=first)
    index = _slider(ipywidgets.IntSlider, "image", min=0, max=len(original) - 1)
    fig, move = figures.largest_kept(list(models), original[0])

    def state() -> tuple:
        i, k = index.value, kept.value
        return original[i], [_kept(models[name], z[i], k, original[i]) for name, z in codes.items()]

    moving = figures.Moving(fig, move, *state())
    picture, caption = Picture(), ipywidgets.HTML()

    def draw(_change: object = None) -> None:
        image, columns = state()
        picture.value = moving.png(image, columns)
        label = "" if labels is None else f", a {labels[index.value]}"
        lines = [f"Image {index.value}{label}, drawn from the {kept.value} largest numbers"]
        for name, (drawn, _, sizes, count, text) in zip(models, columns, strict=True):
            active, (low, high) = int((sizes > 0).sum()), drawn.aminmax()
            line = f"{name}: {min(count, active)} of {active} active numbers kept, {text}"
            # What is beyond 0 and 1 looks like white and black, and counts in the error.
            lines.append(f"{line}, ink from {low:.2f} to {high:.2f}")
        picture.tooltip = "; ".join(lines)
        caption.value = panel.text(lines)

    return _redrawn([kept, index], [picture, caption], draw)


def compare_betas(
    models: Mapping[float | int, VAE],
    parts: Mapping[float | int, BoundParts],
    x: Tensor,
) -> Panel:
    """What VAEs trained at several prices β rebuild and draw, with their place on the curve.

    A slider chooses β. Rows show test digits, the same rebuilt, draws from the prior (for every β
    from the same throws), and one number of the first digit's code walked from -3 to 3: which one,
    a second slider says, from the dearest to the cheapest. Beside them, a ring marks the model's
    place on the curve of rate (KL) and distortion (reconstruction), both in nats.

        compare_betas(models, parts, images.test[:6])

    Args:
        models: β → a VAE trained at that price; all with codes of the same width.
        parts: β → what `bound_parts` says of that model.
        x: images to rebuild, `(batch, 1, height, width)` in [0, 1]; the first six are shown.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if x is not a batch of grey images, models is empty, parts belong to other
            prices, or the widths of the codes differ.
    """
    width = _require_prices(models, parts, x)
    betas, original = sorted(models), x[:6].detach().cpu()
    beta = _slider(ipywidgets.SelectionSlider, "β", options=[(f"{b:g}", b) for b in betas])
    beta.value = min(betas, key=lambda b: abs(math.log(b) if b > 0 else math.inf))
    rank = _slider(ipywidgets.IntSlider, "number", min=1, max=width)
    rows = {}
    for b, model in models.items():
        generator = torch.Generator().manual_seed(0)
        rebuilt = model.reconstruct(original.to(_place(model))).cpu()
        rows[b] = rebuilt, model.sample(len(original), generator=generator).cpu()

    def state() -> tuple[float | int, dict]:
        b, walked = beta.value, f"number {rank.value}\nfrom -3 to 3"
        walk = _walk(models[b], original[:1], _dearest(parts[b], rank.value), len(original))
        return b, {"rebuilt": (rows[b][0], None), "drawn": (rows[b][1], None), "": (walk, walked)}

    rates = {b: part.kl for b, part in parts.items()}
    distortions = {b: part.reconstruction for b, part in parts.items()}
    names = ["rebuilt", "drawn", ""]
    fig, move = figures.price_and_pictures(names, rates, distortions, original)
    moving = figures.Moving(fig, move, *state())
    picture, caption = Picture(), ipywidgets.HTML()

    def draw(_change: object = None) -> None:
        b, part = beta.value, parts[beta.value]
        picture.value = moving.png(*state())
        j = _dearest(part, rank.value)
        awake = int((part.kl_per_dimension > 0.1).sum())
        lines = [
            f"β = {b:g}: rate R {part.kl:.2f} nats, distortion D {part.reconstruction:.2f} nats, "
            f"D + R = {part.negative_elbo:.2f}",
            f"{awake} of {width} numbers of the code cost more than 0.1 nats; number {rank.value}, "
            f"the dearest being 1, is z[{j}] and costs {part.kl_per_dimension[j]:.2f} nats",
        ]
        picture.tooltip = "Digits, rebuilt, drawn, walked; " + "; ".join(lines)
        caption.value = panel.text(lines)

    return _redrawn([beta, rank], [picture, caption], draw)


def move_threshold(
    scores: Float[Tensor, " n"],
    labels: Int[Tensor, " n"] | Bool[Tensor, " n"],
    names: tuple[str, str] = ("normal", "anomalies"),
) -> Panel:
    """The threshold of a detector under a slider: histograms, ROC curve, precision, and cost.

    Two more sliders say how rare anomalies are and what a missed one costs, in false alarms. A
    line through the histograms and a point on the ROC curve move with the threshold; below the
    histograms is the cost of an example, in units of what it would be without a detector (never an
    alarm, or always one, whichever is cheaper). An alarm is a score above the threshold.

        move_threshold(errors, images.test_labels != 8, ("8s", "others"))

    Args:
        scores: higher is stranger.
        labels: 1 or True for anomalies, 0 or False for normal examples; both must occur.
        names: what normal examples and anomalies are called.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if scores and labels differ in length, a score is no finite number, labels are
            of one kind or of other values, or names are not two.
    """
    pair = isinstance(names, tuple | list) and len(names) == 2
    if not pair or not all(isinstance(name, str) for name in names):
        raise ValueError(
            f"names is {names!r}; expected two strings, what normal examples and anomalies are "
            "called, such as ('8s', 'others')"
        )
    normal, anomalous = _two_groups(scores, labels)
    low, high = figures.score_range(normal, anomalous)
    line = _slider(ipywidgets.FloatSlider, "threshold", min=low, max=high, step=(high - low) / 200)
    line.readout_format = ".4g"
    line.value = (low + high) / 2
    share = _slider(ipywidgets.SelectionSlider, "anomalies", options=SHARES, value=0.1)
    miss = _slider(ipywidgets.SelectionSlider, "a miss costs", options=MISSES, value=10.0)
    fig, move = figures.threshold_and_rates(normal, anomalous, names=names)
    moving = figures.Moving(fig, move, line.value, share.value, miss.value)
    picture, caption = Picture(), ipywidgets.HTML()

    def draw(_change: object = None) -> None:
        picture.value = moving.png(line.value, share.value, miss.value)
        false, right = (
            (group > line.value).double().mean().item() for group in (normal, anomalous)
        )
        lines = _consequences(false, right, share.value, miss.value, names)
        picture.tooltip = f"Threshold {line.value:.4g}; " + "; ".join(lines)
        caption.value = panel.text(lines)

    return _redrawn([line, share, miss], [picture, caption], draw)


class Tile(NamedTuple):
    """One picture of a view, with a heading and a line of text below it."""

    image: Tensor
    name: str
    text: str


def _original(image: Tensor, label: Tensor | None) -> Tile:
    numbers = f"{image.numel()} numbers"
    return Tile(image, "original", numbers if label is None else f"{numbers}, a {label}")


def _error(x_hat: Tensor, x: Tensor) -> str:
    return f"squared error {squared_error(x_hat[None], x[None]).item():.2f}"


def _scrubbed(
    controls: list[ipywidgets.Widget], tiles: Callable[[], list[Tile]]
) -> ipywidgets.VBox:
    """The controls above the tiles, which are computed anew whenever a control changes."""
    picture = Picture()
    captions = ipywidgets.HTML()

    def draw(_change: object = None) -> None:
        shown = tiles()
        picture.value = _png([tile.image for tile in shown])
        picture.tooltip = "; ".join(f"{tile.name}: {tile.text}" for tile in shown)
        captions.value = _captions(shown)

    return _redrawn(controls, [picture, captions], draw)


def _redrawn(
    controls: list[ipywidgets.Widget],
    views: list[ipywidgets.Widget],
    draw: Callable[..., None],
) -> ipywidgets.VBox:
    """The controls above what they show, which is drawn now and whenever a control changes."""
    for control in controls:
        control.observe(draw, names="value")
    draw()
    return Panel([*controls, *views])


def _place(model: torch.nn.Module) -> torch.device:
    return next(model.parameters()).device


def _codes(model: Autoencoder, x: Tensor) -> Tensor:
    with evaluating(model):
        return model.encode(x.to(_place(model))).cpu()


def _kept(model: Autoencoder, z: Tensor, k: int, x: Tensor) -> tuple:
    """A column of `figures.largest_kept`, for the k largest numbers of one code z."""
    sizes, order = z.abs().sort(descending=True, stable=True)
    codes = torch.zeros(2, len(z))
    for row, count in enumerate((k, k - 1)):
        codes[row, order[:count]] = z[order[:count]]
    with evaluating(model):
        drawn, before = model.to_image(model.decode(codes.to(_place(model)))).cpu()
    return drawn, drawn - before, sizes, k, _error(drawn, x)


def _dearest(parts: BoundParts, rank: int) -> int:
    """Which dimension of the code is the rank-th by what it costs, the dearest being 1."""
    order = parts.kl_per_dimension.argsort(descending=True, stable=True)
    return int(order[rank - 1])


def _walk(model: VAE, x: Tensor, j: int, steps: int) -> Tensor:
    """What is drawn as number j of the mean code of x goes from -3 to 3."""
    with evaluating(model):
        z = model.encode(x.to(_place(model)))[0].repeat(steps, 1)
        z[:, j] = torch.linspace(-SCRUB_REACH, SCRUB_REACH, steps)
        return model.to_image(model.decode(z)).cpu()


def _require_prices(
    models: Mapping[float | int, VAE], parts: Mapping[float | int, BoundParts], x: Tensor
) -> int:
    """The width of the codes, which is the same for all models."""
    _require_images(x, None)
    _require_dictionary("models", models, "{1.0: vae}")
    _require_dictionary("parts", parts, "{1.0: bound_parts(vae, images.test)}")
    for name, by_price in (("models", models), ("parts", parts)):
        for beta in by_price:
            if not isinstance(beta, Real) or not math.isfinite(beta):
                raise ValueError(f"{name} has the key {beta!r}; expected the price β, a number")
    for beta, model in models.items():
        if not isinstance(model, VAE) or isinstance(model, PeekingVAE):
            raise ValueError(
                f"models[{beta:g}] is a {type(model).__name__}; expected a VAE, whose picture "
                "belongs to a code alone"
            )
    for beta, part in parts.items():
        if not isinstance(part, BoundParts):
            raise ValueError(
                f"parts[{beta:g}] is of type {type(part).__name__}; expected what "
                "bound_parts(model, images.test) returns"
            )
    if models.keys() != parts.keys():
        raise ValueError(
            f"models has the prices {sorted(models)}, parts has {sorted(parts)}: give for each "
            "model what bound_parts(model, images.test) returns"
        )
    widths = {beta: model.latent_dim for beta, model in models.items()}
    measured = {beta: len(part.kl_per_dimension) for beta, part in parts.items()}
    if len(set(widths.values())) != 1 or widths != measured:
        raise ValueError(
            f"the codes have the widths {widths}, parts were measured for {measured}; expected "
            "one width: train all models with the same latent_dim"
        )
    return next(iter(widths.values()))


def _two_groups(scores: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The scores of the normal examples, and those of the anomalies."""
    scores, labels = require_tensor("scores", scores), require_tensor("labels", labels)
    if scores.ndim != 1 or scores.shape != labels.shape:
        raise ValueError(
            f"scores has shape {tuple(scores.shape)}, labels {tuple(labels.shape)}; expected a "
            "score and a label for each example, (n,) both"
        )
    strange = int((~scores.isfinite()).sum())
    if strange:
        raise ValueError(
            f"{strange} scores are not finite; expected a finite score for each example: with "
            "some = scores.isfinite() give scores[some], labels[some]"
        )
    kinds = labels.unique().tolist()
    if kinds != [0, 1]:
        held = ", ".join(f"{kind:g}" for kind in kinds[:5]) + (", …" if len(kinds) > 5 else "")
        if kinds == [-1, 1]:
            way_out = "of scikit-learn's labels, labels == -1"
        elif len(kinds) > 2:
            way_out = "labels must be 1 for anomalies: labels != 8, if 8 is the normal class"
        else:
            way_out = "both at least once"
        raise ValueError(
            f"labels hold [{held}]; expected 0 for normal examples and 1 for anomalies; {way_out}"
        )
    scores, strange = scores.detach().double().cpu(), labels.bool().cpu()
    return scores[~strange], scores[strange]


def _consequences(
    false: float, found: float, share: float, miss: float, names: tuple[str, str]
) -> list[str]:
    """What a threshold means, in three lines."""
    alarms = share * found + (1 - share) * false
    cost = share * miss * (1 - found) + (1 - share) * false
    without = min(share * miss, 1 - share)
    precision = "no alarm at all" if alarms == 0 else f"{share * found / alarms:.1%} are right"
    return [
        f"alarms: {false:.1%} of {names[0]} (false alarms), {found:.1%} of {names[1]} (found)",
        f"if {share:.1%} of all examples are {names[1]}: of the alarms {precision}",
        f"cost per example {cost:.4f} false alarms; without a detector {without:.4f}",
    ]


def _require_dictionary(name: str, value: object, example: str) -> None:
    if not isinstance(value, Mapping):
        raise ValueError(
            f"{name} is of type {type(value).__name__}; give a dictionary, such as {example}"
        )
    if not value:
        raise ValueError(f"{name} is empty: give at least one, such as {example}")


def _require_images(x: object, labels: Tensor | None) -> None:
    x = require_tensor("x", x)
    if x.ndim != 4 or x.shape[1] != 1 or len(x) == 0:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected (batch, 1, height, width) with at least one "
            "image: a single image becomes a batch with x[None]"
        )
    if labels is not None and len(labels) != len(x):
        raise ValueError(f"labels has {len(labels)} entries for {len(x)} images: give one for each")


def _require_comparable(
    x: Tensor, reconstructions: Mapping[str, Mapping[int, Tensor]], labels: Tensor | None
) -> None:
    _require_images(x, labels)
    if not reconstructions:
        raise ValueError("reconstructions is empty: give at least one method")
    expected = None
    for name, by_size in reconstructions.items():
        expected = expected or sorted(by_size)
        if not by_size or sorted(by_size) != expected:
            raise ValueError(
                f"reconstructions[{name!r}] has the code sizes {sorted(by_size)}, another method "
                f"has {expected}: compute the same sizes, at least one, for every method"
            )
        for size, x_hat in by_size.items():
            if x_hat.shape != x.shape:
                raise ValueError(
                    f"reconstructions[{name!r}][{size}] has shape {tuple(x_hat.shape)}; expected "
                    f"{tuple(x.shape)}, the shape of x"
                )


def _slider(
    kind: type[ipywidgets.Widget], description: str, **options: object
) -> ipywidgets.Widget:
    layout = ipywidgets.Layout(width="420px")
    return kind(description=description, layout=layout, **options)


def _ink(image: Tensor) -> UInt8[np.ndarray, "height width"]:
    """Grey levels of a `(1, height, width)` image: 0 is white paper, 1 is black ink."""
    return (255 * (1 - image[0].clamp(0, 1))).round().byte().numpy()


def _png(images: list[Tensor]) -> bytes:
    """The images side by side, enlarged and thinly framed, as a PNG with transparent gaps."""
    height, width = (side * PIXEL for side in images[0].shape[1:])
    sheet = Image.new("LA", (len(images) * (width + GAP), height + 2), (255, 0))
    for place, image in enumerate(images):
        tile = Image.fromarray(_ink(image)).resize((width, height), Image.Resampling.NEAREST)
        framed = ImageOps.expand(tile, border=1, fill=FRAME).convert("LA")
        sheet.paste(framed, (place * (width + GAP), 0))
    file = BytesIO()
    sheet.save(file, "png", compress_level=1)
    return file.getvalue()


def _captions(tiles: list[Tile]) -> str:
    width = tiles[0].image.shape[-1] * PIXEL
    cells = "".join(
        f"<div><b>{escape(tile.name)}</b><br>{escape(tile.text)}</div>" for tile in tiles
    )
    return (
        f'<div style="display: grid; grid-template-columns: repeat({len(tiles)}, {width}px); '
        f'gap: {GAP}px; line-height: 1.4">{cells}</div>'
    )
