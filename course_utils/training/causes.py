"""Why a loss is not finite, as far as that can be seen: data, weights, gradients, or the rate."""

from torch import nn

from course_utils.training.adam import Adam
from course_utils.training.batches import Batch, Batches
from course_utils.training.checks import bare

LARGE = 100  # no standardised table and no image has values like this
RUINED = 1e4  # nor do weights of a network that learns reach as far


def cause_of(
    model: nn.Module,
    optimizer: Adam,
    train: Batches,
    batch: Batch,
    number: int,
    *,
    untouched: bool,
) -> str:
    """The cause, in a sentence, or what to try where none can be seen.

    Args:
        number: of the batch, counted from 1.
        untouched: whether no step of training had been made.
    """
    for place, tensor in enumerate(batch, start=1):
        if not tensor.isfinite().all():
            return (
                f"Cause: {train.name} holds nan or infinite values in batch {number}, tensor "
                f"{place} of {len(batch)}; find them with ~tensor.isfinite()"
            )
    largest = _largest_value(model, train, batch)
    if largest > LARGE:
        return (
            f"Cause: values up to {largest:.0e} reach the network; standardise them, "
            "(x - x.mean(0)) / x.std(0), after a logarithm where few are far larger than most"
        )
    if untouched and (weight := _largest_weight(model)) > RUINED:
        return (
            f"Cause: its weights were as large as {weight:.0e} before training began, as an "
            "earlier one may have left them; build the model anew"
        )
    look = "look for a logarithm of zero or a division by zero in the objective"
    if untouched:  # no step has been taken, so that it was none too large
        return f"Nothing had been learned yet, so {look}"
    if _gradient_was_not_finite(optimizer):
        return (
            "Cause: in a step before, the loss was finite and its gradient was not; look in the "
            "objective for the root of zero, the norm of zeros, or a division by zero in what "
            "torch.where leaves out"
        )
    rate = optimizer.lr / 10
    return f"Try a learning rate ten times smaller, lr={rate:.0e}; if it fails all the same, {look}"


def _largest_value(model: nn.Module, train: Batches, batch: Batch) -> float:
    """The largest that reaches the network; 0 where large ones are usual, as counts are."""
    x = batch[0] if train.columns is None else train.columns[0]
    counts = getattr(bare(model), "output", None) == "multinomial"
    return x.abs().max().item() if x.is_floating_point() and not counts else 0.0


def _largest_weight(model: nn.Module) -> float:
    return max(weight.detach().abs().max().item() for weight in model.parameters())


def _gradient_was_not_finite(optimizer: Adam) -> bool:
    """Adam's means of the gradients tell, since what is nan or infinite stays in them."""
    means = (each["exp_avg"] for each in optimizer.moments.values())
    return not all(mean.isfinite().all() for mean in means)
