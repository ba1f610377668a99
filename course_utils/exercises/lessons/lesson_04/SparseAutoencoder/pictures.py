"""What the checks of `SparseAutoencoder` show the learner's network, and how they ask it."""

import torch
from torch import Tensor, nn

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.expect import expect_type
from course_utils.exercises.checking.words import describe_type

# Inputs are square numbers, so that a convolutional encoder can make small images of them.
SIZES = ((784, 64), (64, 24), (144, 10))


def draw_pictures(batch: int, input_dim: int, generator: torch.Generator) -> Tensor:
    """Pixels in [0, 1], most of them white, as those of digits are."""
    ink = torch.rand(batch, input_dim, generator=generator)
    return ink * (torch.rand(batch, input_dim, generator=generator) < 0.4)


def run(answer: Answer, model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """What forward returns, if it is a reconstruction and a code."""
    output = answer.call(model, x)
    if not isinstance(output, tuple | list) or len(output) != 2:
        raise Wrong(
            f"`forward` returned {describe_type(output)}; expected two tensors, the reconstruction "
            "and the code: `return x_hat, code`."
        )
    for result in output:
        expect_type(result, torch.zeros(()))
    return tuple(output)
