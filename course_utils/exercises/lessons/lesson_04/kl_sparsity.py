"""`kl_sparsity`, lesson 04: the mean activation of each unit against its target."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong, fresh
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.parts import ONE_NUMBER


def kl_sparsity(activations: Float[Tensor, "batch units"], target: float) -> Float[Tensor, ""]:
    """How far the mean activation of each unit is from the target, summed over the units.

    With m_j the mean of unit j over the batch, it is the sum over j of

        target · log(target / m_j) + (1 - target) · log((1 - target) / (1 - m_j)).

    Activations are in [0, 1]. Where a mean is exactly 0 or 1, it is moved inside by a millionth.
    """
    mean = activations.mean(dim=0).clamp(1e-6, 1 - 1e-6)
    on = target * torch.log(target / mean)
    off = (1 - target) * torch.log((1 - target) / (1 - mean))
    return (on + off).sum()


def _activations(generator: torch.Generator) -> list[tuple[Tensor, float]]:
    def around(batch: int, *means: float) -> Tensor:
        """Activations in (0, 1) whose units have different means."""
        spread = 0.4 + 1.2 * torch.rand(batch, len(means), generator=generator)
        return (torch.tensor(means) * spread).clamp(max=0.98)

    def mixed(batch: int, units: int) -> Tensor:
        return around(batch, *(0.03 + 0.85 * torch.rand(units, generator=generator)).tolist())

    return [
        (around(4, 0.1, 0.35, 0.7).round(decimals=2), 0.2),  # small enough to print
        (mixed(7, 3), 0.05),
        (mixed(2, 9), 0.3),
        (around(50, 0.016, 0.04, 0.9), 0.05),  # rare, but not so rare that a millionth shows
        (mixed(1, 5), 0.1),
        (mixed(64, 30), 0.7),
    ]


def _kl(rho: Tensor | float, mean: Tensor | float) -> Tensor:
    rho, mean = torch.as_tensor(rho), torch.as_tensor(mean)
    return rho * (rho / mean).log() + (1 - rho) * ((1 - rho) / (1 - mean)).log()


def _is_finite(answer: Answer) -> None:
    """At means of exactly 0 and 1 the value must be finite, large, and so must the gradient."""
    target = 0.2
    for mean, words in ((0.0, "never active"), (1.0, "always fully active")):
        activations = torch.full((6, 3), 0.2)
        activations[:, 1] = mean
        activations.requires_grad_()
        got = answer(fresh(activations), target).detach()
        if got.isnan():
            raise Wrong(
                f"For a unit that is {words}, mean {mean:g}, your function returns nan: the "
                "logarithm of a negative number. Do not add a millionth to every mean, which takes "
                "1 beyond 1; clamp those that are exactly 0 or 1."
            )
        if not got.isfinite():
            raise Wrong(
                f"For a unit that is {words}, mean {mean:g}, your function returns {got.item():g}: "
                "the logarithm of 0. Move the means inside, `mean.clamp(1e-6, 1 - 1e-6)`, before "
                "the logarithms. (In float32, 1 - 1e-8 is exactly 1: a millionth is about as close "
                "as it gets.)"
            )
        # A hundred-thousandth is let pass: that is as good as a millionth in practice.
        least, most = _kl(target, abs(mean - 2e-5)).item(), 100.0
        if not least <= got.item() <= most:
            raise Wrong(
                f"For a unit that is {words}, mean {mean:g}, your function returns "
                f"{got.item():.4g}. Such a unit is far from the target and must cost more than "
                f"{least:.3g} nats, and no more than can be computed with: clamp the mean instead "
                "of leaving the unit out or mending the result"
                f"{_too_early(got.item(), target, mean)}."
            )
        result = answer(activations, target)
        (gradient,) = torch.autograd.grad(result, activations, allow_unused=True)
        if gradient is None or not gradient.isfinite().all():
            raise Wrong(
                f"For a unit that is {words}, mean {mean:g}, the value is finite but its gradient "
                "is not: a logarithm of 0 was computed and then hidden. Clamp the mean before the "
                "logarithm."
            )


def _too_early(got: float, target: float, mean: float) -> str:
    """For what is clamped earlier than at a millionth: where that is."""
    for size in (1e-1, 1e-2, 1e-3, 1e-4):
        if abs(got - _kl(target, abs(mean - size)).item()) < 1e-2:
            return (
                f", and by a millionth. Yours seems to be moved to {abs(mean - size):g}, so that "
                "all units beyond cost the same and have no gradient"
            )
    return ""


exercise = Exercise(
    solution=kl_sparsity,
    place=2,
    difficulty=2,
    minutes=10,
    success=(
        "For activations [[0.1, 0.5], [0.3, 0.5]] and the target 0.2 you get 0.1927: the first "
        "unit is on target and costs nothing, the second costs all of it."
    ),
    hints=(
        "First the mean of each unit over the batch, `dim=0`. Everything after that works on a "
        "row with one number for each unit.",
        "Two terms for each unit: how often it should speak, and how often it should be silent. "
        "In each, the target stands above the mean inside the logarithm.",
        "A mean of exactly 0 or 1 has no logarithm: `.clamp(1e-6, 1 - 1e-6)` right after the mean. "
        "At the end sum over the units.",
    ),
    stages=(
        *Comparison(
            probes=_activations,
            shape="(): one number for the whole batch",
            advice=(
                "Carry the first unit through by hand: its mean over the batch, the two terms, "
                "their sum. Then print the same in your function."
            ),
            gradient="activations",
            mistakes=[
                Mistake(
                    lambda a, target: target * math.log(target / a.mean(0)),
                    ONE_NUMBER.format("log"),
                ),
                Mistake(
                    lambda a, target: _kl(target, torch.sigmoid(a).mean(1)).sum(),
                    "Two things at once, as much copied code has them: the activations are passed "
                    "through a sigmoid once more, and they are between 0 and 1 already; and the "
                    "mean is taken over the units of each picture, `dim=1`. It is taken over the "
                    "batch, `dim=0`, so that each unit has one.",
                ),
                Mistake(
                    lambda a, target: _kl(target, torch.sigmoid(a)).sum(1).mean(),
                    "The activations are passed through a sigmoid once more, though they are "
                    "between 0 and 1 already; and every one of them is compared with the target. "
                    "It is the *mean* over the batch, `dim=0`, that should meet it.",
                ),
                Mistake(
                    lambda a, target: _kl(a.mean(0), target).sum(),
                    "The two are swapped: this is the divergence of the target from the means. The "
                    "target stands in front and above: `target * log(target / mean)`.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a.mean(0)),
                    "You have one number for each unit. Sum over the units at the end.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a.mean(0)).mean(),
                    "This is the mean over the units where the sum is wanted: a wider code would "
                    "be punished no more than a narrow one.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a).sum(1).mean(),
                    "You compared every single activation with the target and averaged last. It is "
                    "the *mean* over the batch that should meet the target: a unit may be fully on "
                    "for a few pictures. Take the mean first.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a).sum(),
                    "You compared every single activation with the target and summed over all. "
                    "First take the mean over the batch, then compare the means.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a).mean(),
                    "You compared every single activation with the target and averaged over all. "
                    "First the mean over the batch; at the end the sum over the units.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a.mean(1)).sum(),
                    "You averaged over the units of each picture, `dim=1`. The mean is taken over "
                    "the batch, `dim=0`, so that each unit has one.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a.mean()),
                    "You averaged over everything, so half of the units may be always on and the "
                    "others never. Each unit has a mean of its own: `dim=0`.",
                ),
                Mistake(
                    lambda a, target: (target * (target / a.mean(0)).log()).sum(),
                    "Only the first term is there. The second is for the times at which the unit "
                    "is silent: `(1 - target) * log((1 - target) / (1 - mean))`.",
                ),
                Mistake(
                    lambda a, target: ((1 - target) * ((1 - target) / (1 - a.mean(0))).log()).sum(),
                    "Only the second term is there. The first is for the times at which the unit "
                    "speaks: `target * log(target / mean)`.",
                ),
                Mistake(
                    lambda a, target: -_kl(target, a.mean(0)).sum(),
                    "The sign is turned round: the fractions inside the logarithms are upside "
                    "down, or there is a minus too many. A divergence is never negative.",
                ),
                Mistake(
                    lambda a, target: (
                        target * (target / a.mean(0)).log()
                        - (1 - target) * ((1 - target) / (1 - a.mean(0))).log()
                    ).sum(),
                    "The second term is subtracted. Both are added.",
                ),
                Mistake(
                    lambda a, target: (
                        -target * a.mean(0).log() - (1 - target) * (1 - a.mean(0)).log()
                    ).sum(),
                    "This is the cross-entropy: the same gradient, but it is not 0 when every unit "
                    "is on target. The target stands inside the logarithms too.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a.mean(0)).sum() / torch.tensor(2.0).log(),
                    "This is in bits: you took the logarithm to the base 2. Nats are wanted, "
                    "`torch.log`.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a.mean(0)).sum() / torch.tensor(10.0).log(),
                    "You took the logarithm to the base 10. The natural one is wanted, "
                    "`torch.log`.",
                ),
                *(
                    Mistake(
                        lambda a, target, mean=mean, inside=inside: _kl(
                            target, inside(mean(a))
                        ).sum(),
                        "Your means are not means over the batch: `sum(0)` is to be divided by the "
                        "number of pictures, not by nothing and not by the number of units. "
                        "`mean(dim=0)` does both.",
                    )
                    for mean in (lambda a: a.sum(0), lambda a: a.sum(0) / a.shape[1])
                    for inside in (lambda mean: mean.clamp(1e-6, 1 - 1e-6), lambda mean: mean)
                ),
                Mistake(
                    lambda a, target: (
                        target * (target / a.mean(0)).log() + ((1 - target) / (1 - a.mean(0))).log()
                    ).sum(),
                    "The factor `(1 - target)` before the second logarithm is forgotten.",
                ),
                Mistake(
                    lambda a, target: (
                        (target / a.mean(0)).log()
                        + (1 - target) * ((1 - target) / (1 - a.mean(0))).log()
                    ).sum(),
                    "The factor `target` before the first logarithm is forgotten.",
                ),
                Mistake(
                    lambda a, target: (
                        (target / a.mean(0)).log() + ((1 - target) / (1 - a.mean(0))).log()
                    ).sum(),
                    "Both factors are forgotten: `target` stands before the first logarithm and "
                    "`(1 - target)` before the second.",
                ),
                Mistake(
                    lambda a, target: _kl(target, torch.sigmoid(a).mean(0)).sum(),
                    "You passed the activations through a sigmoid once more. They are already "
                    "between 0 and 1.",
                ),
                Mistake(
                    lambda a, target: (a.mean(0) - target).square().sum(),
                    "This is the squared distance of the means from the target. The divergence has "
                    "logarithms in it.",
                ),
                Mistake(
                    lambda a, target: (a.mean(0) - target).abs().sum(),
                    "This is the distance of the means from the target. The divergence has "
                    "logarithms in it.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a.mean(0)).sum() * len(a),
                    "Your result grows with the size of the batch: the divergence is counted once "
                    "for each picture. It is one number for the batch.",
                ),
                Mistake(
                    lambda a, target: _kl(0.05, a.mean(0)).sum(),
                    "Your target is 0.05 whatever the argument says. Use `target`.",
                ),
                Mistake(
                    lambda a, target: _kl(
                        target, (a > 0.5).float().mean(0).clamp(0.01, 0.99)
                    ).sum(),
                    "You counted how often a unit is above ½ instead of taking its mean "
                    "activation. A count has no gradient to learn from.",
                ),
                *(
                    Mistake(
                        lambda a, target, size=size, sign=sign: (
                            target * (target / (a.mean(0) + size)).log()
                            + (1 - target) * ((1 - target) / (1 - a.mean(0) + sign * size)).log()
                        ).sum(),
                        f"You added {size:g} inside the logarithms, which changes the result for "
                        "every unit. Leave the means as they are, and move only those that are "
                        "exactly 0 or 1: `clamp(1e-6, 1 - 1e-6)`.",
                    )
                    for size in (1e-5, 1e-4, 1e-3, 1e-2)
                    for sign in (1, -1)
                ),
            ],
        ).stages,
        Stage("finite", _is_finite),
    ),
)
