"""A velocity over codes: which way does a point move that starts as noise and ends as a code?

Lipman, Chen, Ben-Hamu, Nickel & Le, "Flow Matching for Generative Modeling", 2023; Liu, Gong & Liu,
"Flow Straight and Fast: Learning to Generate and Transfer Data with Rectified Flow", 2023. Over the
codes of an autoencoder: Rombach, Blattmann, Lorenz, Esser & Ommer, "High-Resolution Image Synthesis
with Latent Diffusion Models", 2022.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_utils._numbers import real, whole
from course_utils._running import evaluating, in_chunks, seeded, source
from course_utils.models import blocks
from course_utils.models.base import Model, run
from course_utils.models.inputs import check_batch, check_labels, check_tensor
from course_utils.models.recipes import recorded

Method = Literal["heun", "euler"]

WAVES = 8
"""How many sines, and as many cosines, tell the network what time it is."""
LABEL = 16
"""The width of what the network is told of a label."""


class Velocity(Model):
    """v(z, t): how fast a point at z moves at time t, from noise at t = 0 to a code at t = 1.

    The way is dz/dt = v(z, t), z(0) ~ N(0, I), and `flow_matching` trains v so that z(1) is
    distributed as the codes are; `sample_flow` goes along it. With `num_classes` the velocity may
    be told a label y as well, or none.

    Args:
        network: maps (batch, latent + 16), or with labels (batch, latent + 32), to (batch, latent).
            The sixteen are 8 sines and 8 cosines of t; those of a label come after.
        latent_dim: the width of a code.
        num_classes: how many labels there are, or None for a velocity without labels.
        scale: the standard deviation of the codes, one number for all. The network's z is
            code / scale, so that noise and codes are of one size, wherever the codes come from.
            What Stable Diffusion calls its scale factor is 1 / scale.

    `Velocity.dense` builds it from a seed.

    >>> velocity = Velocity.dense(latent_dim=20)
    >>> velocity(torch.zeros(4, 20), t=torch.rand(4, 1)).shape
    torch.Size([4, 20])
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        latent_dim: int,
        num_classes: int | None = None,
        scale: float = 1.0,
    ) -> None:
        super().__init__(input_shape=(latent_dim,), output="linear")
        if not 0 < scale < math.inf:
            raise ValueError(
                f"scale is {scale:g}; expected the standard deviation of the codes: codes.std()"
            )
        self.network, self.num_classes, self.scale = network, num_classes, scale
        # One row more than there are labels: the last one says that no label is told.
        self.label = None if num_classes is None else nn.Embedding(num_classes + 1, LABEL)

    @classmethod
    @recorded
    def dense(
        cls,
        latent_dim: int,
        hidden: Sequence[int] = (256, 256, 256),
        *,
        num_classes: int | None = None,
        scale: float = 1.0,
        seed: int = 0,
    ) -> "Velocity":
        """Fully connected: code, time and label → 256 → 256 → 256 → as many numbers as a code."""
        told = 2 * WAVES + (0 if num_classes is None else LABEL)
        with seeded(seed):
            network = blocks.dense_encoder((latent_dim + told,), hidden, latent_dim)
            return cls(network, latent_dim=latent_dim, num_classes=num_classes, scale=scale)

    def forward(
        self,
        z: Float[Tensor, "batch latent"],
        t: Float[Tensor, "batch 1"],
        y: Int[Tensor, " labels"] | None = None,
    ) -> Float[Tensor, "batch latent"]:
        """The velocity of each point z at its time t in [0, 1], given its label if there is one.

        Args:
            y: a label for each, 0 to num_classes - 1, where num_classes itself says "no label";
                None says so for all.

        Raises:
            ValueError: if z is no batch of this width, t is no column of as many rows, or labels
                are given to a velocity without, too many, or out of range.
        """
        check_batch(self, z, "z")
        _check_times(t, len(z))
        told = [z, _waves(t)]
        if self.label is not None:
            told.append(self.label(self._rows(y, len(z)).to(z.device)))
        elif y is not None:
            raise ValueError("this velocity knows no labels: leave out y")
        return run(self.network, torch.cat(told, dim=1))

    def _rows(self, y: Tensor | None, n: int) -> Tensor:
        """Which row of the embedding each point is told."""
        if y is None:
            return torch.full((n,), self.num_classes)
        check_labels(y, n, self.num_classes + 1, of="codes")
        return y.long()

    def _factory_for(self, shape: tuple[int, ...]) -> str:
        return f"Velocity.dense(latent_dim={math.prod(shape)})"


def integrate_flow(
    velocity: Callable[[Tensor, Tensor], Tensor],
    z0: Float[Tensor, "n latent"],
    *,
    steps: int = 20,
    method: Method = "heun",
) -> Float[Tensor, "n latent"]:
    """Where the points z0 are at t = 1, if they move with dz/dt = velocity(z, t) from t = 0.

    In `steps` equal steps of length h. Euler's method asks once a step, z + h v(z, t), and its
    error falls with h; Heun's asks again at the end of that step and takes the mean of both
    answers, and its error falls with h² (Karras et al., "Elucidating the Design Space of
    Diffusion-Based Generative Models", 2022, section 3, where it is the method of choice).

    Args:
        velocity: maps points (n, latent) and times (n, 1) to velocities (n, latent).

    Raises:
        ValueError: if steps is less than 1, or method is neither of the two.

    >>> grows = lambda z, t: z  # dz/dt = z: after one unit of time e times as much
    >>> integrate_flow(grows, torch.ones(1, 1), steps=10).item()  # doctest: +ELLIPSIS
    2.7140...
    """
    steps = whole("steps", steps, expected="the number of steps from noise to a code, 1 or more")
    if method not in ("heun", "euler"):
        raise ValueError(f"method is {method!r}; expected 'heun' or 'euler'")
    z, h = z0, 1 / steps
    for k in range(steps):
        t, after = (z.new_full((len(z), 1), step * h) for step in (k, k + 1))
        v = velocity(z, t)
        if method == "heun":
            v = (v + velocity(z + h * v, after)) / 2
        z = z + h * v
    return z


def sample_flow(
    velocity: Velocity,
    n: int,
    *,
    steps: int = 20,
    method: Method = "heun",
    y: Int[Tensor, " labels"] | None = None,
    guidance: float = 1.0,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "n latent"]:
    """n new codes: noise from N(0, I), moved along the velocity from t = 0 to t = 1.

    A decoder draws pictures of them: `vae.to_image(vae.decode(codes))`.

    Args:
        steps, method: see `integrate_flow`. A step of "heun" costs two of "euler".
        y: a label for each code, for a velocity that knows labels; None for codes of any class.
        guidance: w in v(z, t) + w (v(z, t, y) - v(z, t)). With 1 it is v(z, t, y) itself; more
            goes further towards what the label adds, which makes the class of a code plainer and
            the crowd less like the real one. Ho & Salimans, "Classifier-Free Diffusion Guidance",
            2022, equation 6, whose w is ours less 1.

    Raises:
        ValueError: if n or steps is less than 1, method is neither of the two, labels are given to
            a velocity without, too many, or out of range, or guidance is asked for without labels.

    >>> sample_flow(Velocity.dense(latent_dim=20), 4, steps=2).shape
    torch.Size([4, 20])
    """
    n = whole("n", n, expected="the number of codes to draw, 1 or more")
    guidance = _checked_guidance(velocity, n, y, guidance)
    weights = next(velocity.parameters())
    z0 = torch.randn(n, *velocity.input_shape, generator=source(generator)).to(weights)
    told = () if y is None else (y.to(weights.device),)

    def codes(z0: Tensor, *y: Tensor) -> Tensor:
        return integrate_flow(_guided(velocity, guidance, *y), z0, steps=steps, method=method)

    with evaluating(velocity):
        return in_chunks(codes, z0, *told) * velocity.scale


def _guided(velocity: Velocity, weight: float, y: Tensor | None = None) -> Callable[..., Tensor]:
    """The velocity as a function of z and t alone."""
    if y is None or weight == 1:
        return lambda z, t: velocity(z, t, y)

    def guided(z: Tensor, t: Tensor) -> Tensor:
        without = velocity(z, t)
        return without + weight * (velocity(z, t, y) - without)

    return guided


def _checked_guidance(velocity: Velocity, n: int, y: Tensor | None, guidance: float) -> float:
    """The weight as a number, once labels and weight go together."""
    guidance = real("guidance", guidance)
    if not 0 <= guidance < math.inf:
        raise ValueError(f"guidance is {guidance:g}; expected a weight of 0 or more, such as 2")
    if velocity.num_classes is None and y is not None:
        raise ValueError(
            "this velocity knows no labels: leave out y, or build one that does with num_classes"
        )
    if y is None and guidance != 1:
        raise ValueError(
            f"guidance is {guidance:g}, but no labels are given that could guide; pass y, a label "
            "for each code, or leave guidance at 1"
        )
    if y is not None:
        check_labels(y, n, velocity.num_classes, of="codes")
    return guidance


def _check_times(t: Tensor, n: int) -> None:
    """Raise unless t is a column with a time for each of n points."""
    check_tensor(t, "t")
    shape = tuple(t.shape)
    if shape == (n, 1):
        return
    way_out = {n: ": t.reshape(-1, 1)", 1: f": t.expand({n}, 1)"}.get(t.numel(), "")
    raise ValueError(f"t has shape {shape}; expected a time for each point, ({n}, 1){way_out}")


def _waves(t: Tensor) -> Tensor:
    """(batch, 16): sines and cosines of t, which bend as fast as a velocity may near either end."""
    angles = t * math.pi * torch.arange(1, WAVES + 1).to(t)
    return torch.cat([angles.sin(), angles.cos()], dim=1)
