"""What lesson 07 asks of a draw.

Answers to `reparameterize` and `score_function_gradient` draw in an order of their own, so neither
can be compared with the reference draw by draw. What must hold of any right answer is checked
instead: the noise that a draw implies, (z - mu) / σ, is standard normal wherever one looks, and the
formulas hold exactly for that noise. Statistical bounds are six standard errors wide.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Crash, Wrong, generator_at
from course_utils.exercises.checking.chance import is_standard_normal
from course_utils.exercises.checking.expect import STANDARD_ERRORS

NEGATIVE_SPREAD = (
    "`log_var` was handed over as a standard deviation, and it may be negative: it is the "
    "logarithm of the variance. The standard deviation is exp(log_var / 2)."
)


class Reading(NamedTuple):
    """A wrong way to make z, told by the noise that it implies.

    Attributes:
        noise: from (z, mu, log_var) to what would be standard normal if z was made this way.
        message: what to say then.
    """

    noise: Callable[[Tensor, Tensor, Tensor], Tensor]
    message: str


def sigma_of(log_var: Tensor) -> Tensor:
    return (log_var / 2).exp()


def implied_noise(z: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    """What must have been drawn from N(0, 1), if z is right."""
    return (z - mu) / sigma_of(log_var)


def spread(sigma: Callable[[Tensor], Tensor], message: str) -> Reading:
    """A wrong standard deviation."""
    return Reading(lambda z, mu, log_var: (z - mu) / sigma(log_var), message)


READINGS = (
    spread(
        torch.exp,
        "This is what you get when `exp(log_var)` is used as the standard deviation: it is the "
        "variance. Halve the logarithm first: σ = exp(log_var / 2).",
    ),
    spread(
        lambda log_var: log_var,
        "`log_var` itself was used as the standard deviation, which may even be negative. It is "
        "the logarithm of the variance: σ = exp(log_var / 2).",
    ),
    spread(
        lambda log_var: log_var / 2,
        "`log_var / 2` is the logarithm of the standard deviation. The `exp` is missing: "
        "σ = exp(log_var / 2).",
    ),
    spread(
        lambda log_var: log_var.exp() / 2,
        "The half is in the wrong place: you have exp(log_var) / 2, and it belongs into the "
        "exponent, σ = exp(log_var / 2).",
    ),
    spread(
        lambda log_var: (log_var / 2).exp() / 2,
        "The half is in it twice: exp(log_var / 2) is σ already, and you halve it once more.",
    ),
    spread(
        lambda log_var: log_var.abs().sqrt(),
        "You took the root of `log_var`, made positive. It is the variance that has the root σ, "
        "and `log_var` is its logarithm: σ = exp(log_var / 2).",
    ),
    spread(
        lambda log_var: (-log_var / 2).exp(),
        "The sign in the exponent is turned, so a large variance gives a small spread: "
        "σ = exp(log_var / 2), without a minus.",
    ),
    spread(
        lambda log_var: (log_var / 4).exp(),
        "A root too many: exp(log_var / 2) is already the standard deviation, the root of the "
        "variance, and you have the root of that.",
    ),
    spread(
        lambda log_var: (2 * log_var).exp(),
        "You have exp(2 · log_var) as the standard deviation, the square of the variance. From the "
        "variance to the deviation it is a root: σ = exp(log_var / 2).",
    ),
    spread(
        torch.nn.functional.softplus,
        "You made the standard deviation with `softplus`. Here `log_var` is a logarithm, and `exp` "
        "undoes it: σ = exp(log_var / 2).",
    ),
    spread(
        torch.ones_like,
        "`log_var` has no effect: the noise has standard deviation 1 everywhere. Multiply it by "
        "σ = exp(log_var / 2).",
    ),
    Reading(
        lambda z, mu, log_var: z / sigma_of(log_var),
        "`mu` has no effect: your draws are centred on 0. Add `mu` to the noise.",
    ),
    Reading(
        lambda z, mu, log_var: z,
        "This is the noise alone, N(0, 1): neither `mu` nor `log_var` has an effect. z = mu + σ ε.",
    ),
    Reading(
        lambda z, mu, log_var: z / sigma_of(log_var) - mu,
        "σ multiplies `mu` as well. Only the noise is to be scaled: z = mu + σ ε, without a "
        "bracket around mu + ε.",
    ),
    Reading(
        lambda z, mu, log_var: (z - sigma_of(log_var)) / mu,
        "`mu` and σ have changed places: you scale the noise by `mu` and add σ. z = mu + σ ε.",
    ),
    Reading(
        lambda z, mu, log_var: z - mu * sigma_of(log_var),
        "σ multiplies `mu`, and the noise is added as it is. It is the noise that σ scales: "
        "z = mu + σ ε.",
    ),
    Reading(
        lambda z, mu, log_var: z / (mu * sigma_of(log_var)),
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
        lambda z, mu, log_var: z - mu - sigma_of(log_var),
        "You add σ to the noise, and it is to multiply it: z = mu + σ ε.",
    ),
)


def all_standard_normal(noise: Tensor, groups: Iterable[Tensor]) -> bool:
    return all(is_standard_normal(noise[group]) for group in groups)


def expect_normal(z: Tensor, mu: Tensor, log_var: Tensor, groups: Sequence[Tensor]) -> None:
    """Raise `Wrong` unless z may have been drawn from N(mu, σ²), in every group of its entries."""
    if not z.isfinite().all():
        raise Wrong(
            "There is nan or inf among the draws. `log_var` may be negative: it has no root and no "
            "logarithm. Only `exp` makes a variance of it: σ = exp(log_var / 2)."
        )
    noise = implied_noise(z, mu, log_var)
    if all_standard_normal(noise, groups):
        expect_tails(noise)
        return
    for reading in READINGS:
        if all_standard_normal(reading.noise(z, mu, log_var), groups):
            raise Wrong(reading.message)
    low, high = noise.min().item(), noise.max().item()
    if low >= 0 and 0.9 < high <= 1.001:
        raise Wrong(
            "Your noise is uniform between 0 and 1, as `torch.rand` draws it: never negative, and "
            "0.5 on average. Normal noise, with mean 0 and deviation 1, is `torch.randn`."
        )
    if is_uniform(noise):
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


def expect_tails(noise: Tensor) -> None:
    """Raise `Wrong` if none of many numbers lies where by chance at least twenty should.

    The chance of that is e^-20, that of an error of six standard errors.
    """
    largest = noise.abs().max().item()
    beyond = noise.numel() * math.erfc(largest / math.sqrt(2))
    if beyond > 20:
        raise Wrong(
            f"Your noise never goes beyond ±{largest:.3g}: something clamps or cuts it. Of "
            f"{noise.numel():,} draws about {beyond:.0f} should lie further out. Normal noise has "
            "tails; leave it as `torch.randn` draws it."
        )


def expect_followed(z: Tensor, mu: Tensor, log_var: Tensor) -> None:
    """Raise `Wrong` unless draws follow mu and log_var as far as trained encoders take them."""
    for low in range(-14, 14, 4):
        here = (mu >= low) & (mu < low + 4) & (log_var < -2)  # where z is mu, nearly
        off = (z - mu)[here].mean().item()
        # By the spread that they have, if it is the larger: too wide a spread is named below.
        spread = max(log_var[here].exp().mean().sqrt(), (z - mu)[here].std())
        if abs(off) > STANDARD_ERRORS * spread / here.sum().sqrt():
            raise Wrong(
                f"Where mu is between {low} and {low + 4}, your draws lie {abs(off):.2g} too "
                f"{'high' if off > 0 else 'low'} on average; nearer to 0 they are right. Does "
                "something clamp `mu`, or z? Take them as they are."
            )
    for low in range(-8, 6):
        here = (log_var >= low) & (log_var < low + 1)
        ratio = implied_noise(z, mu, log_var)[here].square().mean().item()
        if abs(ratio - 1) > STANDARD_ERRORS * math.sqrt(2 / here.sum()):
            found = low + 0.5 + math.log(ratio) if ratio > 0 else -math.inf
            raise Wrong(
                f"Where log_var is between {low} and {low + 1}, your draws have the spread that "
                f"belongs to log_var = {found:.2g}; where it is nearer to 0 they are right. Does "
                "something clamp `log_var`, or σ? Trained encoders go there: take it as it is, "
                "σ = exp(log_var / 2)."
            )


def is_uniform(noise: Tensor) -> bool:
    """Whether the numbers may be drawn evenly between their smallest and their largest."""
    ordered = noise.flatten().double().sort().values
    n = len(ordered)
    width = ordered[-1] - ordered[0]
    even = torch.arange(n) / n
    gap = ((ordered - ordered[0]) / width - even).abs().max()
    return bool(gap < 3.25 / math.sqrt(n))


def expect_own_noise(noise: Tensor) -> None:
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


def expect_independent(noise: Tensor) -> None:
    """Raise `Wrong` if columns or neighbouring rows of a table (n, latent) of noise correlate."""
    n, latent = noise.shape
    between = (noise.T @ noise / n).triu(1).abs().max().item()
    if between > STANDARD_ERRORS / math.sqrt(n):
        raise Wrong(
            f"The noise of two dimensions goes together, with a correlation of {between:.2f}. "
            "Every entry needs noise of its own: draw ε with the shape of z."
        )
    following = (noise[1:] * noise[:-1]).mean().abs().item()
    if following > STANDARD_ERRORS / math.sqrt(n * latent):
        raise Wrong(
            "The noise of a row goes together with that of the next, with a correlation of "
            f"{following:.2f}. Every entry needs noise of its own: draw ε with the shape of z."
        )


def expect_free_of_the_batch(draw: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Raise `Wrong` if the rows of small batches make up for each other, or the columns.

    Args:
        draw: from mu and log_var, (2, 2), to z.
    """
    zeros = torch.zeros(2, 2)
    noise = torch.stack([draw(zeros, zeros) for _ in range(300)]).double()
    for products, words in (
        (noise[:, 0] * noise[:, 1], "of one row of a batch of two goes together with the other's"),
        (
            noise[:, :, 0] * noise[:, :, 1],
            "of one entry of a row of two goes together with the other's",
        ),
    ):
        found = products.mean().item()
        if not abs(found) < STANDARD_ERRORS / math.sqrt(products.numel()):  # not for nan either
            raise Wrong(
                f"The noise {words}: their product is {found:.2f} on average, and should be 0. Is "
                "the noise mirrored, or standardised over the batch or the row? Leave it as "
                "`torch.randn` draws it, every entry on its own."
            )


def explained(crash: Crash) -> Wrong:
    """What to say of a crash: that of a negative standard deviation is explained."""
    negative = any(words in str(crash.error) for words in ("std >= 0", "GreaterThan"))
    return Wrong(f"{NEGATIVE_SPREAD}\n{crash}") if negative else crash


def stream_of(answer: Answer) -> torch.Generator:
    """The source of probes and draws; an answer that sets a seed would not meet it by chance."""
    return generator_at(int(torch.randint(2**62, (), generator=answer.generator())))
