"""How the checks of `ConditionalVAE` build the learner's network, and how they ask it."""

import torch
from torch import Tensor, nn

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer
from course_utils.exercises.checking.halves import tensors
from course_utils.exercises.checking.modes import train_without_noise

# (input_dim, latent_dim, num_classes): the course's own sizes, then others, no two alike.
SIZES = ((784, 20, 10), (64, 6, 4), (49, 8, 13))

LABELS = 13  # of the small model that is looked at closely


def draw_batch(
    batch: int, input_dim: int, num_classes: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Pictures with labels, in no order; the smallest and the largest label are among them."""
    x = torch.rand(batch, input_dim, generator=generator)
    x = x * (torch.rand(batch, input_dim, generator=generator) < 0.4)
    y = torch.randint(0, num_classes, (batch,), generator=generator)
    y[0], y[-1] = 0, num_classes - 1
    return x, y


def small_model(
    answer: Answer, spread: float = 0.1, training: bool = False
) -> tuple[nn.Module, Tensor, Tensor, Tensor]:
    """A model away from its first weights, pictures, labels and codes; every label occurs.

    In training mode the layers of PyTorch that are noisy then, dropout and batch norms, stay as in
    evaluation.
    """
    generator = answer.generator()
    model = networks.build(answer, input_dim=64, latent_dim=6, num_classes=LABELS)
    x, y = draw_batch(24, 64, LABELS, generator)
    y[:LABELS] = torch.randperm(LABELS, generator=generator)
    ask(answer, model, x, y)  # lazy layers get their weights
    networks.perturb(model, generator, spread)
    if training:
        train_without_noise(model)
    return model, x, y, torch.randn(24, 6, generator=generator)


def is_steady(answer: Answer, model: nn.Module, x: Tensor, y: Tensor, z: Tensor) -> bool:
    """Whether both halves give the same for the same input, without noise of their own."""
    return all(
        torch.equal(run(), run())
        for run in (
            lambda: torch.cat(encode(answer, model, x, y)),
            lambda: decode(answer, model, z, y),
        )
    )


def encode(answer: Answer, model: nn.Module, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    return tensors(answer.call(model.encode, x, y), "encode(x, y)", ("mu", "log_var"))


def decode(answer: Answer, model: nn.Module, z: Tensor, y: Tensor) -> Tensor:
    return tensors(answer.call(model.decode, z, y), "decode(z, y)", ("logits",))[0]


def ask(answer: Answer, model: nn.Module, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    return tensors(answer.call(model, x, y), "forward(x, y)", ("logits", "mu", "log_var"))
