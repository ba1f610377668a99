"""`tangent_directions`, lesson 05: the changes of the input to which a code answers most."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.expect import expect_close, expect_shape, expect_type
from course_utils.exercises.checking.signature import expect_attempted
from course_utils.exercises.lessons.lesson_05.jacobian_penalty.encoders import draw_encoders


def tangent_directions(encode: Callable, x: Float[Tensor, " d"], k: int) -> Float[Tensor, "k d"]:
    """The k directions of the input to which the code of x answers most, strongest first.

    `encode` takes a batch, (batch, d) to (batch, latent), and x is a single example. Take a small
    step away from x: the length of the code's answer depends on the direction of the step. Each row
    of the result is such a direction, of length 1 and at right angles to those before it, along
    which the answer is as large as it can be. A direction and its opposite are the same.
    """
    jacobian = torch.autograd.functional.jacobian(lambda point: encode(point[None])[0], x)
    return torch.linalg.svd(jacobian, full_matrices=False).Vh[:k]


def _jacobian(encode: Callable, x: Tensor) -> Tensor:
    return torch.autograd.functional.jacobian(lambda point: encode(point[None])[0], x)


def _svd(encode: Callable, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return torch.linalg.svd(_jacobian(encode, x), full_matrices=False)


def _unit(rows: Tensor) -> Tensor:
    return rows / rows.norm(dim=1, keepdim=True)


MISTAKES: list[tuple[Callable, str]] = [
    (
        lambda encode, x, k: _svd(encode, x)[2].flip(0)[:k],
        "These are the directions to which the code answers *least*, of those to which it answers "
        "at all. The strongest comes first, as `torch.linalg.svd` has it.",
    ),
    (
        lambda encode, x, k: _svd(encode, x)[2][:k].flip(0),
        "The right directions, the weakest of them first. `eigh` sorts upwards, `svd` downwards.",
    ),
    (
        lambda encode, x, k: _unit(_jacobian(encode, x))[:k],
        "These are the rows of the Jacobian, one for each number of the code. They overlap; the "
        "directions of strongest answer are its right singular vectors.",
    ),
    (
        lambda encode, x, k: _jacobian(encode, x)[:k],
        "These are the rows of the Jacobian as they are. The directions of strongest answer are "
        "its right singular vectors.",
    ),
    (
        lambda encode, x, k: _svd(encode, x)[1][:k, None] * _svd(encode, x)[2][:k],
        "Each direction is multiplied by its singular value, the strength of the answer. "
        "Directions have length 1.",
    ),
    (
        lambda encode, x, k: torch.linalg.svd(_jacobian(encode, x)).Vh.T[:k],
        "`torch.linalg.svd` returns V already transposed, with a direction in each *row* of its "
        "third result. You transposed it once more.",
    ),
    (
        lambda encode, x, k: torch.linalg.svd(_jacobian(encode, x)).U.T[:k],
        "These are the *left* singular vectors: directions of the code, not of the input. Take the "
        "third result of the decomposition.",
    ),
    (
        lambda encode, x, k: torch.linalg.svd(_jacobian(encode, x)).U[:, :k],
        "These are the *left* singular vectors, directions of the code, in columns. Take the third "
        "result of the decomposition.",
    ),
    (
        lambda encode, x, k: torch.linalg.svd(_jacobian(encode, x)).Vh[:, :k].T,
        "You cut columns off where directions are the rows: `Vh[:k]`.",
    ),
    (
        lambda encode, x, k: _svd(encode, x)[2][:k].T,
        "The right directions, one in each column. Stand them in rows, (k, d).",
    ),
]


def _cases(generator: torch.Generator) -> list[tuple[Callable, Tensor, int]]:
    """(encode, x, k): those encoders whose first singular values are well apart."""
    cases = []
    for encode, batch in draw_encoders(generator):
        for x in batch.flatten(1)[:2]:
            strengths = _svd(encode, x)[1]
            k = min(len(strengths), 3)
            apart = strengths[:k] - torch.cat([strengths[1:], strengths.new_zeros(1)])[:k]
            if strengths[0] > 0.05 and (apart > 0.1 * strengths[0]).all():
                cases.append((_of_a_batch(encode), x, k))
    return cases


def _of_a_batch(encode: Callable) -> Callable:
    """The encoder, particular about what it takes: some would take a single example as well."""

    def asked(x: Tensor) -> Tensor:
        if isinstance(x, Tensor) and x.ndim != 2:
            raise IndexError(f"encode takes (batch, d), and was given {tuple(x.shape)}")
        return encode(x)

    return asked


def _aligned(got: Tensor, expected: Tensor) -> Tensor:
    """Each row turned to the side of the expected one."""
    signs = (got * expected).sum(1, keepdim=True).sign()
    return got * torch.where(signs == 0, 1.0, signs)


def _returns_rows(answer: Answer) -> None:
    results = answer.memory["results"] = []
    for encode, x, k in _cases(answer.generator()):
        expected = tangent_directions(encode, x, k)
        try:
            got = answer(encode, x.clone(), k)
        except Crash as crash:
            if isinstance(crash.error, IndexError) or "mat1" in str(crash.error):
                raise Wrong(
                    "`encode` takes a batch and x is a single example: hand it `x[None]`, and take "
                    f"`[0]` of what comes back.\n{crash}"
                ) from None
            raise
        expect_attempted(got, answer)
        expect_type(got, expected)
        results.append((encode, x, k, got.detach(), expected))
    for _, x, k, got, expected in results:
        try:
            expect_shape(got, expected, "(k, d): one direction in each row", {"x": x, "k": k})
        except Wrong as wrong:
            raise Wrong(_named(results) or str(wrong)) from None


def _named(results: list) -> str | None:
    """The message of a mistake that returns the same in every case."""

    def same(got: Tensor, other: Tensor) -> bool:
        if got.shape != other.shape:
            return False
        return torch.allclose(_aligned(got, other), other, atol=1e-3)

    for mistake, message in MISTAKES:
        if all(same(got, mistake(encode, x, k)) for encode, x, k, got, _ in results):
            return message
    return None


def _points_the_right_way(answer: Answer) -> None:
    results = answer.memory["results"]
    for encode, x, k, got, expected in results:
        if torch.allclose(_aligned(got, expected), expected, atol=1e-3):
            continue
        if message := _named(results):
            raise Wrong(message)
        lengths = got.norm(dim=1)
        if not torch.allclose(lengths, torch.ones(k), atol=1e-3):
            raise Wrong(
                f"The first direction has length {lengths[0].item():.4g}; expected 1. Divide each "
                "row by its length."
            )
        jacobian = _jacobian(encode, x)
        theirs, ours = (jacobian @ direction[0] for direction in (got, expected))
        expect_close(
            _aligned(got, expected),
            expected,
            {"encode": encode, "x": x, "k": k},
            f"A small step along your first direction moves the code {theirs.norm().item():.3g} "
            f"times as far as itself; the best there is, {ours.norm().item():.3g} times. Take the "
            "Jacobian of the code at x, (latent, d), and its singular value decomposition.",
            tolerance=1e-3,
        )


exercise = Exercise(
    solution=tangent_directions,
    place=3,
    difficulty=3,
    minutes=15,
    success=(
        "On the spiral the one direction is the tangent; for a digit, the first few are strokes "
        "that grow, lean and bend."
    ),
    hints=(
        "Near x the code moves by J step, with the Jacobian J, (latent, d). Which step of length 1 "
        "gives the longest J step? Lesson 01 has met such a question.",
        "The singular value decomposition J = U S Vᵀ answers it: the rows of Vᵀ, in the order of "
        "the singular values. `torch.linalg.svd(J, full_matrices=False).Vh`.",
        "`torch.autograd.functional.jacobian(lambda point: encode(point[None])[0], x)` is J.",
    ),
    stages=(
        Stage("type and shape", _returns_rows),
        Stage("value", _points_the_right_way),
    ),
)
