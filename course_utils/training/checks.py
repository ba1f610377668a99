"""What the values of a batch must be: kind, shape, range, and labels that the model knows."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from course_utils.models.base import Model
from course_utils.models.inputs import check_input, check_labels


def bare(model: nn.Module) -> nn.Module:
    """The network itself, where torch.compile has put a wrapper around it."""
    return getattr(model, "_orig_mod", model)


def check_values(model: nn.Module, batch: tuple[Tensor, ...], name: str) -> None:
    """Raise a ValueError unless the batch, which the sentence calls by `name`, suits the model."""
    model, x = bare(model), batch[0]
    if isinstance(model, Model) and x.shape == model.input_shape:
        raise ValueError(_single(name, len(batch), tuple(x.shape)))
    if x.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; expected at least one example")
    if isinstance(model, Model):
        with _of(name):
            model.check_shape(x)
    check_input(model, x, name)
    if isinstance(model, Model) and getattr(model, "num_classes", None) and len(batch) == 2:
        with _of(name):
            check_labels(batch[1], len(x), model.num_classes)


def _single(name: str, tensors: int, shape: tuple[int, ...]) -> str:
    """What to say of one example where a batch was expected."""
    source = name.split()[-1]
    if tensors > 1:
        return (
            f"{name} is a tuple of {tensors} single examples; make one tensor of them with "
            f"torch.stack({source})"
        )
    if not name.startswith("batch"):
        return f"{name} is a single example, of shape {shape}; make a batch of it with {name}[None]"
    return (
        f"{name} is a single example, of shape {shape}; join a list of them with "
        f"torch.stack({source}), or let a DataLoader({source}, batch_size=128) make batches"
    )


@contextmanager
def _of(name: str) -> Iterator[None]:
    """Begin the sentence of a ValueError with the batch of which it is said."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
