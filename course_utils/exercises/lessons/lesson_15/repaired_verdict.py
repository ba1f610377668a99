"""`repaired_verdict`, lesson 15: a test that a wrong sampler passes."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.exercise import Exercise, Specimen, Stage
from course_utils.exercises.checking.noting import Noting, notes
from course_utils.exercises.checking.signature import expect_attempted
from course_utils.exercises.checking.words import describe_type
from course_utils.models import reparameterize


def repaired_verdict(sample: Callable[[Tensor, Tensor, torch.Generator], Tensor]) -> bool:
    """A test of a sampler: True if what it draws has mean μ and deviation σ, else False.

    sample(mu, log_var, generator) should draw from N(μ, σ²). mu and log_var, which is log σ², have
    the shape (batch, latent), and so has what is drawn. The verdict must be right for every pair of
    means and variances that a VAE may need, small ones and large ones. More than these two moments
    it need not look at.
    """
    generator = torch.Generator().manual_seed(0)
    mu, log_var = torch.randn(2, 10_000, 2, generator=generator)
    noise = (sample(mu, log_var, generator) - mu) / torch.exp(log_var / 2)
    return bool(abs(noise.mean()) < 0.05 and abs(noise.std() - 1) < 0.05)


def specimen(sample: Callable[[Tensor, Tensor, torch.Generator], Tensor]) -> bool:
    generator = torch.Generator().manual_seed(0)
    mu, log_var = 0.1 * torch.randn(2, 10_000, 2, generator=generator)
    noise = sample(mu, log_var, generator) - mu
    return bool(abs(noise.mean()) < 0.05 and abs(noise.std() - 1) < 0.05)


Sampler = Callable[[Tensor, Tensor, torch.Generator], Tensor]


def _epsilon(mu: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(mu.shape, generator=generator)


RIGHT_SAMPLERS: list[tuple[str, Sampler]] = [
    ("the one of lesson 07, μ + exp(log_var / 2) ε", reparameterize),
    ("μ + √exp(log_var) ε", lambda m, v, g: m + v.exp().sqrt() * _epsilon(m, g)),
    (
        "μ - exp(log_var / 2) ε, which is as good",
        lambda m, v, g: m - (v / 2).exp() * _epsilon(m, g),
    ),
]

WRONG_SAMPLERS: list[tuple[str, Sampler]] = [
    (
        "μ + exp(log_var) ε, where the ½ is lost and the variance stands for σ",
        lambda m, v, g: m + v.exp() * _epsilon(m, g),
    ),
    ("μ + ε, which takes no notice of log_var", lambda m, v, g: m + _epsilon(m, g)),
    (
        "μ + exp(-log_var / 2) ε, with the sign turned",
        lambda m, v, g: m + (-v / 2).exp() * _epsilon(m, g),
    ),
    (
        "μ + exp(log_var / 4) ε, with the ½ taken twice",
        lambda m, v, g: m + (v / 4).exp() * _epsilon(m, g),
    ),
    ("μ alone, without any noise", lambda m, v, g: m.clone()),
    ("exp(log_var / 2) ε, without μ", lambda m, v, g: (v / 2).exp() * _epsilon(m, g)),
    ("μ + log_var ε, without exp", lambda m, v, g: m + v * _epsilon(m, g)),
    (
        "μ + exp(log_var / 2) (ε + 0.3), whose noise has another mean",
        lambda m, v, g: m + (v / 2).exp() * (_epsilon(m, g) + 0.3),
    ),
    (
        "μ + exp(log_var / 2) u, where u comes from `torch.rand`, from 0 to 1",
        lambda m, v, g: m + (v / 2).exp() * torch.rand(m.shape, generator=g),
    ),
]


def _judged(answer: Answer, sample: Sampler) -> bool:
    """The verdict of the answer on a sampler."""
    verdict = answer(sample)
    expect_attempted(verdict, answer)
    if isinstance(verdict, Tensor) and verdict.numel() == 1 and verdict.dtype == torch.bool:
        return bool(verdict)
    if not isinstance(verdict, bool | np.bool_):
        raise Wrong(
            f"Your function returned {describe_type(verdict)}; expected True or False. A "
            "comparison such as `abs(noise.mean()) < 0.05` gives one; two are joined by `and`."
        )
    return bool(verdict)


def _gives_a_verdict(answer: Answer) -> None:
    _judged(answer, reparameterize)


def _accepts_right_ones(answer: Answer) -> None:
    refused = [name for name, sample in RIGHT_SAMPLERS if not _judged(answer, sample)]
    if not refused:
        return
    passed = [name for name, sample in WRONG_SAMPLERS if _judged(answer, sample)]
    advice = (
        "Take the means off, divide by the true σ = exp(log_var / 2), and what is left should have "
        "mean 0 and deviation 1; leave room for the chance in it, a few times 1/√n for n numbers."
    )
    if len(refused) == len(RIGHT_SAMPLERS) and not passed:
        raise Wrong(f"Your test says no to everything, to right samplers too. {advice}")
    if len(refused) == len(RIGHT_SAMPLERS) and len(passed) == len(WRONG_SAMPLERS):
        raise Wrong(
            "Your verdict is turned round: True for each wrong sampler, and False for each right "
            "one. True means that the sampler is right."
        )
    for name, message in (
        (WRONG_SAMPLERS[0][0], "It divides the noise by the variance, exp(log_var)."),
        (WRONG_SAMPLERS[1][0], "It compares the noise with 1 before σ is divided out."),
    ):
        if len(refused) == len(RIGHT_SAMPLERS) and name in passed:
            raise Wrong(f"Your test turns away the right samplers, and accepts {name}. {message}")
    raise Wrong(f"Your test turns away a right sampler: {refused[0]}. {advice}")


def _rejects_wrong_ones(answer: Answer) -> None:
    passed = [name for name, sample in WRONG_SAMPLERS if _judged(answer, sample)]
    if len(passed) == len(WRONG_SAMPLERS):
        raise Wrong(
            "Your test says yes to everything, to samplers without noise too. A test that cannot "
            "fail tests nothing."
        )
    if passed:
        others = f", and {len(passed) - 1} more like it" if len(passed) > 1 else ""
        raise Wrong(
            f"Your test lets a wrong sampler through: {passed[0]}{others}. {_where_to_look(answer)}"
        )


def _where_to_look(answer: Answer) -> str:
    """What the means and log-variances that the test tries leave unseen."""
    overheard = Noting(
        reparameterize, lambda mu, log_var, _: (mu.detach().clone(), log_var.detach().clone())
    )

    def overhears(mu: Tensor, log_var: Tensor, generator: torch.Generator) -> Tensor:
        return overheard._ask(mu, log_var, generator)

    overhears._ask = overheard._ask
    _judged(answer, overhears)
    tried = notes(overheard)
    if not tried:
        return "Draw from every sampler that you judge."
    means, log_vars = (torch.cat([pair[i].flatten() for pair in tried]) for i in (0, 1))
    if log_vars.abs().max() < 1:
        begin = "σ is divided out now, but your" if _divides(answer) else "Your"
        return (
            f"{begin} test looks only where σ is nearly 1, at log-variances from "
            f"{log_vars.min():.2f} to {log_vars.max():.2f}; there every formula draws the same. "
            "Try some of size 1 and more, of both signs."
        )
    if means.abs().max() < 1:
        return (
            f"Your test tries means from {means.min():.2f} to {means.max():.2f} alone, and so "
            "cannot see whether μ is there. Try some of size 1 and more, of both signs."
        )
    return (
        "Choose means and log-variances for which it would draw something visibly different, and "
        "look at the noise after dividing by the true σ."
    )


def _divides(answer: Answer) -> bool:
    """Whether the test divides by the σ it asked for: here that becomes e behind its back."""

    def widens(mu: Tensor, log_var: Tensor, generator: torch.Generator) -> Tensor:
        log_var.fill_(2.0)
        return reparameterize(mu, log_var, generator)

    return _judged(answer, widens)


def _at_other_times(answer: Answer) -> None:
    """Chance must not decide: right samplers with many noises of their own are accepted."""

    def normal(m: Tensor, v: Tensor, g: torch.Generator) -> Tensor:
        return torch.distributions.Normal(m, (v / 2).exp()).sample()  # noise of its own each time

    refused = sum(not _judged(answer, normal) for _ in range(20))
    if refused:
        raise Wrong(
            f"Chance decides: in {refused} of 20 runs with other noise your test turns away a "
            "sampler. Draw more numbers, or leave more room: the mean of n numbers scatters by "
            "1/√n, and six times that is a good margin."
        )


def _let_through(verdict: Callable) -> float:
    """How many wrong samplers pass the test, and right ones do not."""
    passed = sum(bool(verdict(sample)) for _, sample in WRONG_SAMPLERS)
    return float(passed + sum(not verdict(sample) for _, sample in RIGHT_SAMPLERS))


exercise = Exercise(
    solution=repaired_verdict,
    place=12,
    difficulty=4,
    minutes=12,
    success="Three right samplers pass, nine wrong ones do not, and chance has no say.",
    hints=(
        "This is a test, and its mistake is that it says yes too often. For which log-variances "
        "does it look?",
        "Try it on a sampler that you know to be wrong: "
        "`repaired_verdict(lambda mu, log_var, g: mu + torch.exp(log_var) * torch.randn(mu.shape, "
        "generator=g))`. It should be False.",
        "Near σ = 1 every formula looks right. Draw means and log-variances of size 1, without "
        "the 0.1, and divide the noise by the true σ, `torch.exp(log_var / 2)`, before you "
        "look at its mean and deviation.",
    ),
    stages=(
        Stage("type", _gives_a_verdict),
        Stage("accepts", _accepts_right_ones),
        Stage("rejects", _rejects_wrong_ones),
        Stage("steady", _at_other_times),
    ),
    specimen=Specimen(
        specimen,
        "a test should fail for what is wrong. Of nine wrong samplers it lets {by:.0f} through.",
        _let_through,
        allowed=0.0,
    ),
)
