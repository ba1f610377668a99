"""The slips that a wrong answer to a checked task shows: for whoever marks, never for a learner.

A `Learner` answers the checked tasks of both papers as the course teaches; a `Misconception` makes
some of the convictions in that answer wrong, wherever they are used. Each is the belief behind a
wrong answer to an exercise of the lessons, which it names. So an answer can be laid beside those of
learners who hold one belief each: `beliefs_behind` says which of them explain it. A class of such
learners is what `tests/tools/items.py` measures the papers by.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from course_utils.exercises.checking import sandbox
from course_utils.exercises.checking.answer import Answer, fresh
from course_utils.exercises.exam.papers import checked
from course_utils.exercises.exam.task import SECONDS, Task, agrees, values


class Misconception(NamedTuple):
    """Something that people believe, and what becomes of their convictions.

    Attributes:
        belief: in words.
        seen_in: the lesson, exercise and wrong answer in which it shows (tests/answers).
        convictions: what to put in place of those of `TAUGHT`.
    """

    belief: str
    seen_in: str
    convictions: Mapping[str, Callable]


TAUGHT: dict[str, Callable] = {
    "variance": lambda sigma: sigma**2,
    "related": lambda covariance: covariance,
    "half": lambda: 0.5,
    "constants": lambda d: d * math.log(2 * math.pi),
    "spread": lambda value: value,
    "gap_between": lambda average, one, other: average(one, one) - average(one, other),
    "less": lambda value, price: value - price,
    "mean_of_logs": lambda logs: logs.mean(0),
    "below": lambda evidence, bound: evidence - bound,
    "given_above": lambda log_p: log_p,
    "normalised": lambda joint: joint / joint.sum(1, keepdim=True),
    "summed": lambda total, count: total,
    "averaged_over": lambda count: count,
    "unit": lambda nats: nats,
}

MISCONCEPTIONS = [
    Misconception(
        "KL(q ‖ p) and KL(p ‖ q) are the same",
        "lesson_06.gaussian_kl.kl_reversed",
        {"gap_between": lambda average, one, other: average(other, other) - average(other, one)},
    ),
    Misconception(
        "a scale is a variance",
        "lesson_06.gaussian_kl.kl_sigma_for_variance",
        {"variance": lambda sigma: sigma},
    ),
    Misconception(
        "the ½ belongs to the square alone",
        "lesson_17.mixture_log_density.log_vars_whole",
        {"half": lambda: 1.0},
    ),
    Misconception(
        "constants may be dropped",
        "lesson_06.elbo_twin.no_constants",
        {"constants": lambda d: 0.0},
    ),
    Misconception(
        "there is one constant for an example, not one for each number",
        "lesson_06.elbo_twin.constant_once",
        {"constants": lambda d: math.log(2 * math.pi)},
    ),
    Misconception(
        "a cloud is as good as its mean",
        "lesson_08.log_weights.prior_of_mu",
        {"spread": lambda value: 0 * value},
    ),
    Misconception(
        "numbers of a code know nothing of each other",
        "lesson_11.label_prior.variances_on_a_diagonal",
        {"related": lambda covariance: torch.diag(covariance.diagonal())},
    ),
    Misconception(
        "logarithm and mean may change places",
        "lesson_17.mixture_log_density.mean_of_logarithms",
        {
            "mean_of_logs": lambda logs: logs.logsumexp(0) - math.log(len(logs)),
            "below": lambda evidence, bound: torch.zeros_like(evidence),
        },
    ),
    Misconception(
        "the price of a code is added to the bound",
        "lesson_06.elbo_twin.plus_kl",
        {"less": lambda value, price: value + price},
    ),
    Misconception(
        "every code has the prior N(0, I), whatever stands above it",
        "lesson_17.residual_kl.to_the_standard_normal",
        {"given_above": lambda log_p: 0 * log_p},
    ),
    Misconception(
        "p(x, z) is the posterior",
        "lesson_11.label_posterior.joint_probability",
        {"normalised": lambda joint: joint},
    ),
    Misconception(
        "a mean or a sum, it makes no difference",
        "lesson_10.true_beta.beta_cancelled",
        {"summed": lambda total, count: total / count, "averaged_over": lambda count: 1},
    ),
    Misconception(
        "information is counted in bits",
        "lesson_06.gaussian_kl.kl_bits",
        {"unit": lambda nats: nats / math.log(2)},
    ),
]


class Learner:
    """Somebody who answers the checked tasks, by what was taught or what they believe instead."""

    def __init__(self, held: Sequence[Misconception] = ()) -> None:
        self._beliefs = TAUGHT | {
            name: wrong for each in held for name, wrong in each.convictions.items()
        }

    def __getattr__(self, name: str) -> Callable:
        return self._beliefs[name]

    def answers(self) -> dict[str, Callable]:
        """A function for each checked task, by its name."""
        return {
            "a1": self._two_gaussians,
            "b1": self._forecast,
            "a2": lambda x, weight, mean, sigma: self._evidence(
                x - mean, weight @ weight.T, self.variance(sigma)
            ),
            "b2": lambda x, tones, loudness, hiss: self._evidence(
                x, tones * self.variance(loudness) @ tones.T, self.variance(hiss)
            ),
            "a3": self._upper_storey,
            "b3": self._plan_and_mood,
            "a4": lambda joint, guess: self._jensen(joint, guess),
            "b4": lambda log_prior, log_likelihood, log_guess: self._jensen(
                (log_prior + log_likelihood).exp(), log_guess.exp()
            ),
            "a5": lambda: self._reductions(3 * 32 * 32, 64, 1.0, 4.0),
            "b5": lambda: self._reductions(80 * 100, 16, 0.008, 1.0),
        }

    def _log_density(self, d: int, log_determinant: Tensor, squares: Tensor) -> Tensor:
        inside = -0.5 * (self.constants(d) + squares) - self.half() * log_determinant
        return self.unit(self.summed(inside, d))

    def _average(self, one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> Tensor:
        """The average over the Gaussian `one` of the log-density of `other`."""
        (at, spread), (mean, covariance) = one, other
        inverse = torch.linalg.inv(covariance)
        squares = self.spread(torch.trace(inverse @ spread)) + (at - mean) @ inverse @ (at - mean)
        return self._log_density(len(mean), torch.logdet(covariance), squares)

    def _two_gaussians(
        self, mean_q: Tensor, cov_q: Tensor, mean_p: Tensor, cov_p: Tensor
    ) -> tuple[Tensor, ...]:
        q, p = (mean_q, self.related(cov_q)), (mean_p, self.related(cov_p))
        return self._average(q, q), self._average(q, p), self.gap_between(self._average, q, p)

    def _forecast(
        self, mean_true: Tensor, precise_true: Tensor, mean_said: Tensor, precise_said: Tensor
    ) -> tuple[Tensor, ...]:
        covariances = torch.linalg.inv(precise_true), torch.linalg.inv(precise_said)
        own, other, difference = self._two_gaussians(
            mean_true, covariances[0], mean_said, covariances[1]
        )
        return -other, -own, difference

    def _evidence(self, away: Tensor, made: Tensor, noise: float) -> tuple[Tensor, ...]:
        d = away.shape[1]
        covariance = self.related(self.spread(made) + noise * torch.eye(d))
        log_determinant = torch.logdet(covariance)
        squares = (away @ torch.linalg.inv(covariance) * away).sum(1)
        log_p = self._log_density(d, log_determinant, squares)
        return self.unit(log_determinant), self.summed(squares, d), log_p

    def _upper_storey(
        self, log_x: Tensor, lower: Tensor, upper: Tensor, q_lower: Tensor, q_upper: Tensor
    ) -> tuple[Tensor, ...]:
        drawn_again = self.mean_of_logs(log_x)
        inner = self.mean_of_logs(self.less(self.given_above(lower), q_upper - upper))
        bound = self.less(drawn_again + inner, self.mean_of_logs(q_lower))
        return drawn_again, inner, bound

    def _plan_and_mood(
        self, log_x: Tensor, plan: Tensor, mood: Tensor, q_plan: Tensor, q_mood: Tensor
    ) -> tuple[Tensor, ...]:
        price = self.mean_of_logs(q_mood - mood)
        inner = self.mean_of_logs(self.less(log_x, q_plan - self.given_above(plan)))
        return price, inner, self.less(inner, price)

    def _jensen(self, joint: Tensor, guess: Tensor) -> tuple[Tensor, ...]:
        evidence = joint.sum(1).log()
        parts = (guess * joint.log()).sum(1), (guess * guess.log()).sum(1)
        gap = self.below(evidence, self.less(*parts))
        return self.unit(evidence), self.normalised(joint), self.unit(gap)

    def _reductions(
        self, pixels: int, latent: int, weight: float, wanted: float
    ) -> tuple[float, ...]:
        """E = 2 · (E / 2): so often stands the distortion in the error, and the KL in its mean."""
        distortion = 1 / (self.half() * self.averaged_over(pixels))
        beta_of_one = 1 / self.averaged_over(latent) / distortion
        beta = weight * beta_of_one
        sigma = beta if self.variance(3.0) == 3.0 else math.sqrt(beta)
        return beta, sigma, wanted / beta_of_one


def beliefs_behind(name: str, answer: object, *, seed: int = 0) -> tuple[str, ...]:
    """The beliefs of which each, alone, makes of every wrong step of an answer what it is.

    Of several that do the same in this task only another task can tell which it is.

    Args:
        name: the checked task.
        answer: as `judge` takes it; it is called once more on the same probes.

    Returns:
        None of them for an answer that is right, that could not be judged, or that is wrong in a
        way that no single belief explains. Steps that were left out say nothing.

    Raises:
        UnknownTask: if there is no such task.
    """
    task = checked(name)
    believed = [(each.belief, Learner([each]).answers()[name]) for each in MISCONCEPTIONS]
    with sandbox.sealed(seed) as warned:
        under_glass = Answer(answer, task.solution, seed, warned)
        try:
            return sandbox.run(lambda: _explaining(task, under_glass, believed), SECONDS)
        except BaseException:  # `judge` has its sentence about it
            return ()


def _explaining(
    task: Task, answer: Answer, believed: Sequence[tuple[str, Callable]]
) -> tuple[str, ...]:
    left, any_wrong = list(believed), False
    for args in task.probes(answer.generator()):
        expected = task.solution(*map(fresh, args))
        got = values(answer, args, len(expected))
        wrong = [
            step
            for step, (mine, right) in enumerate(zip(got, expected, strict=True))
            if mine is not None and not agrees(mine, right)
        ]
        any_wrong = any_wrong or bool(wrong)
        theirs = {belief: function(*map(fresh, args)) for belief, function in left}
        left = [
            (belief, function)
            for belief, function in left
            if all(agrees(got[step], theirs[belief][step]) for step in wrong)
        ]
    return tuple(belief for belief, _ in left) if any_wrong else ()


def in_a_sentence(beliefs: Sequence[str]) -> str:
    """What to tell an instructor of them; "" of none."""
    quoted = [f"“{belief}”" for belief in beliefs]
    if not quoted:
        return ""
    if len(quoted) == 1:
        return f"All that is wrong in it follows from one belief: {quoted[0]}."
    return f"All that is wrong in it follows from one of these beliefs: {', '.join(quoted)}."
