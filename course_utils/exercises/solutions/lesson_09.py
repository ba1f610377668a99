"""Reference solutions of lesson 09: against collapse, and how to see it."""

from jaxtyping import Float
from torch import Tensor


def kl_warmup(step: int, warmup_steps: int) -> float:
    """The weight of the KL at a training step: from 0 at step 0, along a straight line, to 1.

    It reaches 1 at step warmup_steps and stays there. With warmup_steps = 0 it is 1 from the start.
    """
    if step >= warmup_steps:
        return 1.0
    return step / warmup_steps


def free_bits(kl_per_dim: Float[Tensor, "batch latent"], floor: float) -> Float[Tensor, ""]:
    """The KL term of a batch, in which a dimension that costs less than the floor counts as floor.

    What is compared with the floor, in nats, is the mean of a dimension over the batch. The result
    is the sum over dimensions, one number; a dimension below the floor receives no gradient.
    """
    cost = kl_per_dim.mean(dim=0)  # of each dimension
    return cost.clamp(min=floor).sum()


def active_units(mu: Float[Tensor, "n latent"], threshold: float = 0.01) -> int:
    """How many dimensions of the code vary: those whose mean has a variance above the threshold.

    Row i holds the means that the encoder gives for example i; the variance is over the examples.
    """
    variance = mu.var(dim=0, correction=0)
    return int((variance > threshold).sum())
