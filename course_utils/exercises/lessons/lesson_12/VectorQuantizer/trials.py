"""Vectors, codebooks to quantise them with, and how the checks ask the learner's network."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.expect import expect_type
from course_utils.exercises.checking.words import describe_type


class Trial(NamedTuple):
    """Vectors to quantise, a codebook to do it with, and the weight of the encoder's term."""

    z: Tensor
    codebook: Tensor
    beta: float

    @property
    def flat(self) -> Tensor:
        return self.z.reshape(-1, self.z.shape[-1])

    @property
    def indices(self) -> Tensor:
        return self.by(torch.cdist(self.flat, self.codebook))

    def by(self, score: Tensor) -> Tensor:
        """The number of the smallest score for each vector, in the shape of the places."""
        return score.argmin(1).reshape(self.z.shape[:-1])

    @property
    def squares(self) -> Tensor:
        """‖z - e‖² of each vector."""
        return (self.z - self.codebook[self.indices]).square().sum(-1)


# (places), how many vectors, of which length, with which weight: none of them the defaults.
SIZES = (((6,), 5, 3, 0.6875), ((2, 3, 4), 7, 5, 0.375), ((1,), 4, 2, 1.5), ((3, 8), 20, 6, 0.0))


def draw_trials(generator: torch.Generator) -> Iterator[Trial]:
    for places, number, length, beta in SIZES:
        codebook = draw_codebook(number, length, generator)
        yield Trial(torch.randn(*places, length, generator=generator), codebook, beta)
    yield _of_a_convolution(generator)
    yield _of_every_code(generator)


def draw_codebook(number: int, length: int, generator: torch.Generator) -> Tensor:
    """Vectors of different lengths, or an inner product would look right."""
    codebook = torch.randn(number, length, generator=generator)
    return codebook * (0.3 + 1.5 * torch.rand(number, 1, generator=generator))


def _of_a_convolution(generator: torch.Generator) -> Trial:
    """A grid whose channels were moved to the end, so that its memory is in another order."""
    z = torch.randn(2, 5, 3, 4, generator=generator).movedim(1, -1)
    return Trial(z, draw_codebook(8, 5, generator), 0.5625)


def _of_every_code(generator: torch.Generator) -> Trial:
    """Each code is the nearest of some vector, the first and the last too, and some of several."""
    codebook = draw_codebook(6, 4, generator)
    z = codebook[torch.tensor([0, 5, 3, 2, 1, 4, 5, 0, 5])]
    return Trial(z + 0.05 * torch.randn(z.shape, generator=generator), codebook, 0.8125)


def draw_close_race(generator: torch.Generator) -> Trial:
    """Vectors to which two of the codebook are nearly as near, from a thousandth to a fifth of it.

    In single precision any way to compute the distance tells them apart.
    """
    codebook = draw_codebook(9, 4, generator)
    z = torch.randn(20_000, 4, generator=generator)
    nearest, second = torch.cdist(z.double(), codebook.double()).topk(2, largest=False).values.T
    apart = second**2 / nearest**2 - 1
    return Trial(z[(apart > 2e-4) & (apart < 1e-3)][:40], codebook, 0.4375)


def prepared(answer: Answer, trial: Trial, training: bool = False) -> tuple[nn.Module, Tensor]:
    """A quantiser of this size with this codebook, and the parameter that holds it."""
    number, length = trial.codebook.shape
    model = networks.build(answer, number, length, trial.beta).train(training)
    parameter = find_codebook(model, number, length)
    with torch.no_grad():
        parameter.copy_(trial.codebook)
    return model, parameter


def find_codebook(model: nn.Module, number: int, length: int) -> Tensor:
    found = [p for p in model.parameters() if p.shape == (number, length)]
    if len(found) == 1 and len(list(model.parameters())) == 1:
        if not found[0].requires_grad:
            raise Wrong(
                "The codebook has `requires_grad=False`, so nothing would ever train it. Make it "
                "an ordinary `nn.Parameter(...)`."
            )
        return found[0]
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters()}
    named = [f"`{name}` {shape}" for name, shape in shapes.items()]
    told = ", ".join(named[:3]) or "none"
    if len(named) > 3:
        told += f" and {len(named) - 3} more"
    wanted = f"For {number} vectors of length {length} your model has the parameters: {told}. "
    buffers = [name for name, b in model.named_buffers() if b.numel() == number * length]
    plain = [k for k, v in vars(model).items() if isinstance(v, Tensor)]
    if (length, number) in shapes.values():
        raise Wrong(
            f"{wanted}The codebook lies on its side: one vector in each row is expected, "
            f"({number}, {length})."
        )
    if not shapes and (buffers or plain):
        raise Wrong(
            f"{wanted}The codebook `{(buffers or plain)[0]}` is a plain tensor, which no optimiser "
            "will find. Wrap it: `nn.Parameter(...)`; or use `nn.Embedding`, which does so itself."
        )
    raise Wrong(
        f"{wanted}Expected is the codebook alone, of shape (num_embeddings, embedding_dim): "
        "`nn.Parameter(torch.randn(...))` or an `nn.Embedding`, made in `__init__`."
    )


def run(answer: Answer, model: nn.Module, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What forward returns, if it is a tensor of vectors, whole numbers, and a loss."""
    output = answer.call(model, z)
    if not isinstance(output, tuple | list) or len(output) != 3:
        raise Wrong(
            f"`forward` returned {describe_type(output)}; expected three tensors: "
            "`return z_q, indices, loss`."
        )
    z_q, indices, loss = output
    if isinstance(z_q, Tensor) and z_q.ndim == 0:
        raise Wrong(
            "The first result is a single number; the loss comes last: `return z_q, indices, loss`."
        )
    if isinstance(indices, Tensor) and indices.is_floating_point():
        if isinstance(z_q, Tensor) and not z_q.is_floating_point():
            raise Wrong("The first two are in the wrong order: `return z_q, indices, loss`.")
        if isinstance(loss, Tensor) and not loss.is_floating_point():
            raise Wrong("The last two are in the wrong order: `return z_q, indices, loss`.")
        raise Wrong(
            f"The second result, the indices, holds {indices.dtype}; expected whole numbers, as "
            "`argmin` returns them."
        )
    for result, expected in ((z_q, z), (indices, torch.zeros((), dtype=torch.long)), (loss, z)):
        expect_type(result, expected)
    return z_q, indices, loss
