"""Reference solutions of lesson 14: choosing a model."""

from jaxtyping import Float
from torch import Tensor


def multinomial_nll(
    logits: Float[Tensor, "batch items"], counts: Float[Tensor, "batch items"]
) -> Float[Tensor, " batch"]:
    """What each listener's plays cost, in nats: -Σ_i counts_i · log softmax(logits)_i.

    The softmax is over the items of one listener. Nothing is left out but the multinomial
    coefficient. The result stays finite for logits of ±1000.
    """
    log_shares = logits.log_softmax(dim=1)
    return -(counts * log_shares).sum(dim=1)
