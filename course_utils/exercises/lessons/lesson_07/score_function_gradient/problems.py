"""Expectations whose gradient is known, and how the answer is asked for an estimate of it."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.noting import Noting, notes
from course_utils.exercises.checking.words import describe_type
from course_utils.exercises.lessons.lesson_07._draws import explained, sigma_of


class Watched(Noting):
    """A function f from (n, d) to (n,), which notes the points of each call, and whether they
    remembered how they were made."""

    def __init__(self, f: Callable[[Tensor], Tensor], d: int) -> None:
        super().__init__(f, lambda z: (z.detach().clone(), z.requires_grad))
        self.d = d

    def __call__(self, z: object) -> Tensor:
        if not isinstance(z, Tensor) or z.ndim != 2 or z.shape[1] != self.d:
            raise ValueError(f"f was called with {describe_type(z)}; it maps (n, {self.d}) to (n,)")
        return self._ask(z)

    def __repr__(self) -> str:
        return "f"

    @property
    def tracked(self) -> bool:
        """Whether any of the points remembered how they were made."""
        return any(tracked for _, tracked in notes(self))

    def draws(self, mu: Tensor) -> Tensor:
        """The points asked for, (n, d), less `mu` itself, where a baseline may be taken.

        Points asked for a second time, again for a baseline, count once.
        """
        points = torch.cat([torch.empty(0, self.d), *(z for z, _ in notes(self))])
        points = points[(points != mu).any(1)]
        once: dict[tuple[float, ...], None] = dict.fromkeys(map(tuple, points.tolist()))
        if len(notes(self)) > 1 and len(once) < len(points):
            return torch.tensor(list(once), dtype=mu.dtype).reshape(-1, self.d)
        return points


class Problem(NamedTuple):
    """An expectation whose gradient is known."""

    f: Callable[[Tensor], Tensor]
    mu: Tensor
    log_var: Tensor
    exact: Tensor


def _place(d: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """mu and log_var, (d,), with every σ far from 1."""
    mu = torch.randn(d, generator=generator) + 0.5
    sign = torch.randint(0, 2, (d,), generator=generator) * 2 - 1
    log_var = sign * (0.7 + 1.1 * torch.rand(d, generator=generator))
    return mu, log_var


def _far_place(d: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """mu and log_var as far from 0 as training takes them, narrow and wide by turns."""
    mu = 8 + 6 * torch.rand(d, generator=generator)
    log_var = torch.where(torch.arange(d) % 2 == 0, -7.0, 5.0) + torch.rand(d, generator=generator)
    return mu, log_var


def step_problem(d: int, generator: torch.Generator, *, far: bool = False) -> Problem:
    """f jumps where a weighted sum of z passes a threshold: its own gradient is 0 or not there."""
    mu, log_var = (_far_place if far else _place)(d, generator)
    slopes = 0.5 + torch.arange(d) / d
    centre, width = slopes @ mu, (slopes**2 @ log_var.exp()).sqrt()
    threshold = centre + 0.4 * width
    density = math.exp(-(0.4**2) / 2) / math.sqrt(2 * math.pi) / width
    return Problem(
        lambda z: 3.0 * (z.detach() @ slopes > threshold).to(z.dtype) + 1,
        mu,
        log_var,
        3 * slopes * density,
    )


def bowl_problem(d: int, generator: torch.Generator, *, smooth: bool) -> Problem:
    """f = ‖z‖² + 2, which has a gradient, though it may keep it to itself."""
    mu, log_var = _place(d, generator)

    def f(z: Tensor) -> Tensor:
        return (z if smooth else z.detach()).square().sum(1) + 2

    return Problem(f, mu, log_var, 2 * mu)


def slope_problem(generator: torch.Generator) -> Problem:
    """f = Σ (z - mu) / σ + ½, whose estimates scatter so little that a wrong factor shows."""
    mu, log_var = _far_place(2, generator)
    sigma = sigma_of(log_var)
    return Problem(lambda z: ((z.detach() - mu) / sigma).sum(1) + 0.5, mu, log_var, 1 / sigma)


def one_estimate(
    answer: Answer, problem: Problem, n_samples: int, generator: torch.Generator
) -> tuple[object, Watched]:
    """One call of the answer, and what f saw meanwhile."""
    f = Watched(problem.f, len(problem.mu))
    mu, log_var = problem.mu.clone(), problem.log_var.clone()
    try:
        got = answer(f, mu, log_var, n_samples, generator)
    except Crash as crash:
        if "does not require grad" not in str(crash.error):
            raise explained(crash) from None
        if f.tracked:
            raise Wrong(
                "You asked for the gradient of f itself, as the reparameterised estimate does, and "
                "this f has none: it jumps. The score-function estimate needs only its values: "
                f"the mean of f(z) (z - mu) / σ².\n{crash}"
            ) from None
        raise Wrong(
            "There is nothing to differentiate: `mu` comes without a gradient, and f may have none "
            "either. Write the score by hand, (z - mu) / σ², or differentiate log q(z) with "
            f"respect to a copy, `mu.clone().requires_grad_()`.\n{crash}"
        ) from None
    return got, f
