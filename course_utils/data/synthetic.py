"""Data that are made by code, so that their factors are known: shapes, manifolds, listeners."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.data.records import Images, Jukebox, Manifold

# The factors of "shapes" and how many levels each has. An angle stays below 90 degrees, so that no
# two levels of it draw the same square.
SHAPE_FACTORS = {"shape": 3, "size": 4, "angle": 6, "across": 10, "down": 10}


def spiral(n: int, *, seed: int = 0) -> Manifold:
    """A curve in the plane: a spiral of one and a quarter turns, with points all along it.

    They are spread evenly within 10 %: a tenth of the length has a tenth of the points.

    The coordinate is the angle t, drawn at random from π/2 to 3π; the point is
    (t cos t, t sin t) / 3π.
    """
    # Length along the spiral grows nearly as t², so t² is drawn evenly.
    low, high = math.pi / 2, 3 * math.pi
    generator = torch.Generator().manual_seed(seed)
    t = (low**2 + (high**2 - low**2) * torch.rand(n, generator=generator)).sqrt()
    points, tangents = _on_spiral(t)
    return Manifold(points / high, t[:, None], tangents[:, None])


def _on_spiral(t: Float[Tensor, " n"]) -> tuple[Float[Tensor, "n 2"], Float[Tensor, "n 2"]]:
    """The points (t cos t, t sin t) and the unit vectors along the curve there."""
    cos, sin = t.cos(), t.sin()
    along = torch.stack([cos - t * sin, sin + t * cos], dim=1)
    return torch.stack([t * cos, t * sin], dim=1), along / along.norm(dim=1, keepdim=True)


def swiss_roll(n: int, *, seed: int = 0) -> Manifold:
    """A surface in space: the sheet that `spiral` draws when it is pulled upwards.

    The coordinates are the angle t, drawn as in `spiral`, and the height h, drawn evenly from -1 to
    1; the point is (t cos t / 3π, h, t sin t / 3π).
    """
    curve = spiral(n, seed=seed)
    generator = torch.Generator().manual_seed(seed + 1)
    h = 2 * torch.rand(n, 1, generator=generator) - 1
    across, flat = curve.points, curve.tangents[:, 0]
    zero, one = torch.zeros(n, 1), torch.ones(n, 1)
    along = torch.cat([flat[:, :1], zero, flat[:, 1:]], dim=1)
    up = torch.cat([zero, one, zero], dim=1)
    return Manifold(
        torch.cat([across[:, :1], h, across[:, 1:]], dim=1),
        torch.cat([curve.coordinates, h], dim=1),
        torch.stack([along, up], dim=1),
    )


def draw_shapes(factors: Int[Tensor, "n 5"]) -> Float[Tensor, "n 1 28 28"]:
    """One image for each row of levels, in the order of `SHAPE_FACTORS`; edges are one pixel soft.

    Level 0 of "shape" is a square, 1 an ellipse, 2 a triangle. The larger the level, the larger the
    shape, the further it is turned, and the further to the right and to the bottom it stands.
    """
    shape, size, angle, across, down = factors.T[..., None, None]
    radius = 4.0 + 4.0 * size / (SHAPE_FACTORS["size"] - 1)
    turn = angle * math.pi / 2 / SHAPE_FACTORS["angle"]
    row, column = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    x = column - (9.0 + across)
    y = row - (9.0 + down)
    # Turned back, the shape stands upright; each distance is in pixels, negative inside.
    u, v = x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin()
    distance = torch.empty_like(u)
    for level, outline in enumerate((_square, _ellipse, _triangle)):
        drawn = shape.flatten() == level
        distance[drawn] = outline(u[drawn], v[drawn], radius[drawn])
    return (0.5 - distance).clamp(0, 1)[:, None]


def _square(u: Tensor, v: Tensor, radius: Tensor) -> Tensor:
    return torch.maximum(u.abs(), v.abs()) - 0.7 * radius


def _ellipse(u: Tensor, v: Tensor, radius: Tensor) -> Tensor:
    return torch.hypot(0.5 * u, v) - 0.5 * radius  # close enough to a distance near the edge


def _triangle(u: Tensor, v: Tensor, radius: Tensor) -> Tensor:
    half, slope = 0.5, math.sqrt(3) / 2
    sides = torch.maximum(slope * u - half * v, -slope * u - half * v)
    return torch.maximum(sides, v) - 0.5 * radius


def load_shapes(train_limit: int | None, test_limit: int | None) -> Images:
    """Every combination of levels once, in a fixed random order; every sixth image is for tests."""
    levels = [torch.arange(n) for n in SHAPE_FACTORS.values()]
    factors = torch.cartesian_prod(*levels)
    factors = factors[torch.randperm(len(factors), generator=torch.Generator().manual_seed(0))]
    train, test = factors[1200:][:train_limit], factors[:1200][:test_limit]
    return Images(
        draw_shapes(train),
        train[:, 0],
        draw_shapes(test),
        test[:, 0],
        name="shapes",
        factors=torch.cat([train, test]),
    )


def jukebox(
    train: int = 4000,
    validation: int = 1000,
    test: int = 1000,
    *,
    songs: int = 400,
    tastes: int = 12,
    seed: int = 0,
) -> Jukebox:
    """A made-up jukebox: listeners of mixed tastes, each of whom plays 10 to 150 songs.

    Songs differ in popularity, the m-th by the factor m^(-0.6). A taste multiplies each by a factor
    of its own, e^(1.5 n), and a listener mixes the tastes by softmax(3 n), where n are independent
    draws from N(0, 1). Then each play is drawn from the listener's chances, whatever was played
    before: so the multinomial likelihood is true here, as it is nowhere else.

    Raises:
        ValueError: if a number of listeners, songs or tastes is less than 1.
    """
    if min(train, validation, test, songs, tastes) < 1:
        raise ValueError(
            f"train, validation, test, songs, tastes are {train}, {validation}, {test}, {songs}, "
            f"{tastes}; expected 1 or more of each"
        )
    generator = torch.Generator().manual_seed(seed)
    popularity = -0.6 * torch.log(torch.arange(1, songs + 1.0))
    likes = torch.randn(tastes, songs, generator=generator)
    by_taste = torch.softmax(popularity + 1.5 * likes, dim=1)
    first, second, third = (_listeners(n, by_taste, generator) for n in (train, validation, test))
    played, _, _, train_chances = first
    _, validated, validation_new, _ = second
    _, tested, test_new, test_chances = third
    return Jukebox(
        played,
        validated,
        validation_new,
        tested,
        test_new,
        train_chances,
        test_chances,
        by_taste,
    )


def _listeners(
    n: int, by_taste: Float[Tensor, "tastes songs"], generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """All plays, the first four fifths of them, what is new in the last fifth, and the chances."""
    tastes, songs = by_taste.shape
    many = 2 * n + 20  # those to whom nothing was new are left out
    mixture = torch.softmax(3 * torch.randn(many, tastes, generator=generator), dim=1)
    chances = mixture @ by_taste
    spread = torch.randn(many, 1, generator=generator)
    length = (40 * torch.exp(0.6 * spread)).clamp(10, 150).floor()
    plays = torch.multinomial(chances, 150, replacement=True, generator=generator)
    order, nothing = torch.arange(150), torch.zeros(many, songs)
    every = nothing.scatter_add(1, plays, (order < length).float())
    early = nothing.scatter_add(1, plays, (order < (0.8 * length).floor()).float())
    new = ((every > 0) & (early == 0)).float()
    kept = new.any(dim=1).nonzero()[:n, 0]
    if len(kept) < n:
        raise ValueError(f"songs is {songs}: too few for {n} listeners to find new ones; take more")
    return every[kept], early[kept], new[kept], chances[kept]
