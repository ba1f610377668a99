"""Checks of lesson 07: two ways to a gradient through a random draw.

Both answers draw, and in an order of their own, so neither can be compared with the reference draw
by draw. What must hold of any right answer is checked instead: the noise that a draw implies,
(z - mu) / σ, is standard normal wherever one looks, and the formulas hold exactly for that noise.
Statistical bounds are six standard errors wide.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from course_utils.exercises.answer import (
    Answer,
    Crash,
    Unsolved,
    Wrong,
    describe_type,
    returns_nothing,
)
from course_utils.exercises.compare import (
    CUT_THREAD,
    ONLY_TENSORS,
    expect_close,
    expect_shape,
    expect_type,
)
from course_utils.exercises.exercise import Exercise, Stage
from course_utils.exercises.solutions import lesson_07 as solutions

SIX_STANDARD_ERRORS = 6

PASS_ON = "Pass it on to what draws: `torch.randn(..., generator=generator)`."
NEGATIVE_SPREAD = (
    "`log_var` was handed over as a standard deviation, and it may be negative: it is the "
    "logarithm of the variance. The standard deviation is exp(log_var / 2)."
)
NO_MEMORY = (
    "The draws are right, but no gradient passes through them: z does not remember `mu` and "
    "`log_var`. `.sample()`, `.detach()`, `.data`, `torch.no_grad()` and NumPy all cut that "
    "thread. Draw ε on its own, and compute z = mu + σ ε from it."
)

# --- what both exercises ask of a draw ------------------------------------------------------------


class Reading(NamedTuple):
    """A wrong way to make z, told by the noise that it implies.

    Attributes:
        noise: from (z, mu, log_var) to what would be standard normal if z was made this way.
        message: what to say then.
    """

    noise: Callable[[Tensor, Tensor, Tensor], Tensor]
    message: str


def _sigma(log_var: Tensor) -> Tensor:
    return (log_var / 2).exp()


def _noise(z: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    """What must have been drawn from N(0, 1), if z is right."""
    return (z - mu) / _sigma(log_var)


def _spread(sigma: Callable[[Tensor], Tensor], message: str) -> Reading:
    """A wrong standard deviation."""
    return Reading(lambda z, mu, log_var: (z - mu) / sigma(log_var), message)


READINGS = (
    _spread(
        torch.exp,
        "This is what you get when `exp(log_var)` is used as the standard deviation: it is the "
        "variance. Halve the logarithm first: σ = exp(log_var / 2).",
    ),
    _spread(
        lambda log_var: log_var,
        "`log_var` itself was used as the standard deviation, which may even be negative. It is "
        "the logarithm of the variance: σ = exp(log_var / 2).",
    ),
    _spread(
        lambda log_var: log_var / 2,
        "`log_var / 2` is the logarithm of the standard deviation. The `exp` is missing: "
        "σ = exp(log_var / 2).",
    ),
    _spread(
        lambda log_var: log_var.exp() / 2,
        "The half is in the wrong place: you have exp(log_var) / 2, and it belongs into the "
        "exponent, σ = exp(log_var / 2).",
    ),
    _spread(
        lambda log_var: (log_var / 2).exp() / 2,
        "The half is in it twice: exp(log_var / 2) is σ already, and you halve it once more.",
    ),
    _spread(
        lambda log_var: log_var.abs().sqrt(),
        "You took the root of `log_var`, made positive. It is the variance that has the root σ, "
        "and `log_var` is its logarithm: σ = exp(log_var / 2).",
    ),
    _spread(
        lambda log_var: (-log_var / 2).exp(),
        "The sign in the exponent is turned, so a large variance gives a small spread: "
        "σ = exp(log_var / 2), without a minus.",
    ),
    _spread(
        lambda log_var: (log_var / 4).exp(),
        "A root too many: exp(log_var / 2) is already the standard deviation, the root of the "
        "variance, and you have the root of that.",
    ),
    _spread(
        lambda log_var: (2 * log_var).exp(),
        "You have exp(2 · log_var) as the standard deviation, the square of the variance. From the "
        "variance to the deviation it is a root: σ = exp(log_var / 2).",
    ),
    _spread(
        torch.nn.functional.softplus,
        "You made the standard deviation with `softplus`. Here `log_var` is a logarithm, and `exp` "
        "undoes it: σ = exp(log_var / 2).",
    ),
    _spread(
        torch.ones_like,
        "`log_var` has no effect: the noise has standard deviation 1 everywhere. Multiply it by "
        "σ = exp(log_var / 2).",
    ),
    Reading(
        lambda z, mu, log_var: z / _sigma(log_var),
        "`mu` has no effect: your draws are centred on 0. Add `mu` to the noise.",
    ),
    Reading(
        lambda z, mu, log_var: z,
        "This is the noise alone, N(0, 1): neither `mu` nor `log_var` has an effect. z = mu + σ ε.",
    ),
    Reading(
        lambda z, mu, log_var: z / _sigma(log_var) - mu,
        "σ multiplies `mu` as well. Only the noise is to be scaled: z = mu + σ ε, without a "
        "bracket around mu + ε.",
    ),
    Reading(
        lambda z, mu, log_var: (z - _sigma(log_var)) / mu,
        "`mu` and σ have changed places: you scale the noise by `mu` and add σ. z = mu + σ ε.",
    ),
    Reading(
        lambda z, mu, log_var: z - mu * _sigma(log_var),
        "σ multiplies `mu`, and the noise is added as it is. It is the noise that σ scales: "
        "z = mu + σ ε.",
    ),
    Reading(
        lambda z, mu, log_var: z / (mu * _sigma(log_var)),
        "`mu` multiplies the noise, as σ does. It is to be added: z = mu + σ ε.",
    ),
    Reading(
        lambda z, mu, log_var: (z - log_var) / (mu / 2).exp(),
        "The two arguments are exchanged: you add `log_var` and make σ of `mu`. z = mu + σ ε with "
        "σ = exp(log_var / 2).",
    ),
    Reading(
        lambda z, mu, log_var: (z - mu).log() - log_var / 2,
        "The noise is inside the `exp`, added to log_var / 2, so z always lies above `mu`. Close "
        "the bracket first: exp(log_var / 2) is σ, and ε multiplies it.",
    ),
    Reading(
        lambda z, mu, log_var: (z - mu).log() / (log_var / 2),
        "The noise is inside the `exp`, multiplied with log_var / 2, so z always lies above `mu`. "
        "Close the bracket first: exp(log_var / 2) is σ, and ε multiplies that.",
    ),
    Reading(
        lambda z, mu, log_var: z - mu - _sigma(log_var),
        "You add σ to the noise, and it is to multiply it: z = mu + σ ε.",
    ),
)


def _is_standard_normal(noise: Tensor) -> bool:
    """Whether the numbers may be independent draws from N(0, 1)."""
    ordered = noise.flatten().double().sort().values
    n = len(ordered)
    if not ordered.isfinite().all():
        return False
    below = torch.special.ndtr(ordered)
    steps = torch.arange(n + 1) / n
    gap = max((below - steps[:-1]).abs().max(), (below - steps[1:]).abs().max())
    return bool(
        ordered.mean().abs() < SIX_STANDARD_ERRORS / math.sqrt(n)
        and (ordered.var() - 1).abs() < SIX_STANDARD_ERRORS * math.sqrt(2 / n)
        # Kolmogorov's bound: a larger gap has the chance of an error of six standard errors.
        and gap < 3.25 / math.sqrt(n)
    )


def _all_standard_normal(noise: Tensor, groups: Iterable[Tensor]) -> bool:
    return all(_is_standard_normal(noise[group]) for group in groups)


def _expect_normal(z: Tensor, mu: Tensor, log_var: Tensor, groups: Sequence[Tensor]) -> None:
    """Raise `Wrong` unless z may have been drawn from N(mu, σ²), in every group of its entries."""
    if not z.isfinite().all():
        raise Wrong(
            "There is nan or inf among the draws. `log_var` may be negative: it has no root and no "
            "logarithm. Only `exp` makes a variance of it: σ = exp(log_var / 2)."
        )
    noise = _noise(z, mu, log_var)
    if _all_standard_normal(noise, groups):
        _expect_tails(noise)
        return
    for reading in READINGS:
        if _all_standard_normal(reading.noise(z, mu, log_var), groups):
            raise Wrong(reading.message)
    low, high = noise.min().item(), noise.max().item()
    if low >= 0 and 0.9 < high <= 1.001:
        raise Wrong(
            "Your noise is uniform between 0 and 1, as `torch.rand` draws it: never negative, and "
            "0.5 on average. Normal noise, with mean 0 and deviation 1, is `torch.randn`."
        )
    if _is_uniform(noise):
        raise Wrong(
            f"Your noise is uniform, between {low:.2g} and {high:.2g}. It should be normal, with "
            "the tails of the bell: `torch.randn`."
        )
    if low >= 0:
        raise Wrong(
            "Your noise is never negative, so z always lies on one side of `mu`. Normal noise has "
            "both signs, and mean 0: `torch.randn`."
        )
    sides = {"negative": noise[log_var < 0], "positive": noise[log_var >= 0]}
    found = "\n".join(
        f"    where log_var is {side}: mean {part.mean().item():.3g}, standard deviation "
        f"{part.std().item():.3g}"
        for side, part in sides.items()
        if len(part)
    )
    raise Wrong(
        "The noise that your draws imply, (z - mu) / exp(log_var / 2), should be standard normal, "
        f"with mean 0 and standard deviation 1, everywhere. It is not:\n{found}\n"
        "Draw ε with `torch.randn`, and compute z = mu + exp(log_var / 2) ε."
    )


def _expect_tails(noise: Tensor) -> None:
    """Raise `Wrong` if 6,000 numbers or more all lie within ±2.5: the chance of that is e^-75."""
    largest = noise.abs().max().item()
    if noise.numel() >= 6000 and largest < 2.5:
        raise Wrong(
            f"Your noise never goes beyond ±{largest:.3g}: something clamps or cuts it. Normal "
            "noise has tails; leave it as `torch.randn` draws it."
        )


def _is_uniform(noise: Tensor) -> bool:
    """Whether the numbers may be drawn evenly between their smallest and their largest."""
    ordered = noise.flatten().double().sort().values
    n = len(ordered)
    width = ordered[-1] - ordered[0]
    even = torch.arange(n) / n
    gap = ((ordered - ordered[0]) / width - even).abs().max()
    return bool(gap < 3.25 / math.sqrt(n))


def _expect_own_noise(noise: Tensor) -> None:
    """Raise `Wrong` if entries of a table (n, latent) of noise share what should be their own."""
    rows = torch.allclose(noise[1:], noise[:-1], atol=1e-3)
    columns = torch.allclose(noise[:, 1:], noise[:, :-1], atol=1e-3)
    if rows and columns:
        raise Wrong(
            "One number was drawn, and every entry of z uses it. Every entry needs noise of its "
            "own: draw ε with the shape of z."
        )
    if rows:
        raise Wrong(
            "All rows share the same noise. Every row needs noise of its own: draw ε with as many "
            "rows as z has, not a single one."
        )
    if columns:
        raise Wrong(
            "All entries of a row share the same noise, one number for each row. Every dimension "
            "needs noise of its own: draw ε with as many columns as z has."
        )


def _expect_independent(noise: Tensor) -> None:
    """Raise `Wrong` if columns or neighbouring rows of a table (n, latent) of noise correlate."""
    n, latent = noise.shape
    between = (noise.T @ noise / n).triu(1).abs().max().item()
    if between > SIX_STANDARD_ERRORS / math.sqrt(n):
        raise Wrong(
            f"The noise of two dimensions goes together, with a correlation of {between:.2f}. "
            "Every entry needs noise of its own: draw ε with the shape of z."
        )
    following = (noise[1:] * noise[:-1]).mean().abs().item()
    if following > SIX_STANDARD_ERRORS / math.sqrt(n * latent):
        raise Wrong(
            "The noise of a row goes together with that of the next, with a correlation of "
            f"{following:.2f}. Every entry needs noise of its own: draw ε with the shape of z."
        )


def _better(crash: Crash) -> Wrong:
    """What to say of a crash: that of a negative standard deviation is explained."""
    negative = any(words in str(crash.error) for words in ("std >= 0", "GreaterThan"))
    return Wrong(f"{NEGATIVE_SPREAD}\n{crash}") if negative else crash


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _stream(answer: Answer) -> torch.Generator:
    """The source of probes and draws; an answer that sets a seed would not meet it by chance."""
    return _seeded(int(torch.randint(2**62, (), generator=answer.generator())))


def _expect_generator_used(draw: Callable[[torch.Generator], Tensor]) -> None:
    """Raise `Wrong` unless all randomness of a draw comes from the generator handed to it."""
    generator = _seeded(1)
    torch.rand(1)  # so that a seed set inside does not lead back to where the stream is
    before = torch.get_rng_state()
    first, next_one = draw(generator), draw(generator)
    again, other = draw(_seeded(1)), draw(_seeded(2))
    touched = not torch.equal(before, torch.get_rng_state())
    if torch.equal(first, next_one) and torch.equal(first, other):
        raise Wrong(
            "Every call returns the same draw, whatever generator it is given: a seed is set "
            f"inside. Leave seeds to whoever calls. {PASS_ON}"
        )
    if torch.equal(first, next_one):
        raise Wrong(
            "Two calls in a row with one generator return the same draw: you seed or copy it. Use "
            "it as it is, so that it moves on."
        )
    if not torch.equal(first, again):
        raise Wrong(
            "Two generators in the same state gave different draws, so some of your noise does "
            f"not come from `generator`. {PASS_ON}"
        )
    if touched:
        raise Wrong(
            "You were handed a generator, and yet the global stream of torch moved or was seeded. "
            f"Draw from the generator alone, and leave out `torch.manual_seed`. {PASS_ON}"
        )


# --- reparameterize -------------------------------------------------------------------------------


def _gaussians(batch: int, latent: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Means and log-variances all over the place: at σ near 1 wrong formulas look right."""
    mu = 1.5 * torch.randn(batch, latent, generator=generator) + 0.5
    log_var = 4 * torch.rand(batch, latent, generator=generator) - 2
    return mu, log_var


def _draw_type(answer: Answer) -> None:
    generator = _stream(answer)
    shapes = answer.memory["shapes"] = []
    for batch, latent in ((3, 2), (4, 4), (1, 5), (6, 1), (2, 7)):
        mu, log_var = _gaussians(batch, latent, generator)
        try:
            got = answer(mu, log_var, generator)
        except Crash as crash:
            raise _better(crash) from None
        if got is None and returns_nothing(answer.function):
            raise Unsolved
        expect_type(got, mu)
        shapes.append((got, mu, {"mu": mu, "log_var": log_var}))


def _draw_shape(answer: Answer) -> None:
    for got, mu, given in answer.memory["shapes"]:
        expect_shape(got, mu, "the shape of mu: one draw for every entry", given)


def _draw_value(answer: Answer) -> None:
    generator = _stream(answer)
    for source in (generator, None):
        mu, log_var = _gaussians(3000, 8, generator)
        _expect_draws(answer(mu, log_var, source).detach(), mu, log_var)


def _expect_draws(z: Tensor, mu: Tensor, log_var: Tensor) -> None:
    """Raise `Wrong` unless z, (n, latent), may have been drawn from N(mu, σ²), each entry alone."""
    for value, message in (
        (mu, "z is `mu` itself, without noise. What is asked for is a draw: z = mu + σ ε."),
        (mu + _sigma(log_var), "z is mu + σ: the noise ε, which σ is to multiply, is gone."),
        (mu + log_var.exp(), "z is mu + σ²: the noise is gone, and so is a root."),
        (mu + log_var, "z is mu + log_var, with no noise in it. z = mu + exp(log_var / 2) ε."),
    ):
        if torch.allclose(z.to(value.dtype), value, atol=1e-4):
            raise Wrong(message)
    if z.isfinite().all():
        _expect_own_noise(_noise(z, mu, log_var))
    wide, far = log_var > 0, mu > 0.5
    _expect_normal(z, mu, log_var, [wide & far, wide & ~far, ~wide & far, ~wide & ~far])
    _expect_independent(_noise(z, mu, log_var))


def _draw_generator(answer: Answer) -> None:
    mu, log_var = _gaussians(4, 3, _stream(answer))
    _expect_generator_used(lambda generator: answer(mu, log_var, generator).detach())
    first, second = (answer(mu, log_var).detach() for _ in range(2))
    if torch.equal(first, second):
        raise Wrong(
            "Without a generator, two calls return the same draw: a seed is set inside, or a new "
            "generator is made, which always starts alike. `torch.randn(..., generator=None)` "
            "draws from torch's global stream, so you can pass `generator` on as it is."
        )


def _draw_gradient(answer: Answer) -> None:
    generator = _stream(answer)
    mu, log_var = _gaussians(5, 3, generator)
    weights = 0.5 + torch.rand(5, 3, generator=generator)
    mu.requires_grad_()
    log_var.requires_grad_()
    try:
        z = answer(mu, log_var, generator)
    except Crash as crash:
        raise Wrong(f"{crash}\n{ONLY_TENSORS.format(name='mu')}") from None
    if not z.requires_grad:
        raise Wrong(NO_MEMORY)
    wrt_mu, wrt_log_var = torch.autograd.grad((z * weights).sum(), (mu, log_var), allow_unused=True)
    if wrt_mu is None and wrt_log_var is None:
        raise Wrong(NO_MEMORY)
    no_mu = wrt_mu is None or not wrt_mu.any()
    no_log_var = wrt_log_var is None or not wrt_log_var.any()
    if no_mu and no_log_var:
        raise Wrong(
            "The draws are right, but their gradient is 0 everywhere: that is what `torch.normal` "
            "does, which draws without regard to how z moves with mu and σ. Draw ε with "
            "`torch.randn`, and compute z = mu + σ ε."
        )
    if no_mu:
        raise Wrong(CUT_THREAD.format(name="mu"))
    if no_log_var:
        raise Wrong(CUT_THREAD.format(name="log_var"))
    given = {"mu": mu.detach(), "log_var": log_var.detach()}
    expect_close(
        wrt_mu / weights,
        torch.ones_like(mu),
        given,
        "This is the gradient of z with respect to `mu`, which is 1 everywhere: z moves with mu. "
        "Does `mu` appear twice, or inside the noise?",
    )
    expect_close(
        wrt_log_var / weights,
        (z - mu).detach() / 2,
        given,
        "This is the gradient of z with respect to `log_var`, which is ½ σ ε, half of z - mu. Is a "
        "part of σ detached, or does the noise depend on `log_var`?",
    )


reparameterize = Exercise(
    solution=solutions.reparameterize,
    difficulty=2,
    minutes=10,
    success=(
        "With mu = 3 and log_var = 2 log 2 the draws have mean 3 and standard deviation 2, and the "
        "gradient of z with respect to mu is exactly 1."
    ),
    hints=(
        "Keep what is random apart from what is learnt: draw noise ε from N(0, 1), which depends "
        "on nothing, and let mu and σ shift and stretch it.",
        "`torch.randn(mu.shape, generator=generator)` is ε, a number for every entry; with "
        "generator=None it uses torch's global stream. σ has to be made from `log_var` = log σ².",
        "log σ is half of log σ², so σ = exp(log_var / 2). Then z is mu plus σ times ε.",
    ),
    stages=(
        Stage("type", _draw_type),
        Stage("shape", _draw_shape),
        Stage("value", _draw_value),
        Stage("generator", _draw_generator),
        Stage("gradient", _draw_gradient),
    ),
)

# --- score_function_gradient ----------------------------------------------------------------------


class Watched:
    """A function f from (n, d) to (n,), and a memory of where it was asked."""

    def __init__(self, f: Callable[[Tensor], Tensor], d: int) -> None:
        self.f = f
        self.d = d
        self.seen: list[Tensor] = []
        self.tracked = False

    def __call__(self, z: object) -> Tensor:
        if not isinstance(z, Tensor) or z.ndim != 2 or z.shape[1] != self.d:
            raise ValueError(f"f was called with {describe_type(z)}; it maps (n, {self.d}) to (n,)")
        self.seen.append(z.detach().clone())
        self.tracked = self.tracked or z.requires_grad
        return self.f(z)

    def __repr__(self) -> str:
        return "f"

    def draws(self, mu: Tensor) -> Tensor:
        """The points asked for, (n, d), less `mu` itself, where a baseline may be taken.

        Points asked for a second time, again for a baseline, count once.
        """
        points = torch.cat(self.seen) if self.seen else torch.empty(0, self.d)
        points = points[(points != mu).any(1)]
        once: dict[tuple[float, ...], None] = dict.fromkeys(map(tuple, points.tolist()))
        if len(self.seen) > 1 and len(once) < len(points):
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


def _step_problem(d: int, generator: torch.Generator) -> Problem:
    """f jumps where a weighted sum of z passes a threshold: its own gradient is 0 or not there."""
    mu, log_var = _place(d, generator)
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


def _bowl_problem(d: int, generator: torch.Generator, *, smooth: bool) -> Problem:
    """f = ‖z‖² + 2, which has a gradient, though it may keep it to itself."""
    mu, log_var = _place(d, generator)

    def f(z: Tensor) -> Tensor:
        return (z if smooth else z.detach()).square().sum(1) + 2

    return Problem(f, mu, log_var, 2 * mu)


def _slope_problem(generator: torch.Generator) -> Problem:
    """f = Σ (z - mu) / σ + ½, whose estimates scatter so little that a wrong factor shows."""
    mu, log_var = _place(2, generator)
    sigma = _sigma(log_var)
    return Problem(lambda z: ((z.detach() - mu) / sigma).sum(1) + 0.5, mu, log_var, 1 / sigma)


def _estimate(
    answer: Answer, problem: Problem, n_samples: int, generator: torch.Generator
) -> tuple[object, Watched]:
    """One call of the answer, and what f saw meanwhile."""
    f = Watched(problem.f, len(problem.mu))
    try:
        got = answer(f, problem.mu.clone(), problem.log_var.clone(), n_samples, generator)
    except Crash as crash:
        if "does not require grad" not in str(crash.error):
            raise _better(crash) from None
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


def _score_type(answer: Answer) -> None:
    generator = _stream(answer)
    calls = answer.memory["calls"] = []
    for d, n_samples in ((3, 7), (1, 4), (4, 4), (2, 3)):
        problem = _step_problem(d, generator)
        got, f = _estimate(answer, problem, n_samples, generator)
        if got is None and returns_nothing(answer.function):
            raise Unsolved
        expect_type(got, problem.mu)
        calls.append((got, f, problem, n_samples))


def _score_shape(answer: Answer) -> None:
    for got, _, problem, n_samples in answer.memory["calls"]:
        d, shape = len(problem.mu), tuple(got.shape)
        if shape == (d,):
            continue
        if shape == (n_samples, d):
            raise Wrong(
                "You have f(z) (z - mu) / σ² for every draw, (n_samples, d). The estimate is the "
                "mean over the draws, `dim=0`."
            )
        if shape == (n_samples,):
            raise Wrong(
                "You have one number for each draw: an average or a sum over the wrong axis. The "
                "draws are the first, `dim=0`; a number for each coordinate of mu is to remain."
            )
        if shape == ():
            raise Wrong(
                "You have a single number, and the gradient has one for each coordinate of mu. "
                "Average over the draws only, `dim=0`."
            )
        given = {"mu": problem.mu, "log_var": problem.log_var, "n_samples": n_samples}
        expect_shape(got, problem.mu, "(d,): one number for each coordinate of mu", given)


def _score_draws(answer: Answer) -> None:
    """The draws at which f was asked: as many as wanted, and from the right distribution."""
    for _, f, problem, n_samples in answer.memory["calls"]:
        if not f.seen:
            raise Wrong("You never called f. The estimate is made of its values, f(z), at draws z.")
        count = len(f.draws(problem.mu))
        if count == 0:
            raise Wrong(
                "You asked f only at `mu` itself. Ask it at the draws, f(z): how its value goes "
                "together with the score of the same z is all that the estimate has."
            )
        if count != n_samples:
            raise Wrong(
                f"f was asked at {count} draws of z, where n_samples is {n_samples}. Draw a table "
                "(n_samples, d), and hand it to f as a whole."
            )
    generator = _stream(answer)
    problem = _step_problem(3, generator)
    _, f = _estimate(answer, problem, 2000, generator)
    z = f.draws(problem.mu)
    if len(z) != 2000:
        raise Wrong(
            f"f was asked at {len(z)} different draws of z, where n_samples is 2000: the number is "
            "not honoured, or draws are repeated."
        )
    mu, log_var = problem.mu.expand_as(z), problem.log_var.expand_as(z)
    if z.isfinite().all():
        _expect_own_noise(_noise(z, mu, log_var))
    columns = torch.arange(3).expand_as(z)
    _expect_normal(z, mu, log_var, [columns == j for j in range(3)])
    _expect_independent(_noise(z, mu, log_var))


# What people make of the values f(z), (n, 1), and the draws; what is right has the mean of
# value · (z - mu) / σ².
SCORES: Sequence[tuple[Callable[[Tensor, Tensor, Tensor, Tensor], Tensor], str]] = (
    (
        lambda value, z, mu, var: (value * (z - mu) / var).sum(0),
        "You summed over the draws; the estimate is their mean, or it would grow with n_samples.",
    ),
    (
        lambda value, z, mu, var: -(value * (z - mu) / var).mean(0),
        "The sign is turned round: the gradient of log q(z) with respect to mu is (z - mu) / σ², "
        "not (mu - z) / σ². Or did you return the gradient of a loss, -f?",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu)).mean(0),
        "The 1 / σ² is missing: the score of a Gaussian is (z - mu) / σ², with σ² = exp(log_var).",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var.sqrt()).mean(0),
        "You divided z - mu by σ, which gives the noise ε. The score has σ² below: (z - mu) / σ², "
        "the same as ε / σ.",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var**1.5).mean(0),
        "You divided by σ once too often: ε / σ² where ε = (z - mu) / σ. The score is ε / σ.",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var**2).mean(0),
        "You divided by σ⁴: exp(log_var) is the variance already, and needs no square. (`Normal` "
        "squares what it is given: it wants the deviation, exp(log_var / 2).)",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) * var).mean(0),
        "You multiplied by σ² where you should divide: (z - mu) / σ².",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var.log()).mean(0),
        "You divided by `log_var`, which is a logarithm and may be negative. The variance is "
        "exp(log_var).",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var.log() ** 2).mean(0),
        "You divided by the square of `log_var`, as if it were the standard deviation. The "
        "variance is exp(log_var).",
    ),
    (
        lambda value, z, mu, var: (value * z / var).mean(0),
        "You have z / σ² where the score is (z - mu) / σ²: `mu` is not subtracted.",
    ),
    (
        lambda value, z, mu, var: ((z - mu) / var).mean(0),
        "f has no part in it: this is the mean of the score alone, which is 0 on average. Multiply "
        "each score by f(z) before you average.",
    ),
    (
        lambda value, z, mu, var: value.mean() * ((z - mu) / var).mean(0),
        "You multiplied two means. The mean of the product is wanted: each score times its own "
        "f(z), then the average.",
    ),
    (
        lambda value, z, mu, var: value.mean() * ((z - mu) / var).sum(0),
        "You multiplied the mean of f(z) with the sum of all scores: the log-densities were summed "
        "over the draws before each met its f(z). More draws would not calm this estimate. Sum "
        "log q(z) over the coordinates only, `dim=1`.",
    ),
    (
        lambda value, z, mu, var: value.mean().expand_as(mu),
        "This is the mean of f(z), the expectation itself. Its gradient weights each value with "
        "the score, (z - mu) / σ².",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var).mean(0) / len(mu),
        "Every number is divided by d: the log-density of a vector is the sum over its "
        "coordinates, not their mean.",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var).mean(0) / 2,
        "Every number is half of what it should be: in the derivative of -(z - mu)² / 2σ² the 2 "
        "of the square cancels the 2 below.",
    ),
    (
        lambda value, z, mu, var: 2 * (value * (z - mu) / var).mean(0),
        "Every number is twice what it should be: in the derivative of -(z - mu)² / 2σ² the 2 of "
        "the square cancels the 2 below.",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var).sum(0) / (len(z) - 1),
        "You divided by n_samples - 1. That belongs to a variance whose mean is estimated too; a "
        "mean is divided by n_samples.",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / z.var(0)).mean(0),
        "You divided by the variance of your draws. The score has the σ² that they were drawn "
        "with, exp(log_var).",
    ),
    (
        lambda value, z, mu, var: (
            (value * ((z - mu) / var).sum(1, keepdim=True)).mean(0).expand_as(mu)
        ),
        "Every coordinate got the same number: you summed the scores over the coordinates. Each "
        "has a score of its own, (z - mu) / σ².",
    ),
    (
        lambda value, z, mu, var: (
            value
            * (-0.5 * ((z - mu) ** 2 / var + var.log() + math.log(2 * math.pi)))
            .sum(1, keepdim=True)
            .exp()
            * (z - mu)
            / var
        ).mean(0),
        "The density is in it once too often: you differentiated q(z) where log q(z) belongs. The "
        "draws come from q already, and so bring its weight along.",
    ),
    (
        lambda value, z, mu, var: (value * ((z - mu) ** 2 / var - 1) / 2).mean(0),
        "This is the gradient with respect to `log_var`. Asked for is the one with respect to "
        "`mu`: the score is (z - mu) / σ².",
    ),
    (
        lambda value, z, mu, var: (
            value * (-0.5 * ((z - mu) ** 2 / var + var.log() + math.log(2 * math.pi)))
        ).mean(0),
        "You weighted f(z) with the log-density itself. It is the gradient of the log-density with "
        "respect to mu that is needed, (z - mu) / σ².",
    ),
    (
        lambda value, z, mu, var: ((value - value.mean()) * (z - mu) / var).mean(0),
        "You subtract the mean of f(z) as a baseline (or from z the mean of the draws and not mu, "
        "which comes to the same), and each draw is part of its own baseline: that shrinks the "
        "estimate by the factor 1 - 1 / n_samples, a bias. Use the mean of the other draws, or no "
        "baseline.",
    ),
    *(
        (
            lambda value, z, mu, var, n=n: (
                (value - value.mean()) / value.std(correction=n) * (z - mu) / var
            ).mean(0),
            "You standardised the values of f, less their mean and by their deviation, as is done "
            "in reinforcement learning. The estimate then has the scale of something else: use "
            "f(z) as it is.",
        )
        for n in (0, 1)
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var).median(0).values,
        "You took the median over the draws. Only their mean is right on average.",
    ),
)


def _score_value(answer: Answer) -> None:
    generator = _stream(answer)
    problems = [
        (_step_problem(3, generator), 8),
        (_bowl_problem(2, generator, smooth=False), 5),
        (_bowl_problem(4, generator, smooth=True), 6),
        (_step_problem(2, generator), 500),
    ]
    baselines = []
    for problem, n_samples in problems:
        got, f = _estimate(answer, problem, n_samples, generator)
        z = f.draws(problem.mu)
        value, var = problem.f(z).detach()[:, None], problem.log_var.exp()
        if _close(got, (value * (z - problem.mu) / var).mean(0)):
            continue
        if (value != value[0]).any():  # else a baseline that is right may well make 0 of it
            _explain(got, f.tracked, value, z, problem)
        baselines.append(problem)
    for problem in baselines[:1]:
        _expect_unbiased(answer, problem, generator)
        _expect_unbiased(answer, _slope_problem(generator), generator)


def _close(got: Tensor, expected: Tensor) -> bool:
    scale = expected.abs().max().item() or 1.0
    return torch.allclose(got.detach().to(expected.dtype), expected, rtol=0, atol=1e-4 * scale)


def _explain(got: Tensor, tracked: bool, value: Tensor, z: Tensor, problem: Problem) -> None:
    """Raise `Wrong` if an estimate is one of those that people make by mistake."""
    if not got.any():
        raise Wrong(
            "Your estimate is exactly 0."
            + (
                " Your z moves along with `mu`, so (z - mu) / σ, and with it log q(z), does not "
                "change: draw z, then detach it, and only then differentiate log q(z)."
                if tracked
                else " This f jumps, so its own gradient is 0 wherever there is one. Use its "
                "values: the mean of f(z) (z - mu) / σ²."
            )
        )
    for estimate, message in SCORES:
        if _close(got, estimate(value, z, problem.mu, problem.log_var.exp())):
            raise Wrong(message)
    inside = z.clone().requires_grad_()
    inner = problem.f(inside)
    if inner.requires_grad:
        (slope,) = torch.autograd.grad(inner.sum(), inside)
        if _close(got, slope.mean(0)):
            raise Wrong(
                "This is the reparameterised gradient, the mean of the slope of f. Asked for is "
                "the estimate that does without the slope: the mean of f(z) (z - mu) / σ²."
            )
        if tracked:
            raise Wrong(
                "Where f has a gradient, it gets into your estimate, since your z remembers `mu`. "
                "Detach z before you call f: only the log-density is to be differentiated."
            )


def _expect_unbiased(answer: Answer, problem: Problem, generator: torch.Generator) -> None:
    """Raise `Wrong` unless many estimates, each from two draws, are right on average."""
    estimates = torch.stack(
        [_estimate(answer, problem, 2, generator)[0].detach() for _ in range(500)]
    ).double()
    mean = estimates.mean(0)
    error = estimates.std(0) / math.sqrt(len(estimates))
    if bool(((mean - problem.exact).abs() <= SIX_STANDARD_ERRORS * error + 1e-6).all()):
        return
    given = {"mu": problem.mu, "log_var": problem.log_var, "n_samples": 2}
    expect_close(
        mean.float(),
        problem.exact,
        given,
        "This is the mean of 500 of your estimates beside the true gradient: they differ by more "
        "than chance. Take one draw and carry it through: f(z), z - mu, σ² = exp(log_var), and "
        "f(z) (z - mu) / σ².",
    )


def _score_generator(answer: Answer) -> None:
    problem = _step_problem(3, _stream(answer))

    def draw(generator: torch.Generator) -> Tensor:
        _, f = _estimate(answer, problem, 6, generator)
        return f.draws(problem.mu)

    _expect_generator_used(draw)


score_function_gradient = Exercise(
    solution=solutions.score_function_gradient,
    difficulty=3,
    minutes=20,
    success=(
        "For f(z) = 1 where z > 0 and 0 elsewhere, with mu = 0 and σ = 1, the gradient is "
        "1 / √(2π) = 0.399. f has no slope to learn from, and still you find it."
    ),
    hints=(
        "The gradient of E[f(z)] is E[f(z) ∇ log q(z)], with the gradient of the log-density with "
        "respect to mu. For a Gaussian you can work it out by hand: what is the derivative of "
        "-(z - mu)² / 2σ²?",
        "It is (z - mu) / σ², one number for each coordinate. Draw z, (n_samples, d), ask f for "
        "(n_samples,) values, weight each draw's score with its value, and average over the draws.",
        "`f(z)[:, None]` makes a column of the values, which multiplies every coordinate of the "
        "score. The draws are mu + exp(log_var / 2) ε with ε from "
        "`torch.randn(n_samples, len(mu), generator=generator)`.",
    ),
    stages=(
        Stage("type", _score_type),
        Stage("shape", _score_shape),
        Stage("draws", _score_draws),
        Stage("value", _score_value),
        Stage("generator", _score_generator),
    ),
)
