"""How the checks of `SmallVAE` build the learner's network, and how they ask it."""

import torch
from torch import Tensor, nn

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer
from course_utils.exercises.checking.halves import Halves, tensors
from course_utils.exercises.checking.modes import train_without_noise

# (input_dim, hidden, latent_dim): the course's own sizes, then others, no two alike.
SIZES = ((784, 400, 20), (64, 24, 6), (49, 13, 8))


def build(answer: Answer, input_dim: int, hidden: int, latent_dim: int) -> nn.Module:
    return networks.build(answer, input_dim=input_dim, hidden=hidden, latent_dim=latent_dim)


def draw_pictures(batch: int, input_dim: int, generator: torch.Generator) -> Tensor:
    """Grey numbers from 0 to 1, most of them 0, as in MNIST."""
    x = torch.rand(batch, input_dim, generator=generator)
    return x * (torch.rand(batch, input_dim, generator=generator) < 0.4)


def small_model(
    answer: Answer, spread: float = 0.1, training: bool = False, batch: int = 24
) -> tuple[nn.Module, Tensor, Tensor]:
    """A model away from its first weights, pictures, and codes.

    In training mode the layers of PyTorch that are noisy then, dropout and batch norms, stay as in
    evaluation.
    """
    generator = answer.generator()
    model = build(answer, 64, 24, 6)
    x = draw_pictures(batch, 64, generator)
    ask(answer, model, x)  # lazy layers get their weights
    networks.perturb(model, generator, spread)
    if training:
        train_without_noise(model)
    return model, x, torch.randn(batch, 6, generator=generator)


def halves_of(answer: Answer, model: nn.Module, x: Tensor) -> Halves:
    return Halves(
        model,
        encode=lambda: encode(answer, model, x),
        decode=lambda z: decode(answer, model, z),
        ask=lambda: ask(answer, model, x),
    )


def is_steady(answer: Answer, model: nn.Module, x: Tensor, z: Tensor) -> bool:
    """Whether both halves give the same for the same input, without noise of their own."""
    return all(
        torch.equal(run(), run())
        for run in (
            lambda: torch.cat(encode(answer, model, x)),
            lambda: decode(answer, model, z),
        )
    )


def encode(answer: Answer, model: nn.Module, x: Tensor) -> tuple[Tensor, ...]:
    return tensors(answer.call(model.encode, x), "encode(x)", ("mu", "log_var"))


def decode(answer: Answer, model: nn.Module, z: Tensor) -> Tensor:
    return tensors(answer.call(model.decode, z), "decode(z)", ("logits",))[0]


def ask(answer: Answer, model: nn.Module, x: Tensor) -> tuple[Tensor, ...]:
    return tensors(answer.call(model, x), "forward(x)", ("logits", "mu", "log_var"))
