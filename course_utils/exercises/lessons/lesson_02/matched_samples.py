"""`matched_samples`, lesson 02: made-up codes with the mean and the covariance of real ones."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Crash, Wrong, fresh
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.expect import STANDARD_ERRORS, expect_shape, expect_type
from course_utils.exercises.checking.signature import expect_attempted


def matched_samples(
    codes: Float[Tensor, "n latent"], count: int, generator: torch.Generator
) -> Float[Tensor, "count latent"]:
    """`count` made-up codes: draws from the normal distribution that has the mean of these codes,
    and their covariance.

    All random numbers come from the generator. No direction of the codes is without variance.
    """
    normal = torch.randn(count, codes.shape[1], generator=generator)
    stretch = torch.linalg.cholesky(codes.T.cov())  # a root of the covariance: stretch @ stretch.T
    return codes.mean(dim=0) + normal @ stretch.T


DRAWS = 20_000


class Shape(NamedTuple):
    """The mean and the covariance of a cloud of codes."""

    mean: Tensor
    covariance: Tensor


def _clouds(generator: torch.Generator) -> Iterator[Tensor]:
    """Two clouds far from the origin, of different spread in each direction, and tilted.

    They are not normal but have long tails, which shows where codes themselves are drawn again.
    """
    for latent, n in ((3, 500), (5, 800)):
        tilt = torch.randn(latent, latent, generator=generator) + 2 * torch.eye(latent)
        scale = torch.linspace(0.4, 1.5, latent)
        centre = 3 + torch.rand(latent, generator=generator)
        normal = torch.randn(n, latent, generator=generator)
        yield centre + (normal * normal.abs().sqrt() * scale) @ tilt


def _of(codes: Tensor) -> Shape:
    return Shape(codes.mean(0).double(), codes.double().T.cov())


def _noise(draws: Tensor, shape: Shape) -> Tensor:
    """What would be independent standard normal numbers, if the draws had this shape."""
    root = torch.linalg.cholesky(shape.covariance)
    return torch.linalg.solve_triangular(root, (draws.double() - shape.mean).T, upper=False).T


def _fits(draws: Tensor, shape: Shape) -> bool:
    """Whether mean and covariance of the draws are these, within six standard errors."""
    noise = _noise(draws, shape)
    latent = noise.shape[1]
    off = noise.T @ noise / len(noise) - torch.eye(latent)
    error = len(noise) ** -0.5
    return bool(
        (noise.mean(0).abs() < STANDARD_ERRORS * error).all()
        and (off.abs() < STANDARD_ERRORS * error * (1 + torch.eye(latent))).all()
    )


def _require_normal(noise: Tensor) -> None:
    """Raise `Wrong` unless the fourth moments are those of normal draws: 3, ± √(96 / n)."""
    excess = (noise**4).mean(0) - 3
    worst = excess[excess.abs().argmax()].item()
    if abs(worst) < STANDARD_ERRORS * (96 / len(noise)) ** 0.5:
        return
    raise Wrong(
        "Mean and covariance are right, but the draws are not normal, as `torch.randn` makes them: "
        + (
            "fewer lie far out. Noise of `torch.rand`, for one, is uniform."
            if worst < 0
            else "more lie far out. So they do in the codes themselves, even with noise on them."
        )
    )


def _unrelated(noise: Tensor) -> bool:
    """Whether draws that follow each other, and the two halves, have nothing to do with another."""
    half = len(noise) // 2
    pairs = ((noise[1:], noise[:-1]), (noise[:half], noise[half : 2 * half]))
    bound = STANDARD_ERRORS * half**-0.5
    return all(((a * b).mean(0).abs() < bound).all() for a, b in pairs)


def _suspects(codes: Tensor) -> Iterator[tuple[Shape, str]]:
    """What the draws would look like after a mistake, and what to say of it."""
    mean, covariance = _of(codes)
    none, unit = torch.zeros_like(mean), torch.eye(len(mean)).double()
    root = torch.linalg.cholesky(covariance)
    only = covariance.diagonal().diag()
    yield (
        Shape(none, unit),
        "These are standard normal numbers, the same for any codes. Give them the covariance, and "
        "then the mean, of the codes.",
    )
    yield (
        Shape(mean, unit),
        "The mean is right, but each number has variance 1, in every direction.",
    )
    yield (
        Shape(none, covariance),
        "The covariance is right, but the cloud lies around the origin: add the mean of the codes.",
    )
    yield (
        Shape(mean, only),
        "Each number has the right mean and spread, but all of them are independent. In the codes "
        "they go together: their covariance is not diagonal.",
    )
    yield (
        Shape(mean, only**2),
        "Each number was multiplied by its variance. And the numbers go together: multiply the "
        "vector by a root of the whole covariance.",
    )
    yield (
        Shape(mean, root.T @ root),
        "The root of the covariance stands the wrong way round. If L Lᵀ is the covariance, then a "
        "column of noise becomes L ε, and a row of it ε Lᵀ: `normal @ L.T`.",
    )
    yield (
        Shape(mean, covariance @ covariance),
        "You multiplied by the covariance itself (or by its eigenvalues, without a root). A root "
        "of it is wanted, a matrix L with L Lᵀ = covariance, as the standard deviation is the root "
        "of the variance: `torch.linalg.cholesky`.",
    )
    values = torch.linalg.eigvalsh(covariance)
    yield (
        Shape(mean, values.diag()),
        "The spreads are those of the principal directions, but they lie along the axes: turn the "
        "draws by the eigenvectors.",
    )


def _draw(answer: Answer, codes: Tensor, count: int, generator: torch.Generator) -> object:
    return answer(fresh(codes), count, generator)


def _returns_codes(answer: Answer) -> None:
    for codes in _clouds(answer.generator()):
        for count in (4, len(codes), 2 * len(codes) + 1):
            ours = matched_samples(codes, count, answer.generator())
            try:
                got = _draw(answer, codes, count, answer.generator())
            except Crash as crash:
                if "not positive-definite" in str(crash.error):
                    raise Wrong(
                        "`torch.cov` reads a *row* as one variable, and the rows of codes are the "
                        f"examples: hand it `codes.T`.\n{crash}"
                    ) from None
                raise
            expect_attempted(got, answer)
            expect_type(got, ours)
            given = {"codes": codes, "count": count}
            expect_shape(got, ours, "(count, latent): one made-up code in each row", given)


def _takes_the_generator(answer: Answer) -> None:
    codes = next(_clouds(answer.generator()))
    first, again = (_draw(answer, codes, 6, answer.generator()) for _ in range(2))
    generator = answer.generator()
    torch.rand(3, generator=generator)
    other = _draw(answer, codes, 6, generator)
    if not torch.equal(first, again):
        raise Wrong(
            "From the same generator you drew different codes the second time. Pass it on to what "
            "draws: `torch.randn(..., generator=generator)`."
        )
    if torch.equal(first, other):
        raise Wrong(
            "Whatever state the generator is in, you draw the same codes: a fixed seed, or no "
            "draw at all. Pass it on to what draws."
        )


def _matches(answer: Answer) -> None:
    drawn = []
    for codes in _clouds(answer.generator()):
        draws = _draw(answer, codes, DRAWS, answer.generator())
        if torch.isin(draws[:50].flatten(), codes.flatten()).all():
            raise Wrong(
                "These are the codes themselves, drawn again. Made-up ones are wanted, which no "
                "picture had: from a normal distribution."
            )
        drawn.append((codes, draws))
    if not all(_fits(draws, _of(codes)) for codes, draws in drawn):
        _explain(drawn)
    for codes, draws in drawn:
        noise = _noise(draws, _of(codes))
        _require_normal(noise)
        if not _unrelated(noise):
            raise Wrong(
                "Mean and covariance are right, but the draws repeat themselves: draw fresh noise "
                "for every row."
            )


def _explain(drawn: list[tuple[Tensor, Tensor]]) -> None:
    per_cloud = [list(_suspects(codes)) for codes, _ in drawn]
    for number, (_, message) in enumerate(per_cloud[0]):
        shapes = [suspects[number][0] for suspects in per_cloud]
        if all(_fits(draws, shape) for (_, draws), shape in zip(drawn, shapes, strict=True)):
            raise Wrong(message)
    codes, draws = next(pair for pair in drawn if not _fits(pair[1], _of(pair[0])))
    (mean, covariance), (theirs, other) = _of(codes), _of(draws)
    i, j = next(
        pair
        for pair in sorted(
            itertools.combinations_with_replacement(range(len(mean)), 2),
            key=lambda pair: -abs((other - covariance)[pair]),
        )
    )
    raise Wrong(
        f"Over {DRAWS:,} draws the first number has mean {theirs[0]:.3f}, and in the codes "
        f"{mean[0]:.3f}; the covariance of numbers {i} and {j} is {other[i, j]:.3f}, and that of "
        f"the codes {covariance[i, j]:.3f}. Compare `draws.mean(0)` and `draws.T.cov()` with those "
        "of the codes."
    )


exercise = Exercise(
    solution=matched_samples,
    place=4,
    difficulty=3,
    minutes=15,
    success=(
        "`draws.T.cov()` comes ever closer to `codes.T.cov()`; and the decoder draws broken "
        "strokes from them all the same."
    ),
    hints=(
        "Begin with standard normal numbers, `torch.randn(count, latent, generator=generator)`. "
        "Stretch and turn them, then move them: a root of the covariance, and the mean.",
        "`codes.T.cov()` is the covariance, and `torch.linalg.cholesky` gives an L with L Lᵀ equal "
        "to it. If ε has covariance I, then L ε has L I Lᵀ. Draws in rows: `normal @ L.T`.",
    ),
    stages=(
        Stage("type and shape", _returns_codes),
        Stage("generator", _takes_the_generator),
        Stage("distribution", _matches),
    ),
)
