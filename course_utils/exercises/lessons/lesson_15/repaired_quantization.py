"""`repaired_quantization`, lesson 15: a price on the wrong side."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong, generator_at
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Specimen, Stage


def repaired_quantization(
    z: Float[Tensor, "*places dim"], e: Float[Tensor, "*places dim"], commitment: float
) -> Float[Tensor, "*places"]:
    """What keeps a VQ-VAE's encoder and codebook together: one number for each vector.

    ‖sg(z) - e‖² + β ‖z - sg(e)‖², with z what the encoder says, e the codebook vector nearest to
    it, and β = commitment. sg is `.detach()`: what is inside gets no gradient.
    """
    codebook = ((z.detach() - e) ** 2).sum(dim=-1)
    encoder = ((z - e.detach()) ** 2).sum(dim=-1)
    return codebook + commitment * encoder


def specimen(
    z: Float[Tensor, "*places dim"], e: Float[Tensor, "*places dim"], commitment: float
) -> Float[Tensor, "*places"]:
    codebook = ((z - e.detach()) ** 2).sum(dim=-1)
    encoder = ((z.detach() - e) ** 2).sum(dim=-1)
    return codebook + commitment * encoder


def _assigned(generator: torch.Generator) -> list[tuple[Tensor, Tensor, float]]:
    def case(*shape: int, commitment: float) -> tuple[Tensor, Tensor, float]:
        z, e = torch.randn(2, *shape, generator=generator)
        return z, e + 0.3, commitment

    return [
        case(3, 2, commitment=0.25),
        case(2, 4, 3, 5, commitment=0.6),
        case(1, 6, commitment=2.0),
        case(7, 3, commitment=0.0),
    ]


def _terms(make: Callable, message: str) -> Mistake:
    """A mistake in how the two terms are made: make(z, sg(z), e, sg(e), β)."""
    return Mistake(lambda z, e, beta: make(z, z.detach(), e, e.detach(), beta), message)


def _apart(a: Tensor, b: Tensor) -> Tensor:
    return ((a - b) ** 2).sum(-1)


def _codebook_moves(quantization: Callable) -> float:
    """The relative change of the codebook's gradient when β becomes four times as large."""
    gradients = []
    for beta in (0.25, 1.0):
        with torch.enable_grad():
            z, e = torch.randn(2, 20, 4, generator=generator_at())
            e.requires_grad_()
            (gradient,) = torch.autograd.grad(quantization(z, e, beta).sum(), e)
        gradients.append(gradient)
    return ((gradients[1] - gradients[0]).norm() / gradients[0].norm()).item()


# Who is moved by mistake, and with which weights: those of the codebook and of the encoder.
MOVES: list[tuple[Callable[[float], tuple[float, float]], str]] = [
    (
        lambda beta: (1 + beta, 1 + beta),
        "Without any `.detach()` each term moves both, and β is no longer the encoder's alone.",
    ),
    (
        lambda beta: (1 + beta, 0),
        "Both terms move the codebook, and the encoder gets no gradient at all: nothing holds it "
        "to what it chose.",
    ),
    (
        lambda beta: (0, 1 + beta),
        "Both terms move the encoder, and the codebook gets no gradient: it would stay as it was "
        "drawn.",
    ),
    (
        lambda beta: (1 + beta, beta),
        "In the second term both move, so β pulls at the codebook as well. Hold e still there.",
    ),
    (
        lambda beta: (1, 1 + beta),
        "In the first term both move, so the encoder is pulled with weight 1 + β. Hold z still "
        "there.",
    ),
    (
        lambda beta: (1, 1),
        "Each term moves the right one, but in the gradient both have the same weight: β has to "
        "multiply the encoder's.",
    ),
    (lambda beta: (0, 0), "Everything is detached, and nothing moves."),
]


def _pulls(answer: Answer, z: Tensor, e: Tensor, beta: float) -> tuple[float, float]:
    """How strongly the codebook is drawn to the encoder, and the encoder to the codebook."""
    z, e = z.clone().requires_grad_(), e.clone().requires_grad_()
    total = answer(z, e, beta).sum()
    if not total.requires_grad:
        return 0.0, 0.0
    gradients = torch.autograd.grad(total, (e, z), allow_unused=True)
    apart = (2 * (e - z).detach(), 2 * (z - e).detach())
    return tuple(
        0.0 if gradient is None else ((gradient * way).sum() / (way * way).sum()).item()
        for gradient, way in zip(gradients, apart, strict=True)
    )


def _right_one_moves(answer: Answer) -> None:
    trials = _assigned(answer.generator())
    got = [_pulls(answer, *trial) for trial in trials]

    def agrees(weights: Callable[[float], tuple[float, float]]) -> bool:
        return all(
            math.dist(pull, weights(beta)) < 1e-3
            for pull, (_, _, beta) in zip(got, trials, strict=True)
        )

    if agrees(lambda beta: (1, beta)):
        return
    for weights, message in MOVES:
        if agrees(weights):
            raise Wrong(message)
    codebook, encoder = got[0]
    raise Wrong(
        f"The value is right, but not who moves. With β = {trials[0][2]:g} the codebook's gradient "
        f"should have the weight 1 and the encoder's the weight β; yours have {codebook:.3g} and "
        f"{encoder:.3g}. Look at what `.detach()` holds still in each term."
    )


exercise = Exercise(
    solution=repaired_quantization,
    place=6,
    difficulty=3,
    minutes=8,
    success="Whatever β is, the codebook gets the same gradient; the encoder's follows β.",
    hints=(
        "The value is right for every input. So look at what is not in the value: who is held "
        "still in which term?",
        "Ask who moves: with `e.requires_grad_()`, "
        "`torch.autograd.grad(repaired_quantization(z, e, 0.25).sum(), e)`, and the same with "
        "β = 1. Does the codebook mind?",
        "`.detach()` stands on the wrong partner in both terms. In the first, which β does not "
        "touch, z is held still, so that e moves; in the second it is the other way round.",
    ),
    stages=(
        *Comparison(
            probes=_assigned,
            shape="the shape of z without its last axis: one number for each vector",
            advice=(
                "Both terms have the same value, the squared distance of z and e; the second is "
                "multiplied by β. What tells them apart is which of the two is detached."
            ),
            mistakes=[
                _terms(
                    lambda z, zs, e, es, b: b * (_apart(zs, e) + _apart(z, es)),
                    "β multiplies both terms. It belongs to the encoder's alone: that is how one "
                    "says who should move faster.",
                ),
                _terms(
                    lambda z, zs, e, es, b: _apart(zs, e) + _apart(z, es),
                    "β has no effect any more. It is the weight of the second term.",
                ),
                _terms(
                    lambda z, zs, e, es, b: ((zs - e) ** 2).mean(-1) + b * ((z - es) ** 2).mean(-1),
                    "The mean over the numbers of a vector. Their squares are summed.",
                ),
                _terms(
                    lambda z, zs, e, es, b: (_apart(zs, e) + b * _apart(z, es)).mean(),
                    "The mean over all vectors is taken. Keep one number for each.",
                ),
                _terms(
                    lambda z, zs, e, es, b: _apart(zs, e) - b * _apart(z, es),
                    "The encoder is pushed away from what it chose: the sign of the second term.",
                ),
            ],
        ).stages,
        Stage("gradient", _right_one_moves),
    ),
    specimen=Specimen(
        specimen,
        "β belongs to the encoder, so a β four times as large should leave the codebook's gradient "
        "as it was. It changes by {by:.0%}.",
        _codebook_moves,
    ),
)
