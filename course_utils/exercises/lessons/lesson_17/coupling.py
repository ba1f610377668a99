"""`coupling`, lesson 17: one layer of a flow, and what it does to volumes."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.compare import CUT_THREAD, fresh_all
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.expect import expect_close, expect_shape, expect_type, same
from course_utils.exercises.checking.signature import expect_attempted
from course_utils.exercises.checking.words import describe_type

Shift = Callable[[Tensor], Tensor]


def coupling(
    z: Float[Tensor, "batch d"],
    mask: Float[Tensor, " d"],
    scale: Callable[[Tensor], Tensor],
    shift: Callable[[Tensor], Tensor],
) -> tuple[Float[Tensor, "batch d"], Float[Tensor, " batch"]]:
    """(y, log_det) of one coupling layer.

    mask holds ones and zeros. Where it is 0, y = z · exp(scale(z · mask)) + shift(z · mask);
    elsewhere y = z. log_det is log |det ∂y/∂z| of each example. scale and shift take and return
    (batch, d).
    """
    log_scale = (1 - mask) * scale(z * mask)
    y = mask * z + (1 - mask) * (z * log_scale.exp() + shift(z * mask))
    return y, log_scale.sum(dim=1)


# --- probes ---------------------------------------------------------------------------------------


class Given(NamedTuple):
    """The arguments of one call."""

    z: Tensor
    mask: Tensor
    scale: Shift
    shift: Shift


def _probes(generator: torch.Generator) -> list[Given]:
    def probe(mask: list[int], batch: int) -> Given:
        d = len(mask)
        a, b = torch.randn(2, d, d, generator=generator)
        c, e = 0.3 + torch.rand(2, d, generator=generator)
        z = 1.5 * torch.randn(batch, d, generator=generator)

        def scale(h: Tensor) -> Tensor:
            return torch.tanh(h @ a) + c

        def shift(h: Tensor) -> Tensor:
            return h @ b + e

        return Given(z, torch.tensor(mask).float(), scale, shift)

    return [
        probe([1, 0, 0], 2),
        probe([0, 1, 1, 0, 1], 4),
        probe([1, 0, 1, 0], 4),
        probe([0, 0], 3),
        probe([1, 1, 1], 2),
        probe([1, 0], 1),
    ]


# --- what people write instead --------------------------------------------------------------------


def _moved(given: Given, seen: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """scale and shift of what the mask keeps, or of something else."""
    seen = given.z * given.mask if seen is None else seen
    return given.scale(seen), given.shift(seen)


def _joined(given: Given, moved: Tensor) -> Tensor:
    return torch.where(given.mask == 1, given.z, moved)


def _of(write: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Callable[[Given], Tensor]:
    """y where the free numbers are written otherwise, from z, scale and shift."""
    return lambda given: _joined(given, write(given.z, *_moved(given)))


def _turned(given: Given) -> Tensor:
    return coupling(given.z, 1 - given.mask, given.scale, given.shift)[0]


def _everywhere(given: Given) -> Tensor:
    log_scale, shift = _moved(given)
    return given.z * log_scale.exp() + shift


def _shifted_everywhere(given: Given) -> Tensor:
    log_scale, shift = _moved(given)
    return given.z * ((1 - given.mask) * log_scale).exp() + shift


def _sees_all(given: Given) -> Tensor:
    log_scale, shift = _moved(given, given.z)
    return _joined(given, given.z * log_scale.exp() + shift)


def _kept_lost(given: Given) -> Tensor:
    log_scale, shift = _moved(given)
    return (1 - given.mask) * (given.z * log_scale.exp() + shift)


OF_Y: list[tuple[Callable[[Given], Tensor], str]] = [
    (
        _turned,
        "The mask is used the other way round: where it is 1, a number stays as it is, and where "
        "it is 0, it is stretched and moved.",
    ),
    (
        _sees_all,
        "scale and shift see all of z. They may see only what stays, `z * mask`: otherwise nobody "
        "who has y could compute them again, and there is no way back.",
    ),
    (
        _everywhere,
        "The numbers under the mask are moved as well. Where the mask is 1, y = z.",
    ),
    (
        _shifted_everywhere,
        "The numbers under the mask are not stretched, but the shift is added to them. Where the "
        "mask is 1, y = z.",
    ),
    (
        _kept_lost,
        "The numbers under the mask are lost: they are 0 in y. Where the mask is 1, y = z.",
    ),
    (
        _of(lambda z, s, t: z * s + t),
        "z is multiplied by the scale itself, which may be 0 or negative. It is the logarithm of "
        "the factor: `torch.exp(scale(...))`.",
    ),
    (
        _of(lambda z, s, t: (z + t) * s.exp()),
        "The shift is added before the stretching, so it is stretched too. First stretch, then "
        "shift.",
    ),
    (
        _of(lambda z, s, t: (z - t) * (-s).exp()),
        "This is the way back, from y to z.",
    ),
    (_of(lambda z, s, t: z * s.exp()), "The shift is missing."),
    (_of(lambda z, s, t: z * s.exp() - t), "The shift is subtracted. It is added."),
    (
        _of(lambda z, s, t: z * (s / 2).exp() + t),
        "The scale is halved, as if it were a log-variance. It is the logarithm of the factor as "
        "it is.",
    ),
    (_of(lambda z, s, t: z + t), "Nothing is stretched: exp(scale(z · mask)) is missing."),
]


def _free(given: Given) -> Tensor:
    return (1 - given.mask) * _moved(given)[0]


OF_LOG_DET: list[tuple[Callable[[Given], Tensor], str]] = [
    (
        lambda given: _moved(given)[0].sum(1),
        "y is right, but log_det counts the scales of all numbers. Those under the mask are not "
        "stretched: only where the mask is 0 does a scale count.",
    ),
    (
        lambda given: (given.mask * _moved(given)[0]).sum(1),
        "y is right, but log_det counts the scales under the mask, which are not used. Take those "
        "where the mask is 0.",
    ),
    (
        lambda given: -_free(given).sum(1),
        "y is right, but log_det has the wrong sign: this is that of the way back.",
    ),
    (
        lambda given: _free(given).exp().prod(1),
        "y is right, but this is the determinant itself. Its logarithm is asked for, the sum of "
        "the scales.",
    ),
    (
        lambda given: ((1 - given.mask) * _moved(given)[0].exp()).sum(1),
        "y is right, but log_det adds the factors exp(scale). A determinant multiplies them, so "
        "their logarithms add.",
    ),
    (
        lambda given: _free(given).exp().sum(1),
        "y is right, but log_det adds the factors exp(scale), that of a number that stays being "
        "1. A determinant multiplies them, so their logarithms add.",
    ),
    (
        lambda given: _free(given).abs().sum(1),
        "y is right, but log_det adds the scales without their signs. exp(scale) is positive, so "
        "|det| needs none; a scale below 0 shrinks.",
    ),
    (
        lambda given: _free(given).mean(1),
        "y is right, but log_det is a mean over the numbers. A determinant is a product, so the "
        "logarithms add.",
    ),
    (
        lambda given: _free(given).sum(1) / 2,
        "y is right, but log_det is half of what it should be.",
    ),
    (
        lambda given: torch.zeros(len(given.z)),
        "y is right, but log_det is 0, as if no volume changed. Each free number is stretched by "
        "exp(scale).",
    ),
]


# --- stages ---------------------------------------------------------------------------------------


def _both(result: object) -> tuple[object, object]:
    """y and log_det, if there are two results."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Wrong(
            f"Your function returned {describe_type(result)}; expected two tensors, "
            "`return y, log_det`."
        )
    return result[0], result[1]


def _types(answer: Answer) -> None:
    trials = answer.memory["trials"] = []
    for given in _probes(answer.generator()):
        result = answer(*fresh_all(given))
        expect_attempted(result, answer)
        expected = coupling(*given)
        for got, wanted in zip(_both(result), expected, strict=True):
            expect_type(got, wanted)
        trials.append((given, result, expected))


def _shapes(answer: Answer) -> None:
    words = (
        "(batch, d): y, as z",
        "(batch,): log_det, one number for each example",
    )
    for given, result, expected in answer.memory["trials"]:
        for got, wanted, meaning in zip(result, expected, words, strict=True):
            expect_shape(got, wanted, meaning, _shown(given))


def _shown(given: Given) -> dict[str, object]:
    """The inputs that can be shown."""
    return {"z": given.z, "mask": given.mask}


def _values(place: int, known: list[tuple[Callable[[Given], Tensor], str]], advice: str) -> Stage:
    """Stage for one of the two results."""

    def check(answer: Answer) -> None:
        trials = answer.memory["trials"]
        if all(same(result[place], expected[place], 1e-4) for _, result, expected in trials):
            return
        for wrong, message in known:
            if all(same(result[place], wrong(given), 1e-4) for given, result, _ in trials):
                raise Wrong(message)
        for given, result, expected in trials:
            expect_close(result[place], expected[place], _shown(given), advice)

    return Stage(("y", "log_det")[place], check)


def _gradients(answer: Answer) -> None:
    """A flow is trained through both results."""
    given = _probes(answer.generator())[1]
    for place in (0, 1):
        gradients = []
        for function in (answer, coupling):
            z = given.z.clone().requires_grad_()
            result = function(z, *given[1:])[place]
            if not result.requires_grad:
                raise Wrong(CUT_THREAD.format(name="z"))
            weights = torch.linspace(0.5, 1.5, result.numel()).view_as(result)
            gradients.append(torch.autograd.grad((weights * result).sum(), z)[0])
        if not same(*gradients, 1e-4):
            raise Wrong(
                f"The numbers are right, but the gradient of {('y', 'log_det')[place]} with respect"
                " to `z` is not. Look for a part that is detached."
            )


exercise = Exercise(
    solution=coupling,
    place=2,
    difficulty=3,
    minutes=15,
    success=(
        "The Jacobian of a coupling has ones, factors exp(scale) and a triangle of anything else, "
        "which no determinant sees. So the networks inside may be as wild as they like."
    ),
    hints=(
        "Begin with `kept = z * mask`, and ask both functions about it: `scale(kept)`, "
        "`shift(kept)`. Which numbers of the answers are used, and which are not?",
        "`mask * z + (1 - mask) * (...)` keeps the ones and changes the others.",
        "∂y/∂z is triangular when the kept numbers come first: on its diagonal stand ones for "
        "them, and exp(scale) for the others. The logarithm of the product of the diagonal is "
        "`((1 - mask) * scale(kept)).sum(1)`.",
    ),
    stages=(
        Stage("type", _types),
        Stage("shape", _shapes),
        _values(
            0,
            OF_Y,
            "Compute the first example by hand: `kept = z * mask`, then scale and shift of it, "
            "then each number whose mask is 0.",
        ),
        _values(
            1,
            OF_LOG_DET,
            "Let autograd compute the Jacobian of one example, "
            "`torch.autograd.functional.jacobian`, and print it: what stands on its diagonal?",
        ),
        Stage("gradient", _gradients),
    ),
)
