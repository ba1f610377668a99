"""Task 4 of both papers: where Jensen's inequality is an equality, and how far it is elsewhere."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.exam.task import Task


def lamp_states(
    joint: Float[Tensor, "batch states"], guess: Float[Tensor, "batch states"]
) -> tuple[Float[Tensor, " batch"], Float[Tensor, "batch states"], Float[Tensor, " batch"]]:
    """log p(x), the q(z) for which the bound is exact, and how far it is below for `guess`.

    In a row stands p(x, z) of one observation x, for each state z; in the same row of `guess` a
    q(z), which sums to 1. The bound is Σ_z q(z) log (p(x, z) / q(z)). In nats.
    """
    return _steps(joint.log(), guess.log())


def doctors_guess(
    log_prior: Float[Tensor, " states"],
    log_likelihood: Float[Tensor, "batch states"],
    log_guess: Float[Tensor, "batch states"],
) -> tuple[Float[Tensor, " batch"], Float[Tensor, "batch states"], Float[Tensor, " batch"]]:
    """log p(x), the guess for which the average is exact, and how far it is below for log_guess.

    The illness z has the prior exp(log_prior), and each row has a patient with symptoms x:
    log p(x|z), and the logarithm of a guess q(z), for each z. The average, over z from the guess,
    is that of log p(x|z) + log p(z) - log q(z). Return a guess itself, not its logarithm. In nats.
    """
    return _steps(log_likelihood + log_prior, log_guess)


def _steps(log_joint: Tensor, log_guess: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    log_evidence = log_joint.logsumexp(1)
    bound = (log_guess.exp() * (log_joint - log_guess)).sum(1)
    return log_evidence, log_joint.softmax(1), log_evidence - bound


def _distributions(generator: torch.Generator, *shape: int) -> Tensor:
    return (1.2 * torch.randn(shape, generator=generator)).softmax(-1)


def _lamps(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """p(x, z) is p(x) p(z|x), with a p(x) of its own in each row."""

    def case(batch: int, states: int) -> tuple[Tensor, Tensor]:
        evidence = 0.05 + 0.6 * torch.rand(batch, 1, generator=generator)
        joint, guess = _distributions(generator, 2, batch, states)
        return evidence * joint, guess

    return [case(2, 3), case(4, 2), case(3, 5)]


def _patients(generator: torch.Generator) -> list[tuple[Tensor, Tensor, Tensor]]:
    def case(batch: int, states: int) -> tuple[Tensor, Tensor, Tensor]:
        prior = _distributions(generator, states)
        likelihood = 0.05 + 0.9 * torch.rand(batch, states, generator=generator)
        return prior.log(), likelihood.log(), _distributions(generator, batch, states).log()

    return [case(2, 3), case(4, 2), case(3, 5)]


a = Task(
    solution=lamp_states,
    steps={"log p(x)": 2, "the q(z) that makes it exact": 4, "how far it is below": 4},
    probes=_lamps,
    minutes=9,
)
b = Task(
    solution=doctors_guess,
    steps={"log p(x)": 2, "the guess that makes it exact": 4, "how far it is below": 4},
    probes=_patients,
    minutes=9,
)
