"""Task 3 of both papers: the bound of a model with two codes, regrouped around its inner storey."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.exam.task import Task


def upper_storey(
    log_x: Float[Tensor, "draws batch"],
    log_lower: Float[Tensor, "draws batch"],
    log_upper: Float[Tensor, "draws batch"],
    log_q_lower: Float[Tensor, "draws batch"],
    log_q_upper: Float[Tensor, "draws batch"],
) -> tuple[Float[Tensor, " batch"], Float[Tensor, " batch"], Float[Tensor, " batch"]]:
    """E[log p(x|z1)], the part that bounds E[log p(z1)] from below, and the bound on log p(x).

    For draws of (z1, z2) from q(z1|x) q(z2|z1), from first to last: log p(x|z1), log p(z1|z2),
    log p(z2), log q(z1|x), log q(z2|z1). Each result is an average over the draws.
    """
    drawn_again = log_x.mean(0)
    inner = (log_lower + log_upper - log_q_upper).mean(0)
    return drawn_again, inner, drawn_again + inner - log_q_lower.mean(0)


def plan_and_mood(
    log_x: Float[Tensor, "draws batch"],
    log_plan: Float[Tensor, "draws batch"],
    log_mood: Float[Tensor, "draws batch"],
    log_q_plan: Float[Tensor, "draws batch"],
    log_q_mood: Float[Tensor, "draws batch"],
) -> tuple[Float[Tensor, " batch"], Float[Tensor, " batch"], Float[Tensor, " batch"]]:
    """The price of the mood, the part that bounds E[log p(x|u)], and the bound on log p(x).

    For draws of the mood u and the plan v from q(u|x) q(v|x, u), from first to last: log p(x|v),
    log p(v|u), log p(u), log q(v|x, u), log q(u|x). Each result is an average over the draws.
    """
    price = (log_q_mood - log_mood).mean(0)
    inner = (log_x + log_plan - log_q_plan).mean(0)
    return price, inner, inner - price


def _logarithms(generator: torch.Generator) -> list[tuple[Tensor, ...]]:
    """Logarithms of densities, of which those of x are far below the others, as of pictures."""

    def case(draws: int, batch: int) -> tuple[Tensor, ...]:
        logs = 2 * torch.randn(5, draws, batch, generator=generator)
        places = torch.tensor([-40.0, -7.0, -5.0, -2.0, -3.0])
        return tuple(logs + places[:, None, None])

    return [case(4, 3), case(7, 2), case(16, 5)]


a = Task(
    solution=upper_storey,
    steps={"E[log p(x|z1)]": 2, "the bound inside": 4, "the bound on log p(x)": 4},
    probes=_logarithms,
    minutes=9,
)
b = Task(
    solution=plan_and_mood,
    steps={"the price of the mood": 2, "the bound inside": 4, "the bound on log p(x)": 4},
    probes=_logarithms,
    minutes=9,
)
