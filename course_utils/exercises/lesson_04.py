"""Checks of lesson 04: sparse codes."""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises import modules
from course_utils.exercises.answer import Answer, Crash, Wrong, describe_type, fresh
from course_utils.exercises.compare import (
    Comparison,
    Mistake,
    expect_close,
    expect_type,
)
from course_utils.exercises.exercise import Exercise, Stage
from course_utils.exercises.solutions import lesson_04 as solutions

# --- SparseAutoencoder ----------------------------------------------------------------------------

# Inputs are square numbers, so that a convolutional encoder can make small images of them.
SIZES = ((784, 64), (64, 24), (144, 10))


def _pictures(batch: int, input_dim: int, generator: torch.Generator) -> Tensor:
    """Pixels in [0, 1], most of them white, as those of digits are."""
    ink = torch.rand(batch, input_dim, generator=generator)
    return ink * (torch.rand(batch, input_dim, generator=generator) < 0.4)


def _forward(answer: Answer, model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
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


def _builds(answer: Answer) -> None:
    modules.build(answer)
    modules.build(answer, input_dim=144, latent_dim=10, sparsity_weight=0.4375)


def _has_shapes(answer: Answer) -> None:
    for input_dim, latent_dim in SIZES:
        for batch in (5, 1):
            x = _pictures(batch, input_dim, answer.generator())
            model = modules.build(answer, input_dim=input_dim, latent_dim=latent_dim)
            sizes = f"`SparseAutoencoder(input_dim={input_dim}, latent_dim={latent_dim})`"
            try:
                x_hat, code = _forward(answer, model, x)
            except Crash as crash:
                if (input_dim, latent_dim) == SIZES[0]:
                    raise
                raise Wrong(
                    f"With the sizes of MNIST it runs, with {sizes} it does not. Is a size written "
                    f"into a layer as a number? Take it from the arguments.\n{crash}"
                ) from None
            _expect_shapes(x, x_hat, code, latent_dim, sizes)


def _expect_shapes(x: Tensor, x_hat: Tensor, code: Tensor, latent_dim: int, sizes: str) -> None:
    batch = len(x)
    theirs, ours = (tuple(x_hat.shape), tuple(code.shape)), (tuple(x.shape), (batch, latent_dim))
    if theirs == ours:
        return
    found = f"For x of shape {tuple(x.shape)}, {sizes} returned the shapes {theirs[0]} and "
    found += f"{theirs[1]}; expected x_hat {ours[0]} and code {ours[1]}. "
    if theirs == ours[::-1]:
        raise Wrong(f"{found}They are in the wrong order: `return x_hat, code`.")
    if x_hat.numel() == x.numel() and theirs[0] != ours[0]:
        raise Wrong(f"{found}Lay the reconstruction flat again: `x_hat.flatten(1)`.")
    if theirs[0] == ours[0] and code.ndim == 2 and len(code) == batch:
        raise Wrong(f"{found}The width of the code is to follow from `latent_dim`.")
    raise Wrong(f"{found}Follow one batch through your layers and print its shape after each.")


def _is_an_autoencoder(answer: Answer) -> None:
    """x → code → x_hat, each from the one before, example by example, and all of it trainable."""
    generator = answer.generator()
    model = modules.build(answer, input_dim=64, latent_dim=24, sparsity_weight=0.4375)
    x = _pictures(12, 64, generator)
    with modules.expect_no_seeding("`forward`", lambda: answer.call(model, x)):
        x_hat, code = _forward(answer, model, x)
    again = _forward(answer, model, x)
    if not all(map(torch.equal, (x_hat, code), again)):
        raise Wrong(
            "The same x gave two different results in evaluation mode. Layers must be made once, "
            "in `__init__`; and noise, if you want any, belongs into training alone: "
            "`if self.training:`, or `nn.Dropout`, which knows."
        )
    alone = _forward(answer, model, x[:1])
    together = (x_hat[:1], code[:1])
    if not all(torch.allclose(a, b, atol=1e-4) for a, b in zip(together, alone, strict=True)):
        raise Wrong(
            "What your model makes of a picture changes with the other pictures of the batch. "
            "Each is to be coded by itself: look for a `sum`, `mean` or `softmax` over `dim=0`, "
            "or over everything."
        )
    if not code.any():
        raise Wrong(
            "Your code is 0 for every picture and in every unit: all are dead. Look at what "
            "happens before the last activation of the encoder: something makes it negative."
        )
    _expect_connected(model, x[:2])
    _expect_no_way_round(model, x[:4], NOT_SEEN)
    modules.expect_registered(model, x_hat, code)
    _expect_fixed(model, 0.4375)
    if not modules.leaves(code):
        raise Wrong(
            "No parameter of your model has a part in the code, so the encoder has nothing to "
            "learn. Let a layer of its own make the code from x."
        )
    _expect_all_decoded(model, x)
    _expect_a_price(model, x)


def _expect_fixed(model: nn.Module, weight: float) -> None:
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and parameter.numel() == 1 and parameter.item() == weight:
            raise Wrong(
                f"`{name}` is a parameter that training may change, and training would take the "
                "price to zero or below. Keep the weight as a plain number: "
                "`self.sparsity_weight = sparsity_weight`."
            )


def _expect_connected(model: nn.Module, x: Tensor) -> None:
    """Gradients from both results back to x, and those of x_hat by way of the code alone."""
    x = x.clone().requires_grad_()
    x_hat, code = model(x)
    to_code, to_x_hat = _jacobian(code, x), _jacobian(x_hat, x)
    if to_code is None and code.requires_grad:
        raise Wrong(
            "Autograd cannot follow x through `forward`: the code is made from a copy of x that "
            "remembers nothing. Your encoder can be trained so; but this check, and whatever "
            "differentiates by x, needs the thread. Leave out the `.detach()`, `.data`, "
            "`torch.tensor(x)` or `.numpy()` between x and the first layer."
        )
    if to_code is None or not to_code.any():
        raise Wrong(
            "The code that `forward` returns does not remember how it came from x, so the penalty "
            "could not train the encoder. Leave out `.detach()`, `torch.no_grad()`, `.numpy()` and "
            "rounding on the way to the code, and return the tensor itself."
        )
    if to_x_hat is None or not to_x_hat.any():
        raise Wrong(
            "The reconstruction does not lead back to x, so its error could not train the encoder. "
            "Is the code cut off by `.detach()` before it is decoded, or not decoded at all?"
        )
    # Directions of x in which the code stands still must leave the reconstruction still as well.
    # They are what is at right angles to the rows of the code's Jacobian.
    _, scale, rows = torch.linalg.svd(to_code, full_matrices=False)
    rows = rows * (scale > 1e-6 * scale.amax(-1, keepdim=True))[..., None]
    beside = to_x_hat - to_x_hat @ rows.mT @ rows
    if beside.norm() > 1e-2 * to_x_hat.norm():
        raise Wrong(
            "The reconstruction knows more about x than the code says, so something passes by the "
            "bottleneck: x itself added to the output, a hidden layer handed on, or a code that is "
            "decoded before its last activation and returned after it. Decode the very code that "
            "you return, and nothing else."
        )


NOT_SEEN = (
    "x reaches the reconstruction by a way that its gradient does not see, such as `x.detach()` or "
    "`x > 0`. Decode the code that you return, and nothing else."
)
ONLY_IN_TRAINING = (
    "In training mode x reaches the reconstruction past the code; in evaluation mode it does not. "
    "Decode the code that you return, and nothing else, in both: leave such a step out of "
    "`if self.training:`."
)


def _expect_no_way_round(model: nn.Module, x: Tensor, message: str) -> None:
    """Where a step of x leaves the codes still, the reconstructions must stand still as well.

    The batch is looked at as a whole, since batch normalisation couples its pictures in training,
    and every pass draws the same noise. The steps lead away from pixels that are exactly 0.
    """
    stream = torch.default_generator
    state = stream.get_state()

    def run(x: Tensor) -> tuple[Tensor, Tensor]:
        stream.set_state(state)
        x_hat, code = model(x)
        return x_hat, code

    leaf = x.clone().requires_grad_()
    x_hat, code = run(leaf)
    if not all(map(torch.equal, (x_hat, code), run(x))):
        return  # noise of another source: nothing to compare with
    if not code.requires_grad:
        return
    to_code = torch.stack(
        [
            torch.autograd.grad(
                unit, leaf, retain_graph=True, allow_unused=True, materialize_grads=True
            )[0].flatten()
            for unit in code.flatten()
        ]
    ).double()
    _, scale, rows = torch.linalg.svd(to_code, full_matrices=False)
    rows = rows[scale > 1e-6 * scale.amax()]
    directions = torch.randn(7, x.numel(), generator=torch.Generator().manual_seed(0)).double()
    still = directions - directions @ rows.mT @ rows
    with torch.no_grad():

        def moved(direction: Tensor) -> tuple[Tensor, Tensor]:
            """By how much the reconstruction and the code move under a step of this direction."""
            step = 1e-2 * len(x) ** 0.5 * direction / direction.norm()
            step = step.view_as(x).float()
            return tuple(
                (after - before).norm()
                for after, before in zip(run(x + step), (x_hat, code), strict=True)
            )

        # How far the decoder can carry a change of the code: along the steepest way to it, and
        # along any. A ReLU that opens within a step has a slope of its own, hence the factor.
        seen = [moved(direction) for direction in (*rows[:3], *directions)]
        steepness = 10 * max((float(far / near) for far, near in seen if near > 0), default=0.0)
        allowed = 1e-2 * 1e-2 * len(x) ** 0.5
        past = [bool(far > allowed + steepness * near) for far, near in map(moved, still)]
    if sum(past) > len(past) / 2:
        raise Wrong(message)


def _expect_all_decoded(model: nn.Module, x: Tensor) -> None:
    """Each number of the code that is ever positive must be able to move the reconstruction."""
    x_hat, code = model(x)
    weights = torch.rand(x_hat.shape, generator=torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(x_hat, code, weights, allow_unused=True)
    if gradient is None:  # what is returned was reshaped after it was decoded
        return
    unseen = int(((code > 0).any(0) & (gradient == 0).all(0)).sum())
    if unseen:
        raise Wrong(
            f"The decoder does not look at {unseen} of the {code.shape[1]} numbers of the code: "
            "they are paid for, and change nothing. Hand it the whole code that you return, "
            "`self.decoder(code)`."
        )


def _expect_a_price(model: nn.Module, x: Tensor) -> None:
    """The L1 norm of the code must be able to change."""
    lengths = model(x)[1].detach().abs().sum(1)
    if lengths.max() - lengths.min() < 1e-5 * lengths.max():
        raise Wrong(
            f"The L1 norm of your code is {lengths[0].item():.4g} for every picture, as softmax or "
            "a division by the sum makes it. The price is the same whatever the encoder does, so "
            "it can make nothing sparse. Use an activation that leaves the norm free, such as ReLU."
        )


def _jacobian(result: Tensor, x: Tensor) -> Float[Tensor, "batch out in"] | None:
    """The derivatives of each example's result by its own x; None if it has no memory of x."""
    if not result.requires_grad:
        return None
    rows = [
        torch.autograd.grad(column, x, retain_graph=True, allow_unused=True)[0]
        for column in result.flatten(1).sum(0)
    ]
    return None if rows[0] is None else torch.stack(rows, dim=1).detach().double()


class Sample(NamedTuple):
    """What a loss may be made of: a batch, and what the answer's own model makes of it."""

    x: Tensor
    x_hat: Tensor
    code: Tensor
    weight: float
    model: nn.Module


class Part(NamedTuple):
    """One way to write a part of the loss, and what to say of it; nothing, if it is right."""

    value: Callable[[Sample], Tensor]
    message: str = ""


def _squares(s: Sample) -> Tensor:
    return (s.x_hat - s.x).square()


def _weights(model: nn.Module) -> list[Tensor]:
    return [p for p in model.parameters() if p.ndim > 1]


ERRORS = (
    Part(lambda s: _squares(s).sum(1).mean()),
    Part(
        lambda s: _squares(s).mean(),
        "The squared error is averaged over the pixels too, as `F.mse_loss` does unless told "
        "otherwise: it is smaller by their number, and the price of the code outweighs it. Sum "
        "over the pixels, `dim=1`, and take the mean over the batch alone.",
    ),
    Part(
        lambda s: _squares(s).sum(),
        "The squared error is summed over the batch too, so a batch twice as large costs twice as "
        "much. Sum over the pixels, `dim=1`, then take the mean over the batch.",
    ),
    Part(
        lambda s: _squares(s).mean(1).sum(),
        "The squared error is averaged over the pixels and summed over the batch. It is the other "
        "way round: `.sum(dim=1).mean()`.",
    ),
    Part(
        lambda s: _squares(s).sum(1).mean() / 2,
        "The squared error is halved. No factor ½ is wanted here.",
    ),
    Part(
        lambda s: (s.x_hat - s.x).abs().sum(1).mean(),
        "The differences of the pixels are not squared: this is the sum of their absolute values.",
    ),
    Part(
        lambda s: _squares(s).sum(1).sqrt().mean(),
        "You took the root of the squared error: this is the distance between x and x_hat. Leave "
        "it squared.",
    ),
    Part(
        lambda s: F.binary_cross_entropy(s.x_hat, s.x, reduction="none").sum(1).mean(),
        "The error of the reconstruction is a binary cross-entropy. Squared error is asked for.",
    ),
    Part(
        lambda s: F.binary_cross_entropy(s.x_hat, s.x),
        "The error of the reconstruction is the mean binary cross-entropy of a pixel. Squared "
        "error is asked for, summed over the pixels.",
    ),
    Part(
        lambda s: F.binary_cross_entropy_with_logits(s.x_hat, s.x, reduction="none").sum(1).mean(),
        "The error of the reconstruction is a cross-entropy that takes x_hat for logits. Squared "
        "error is asked for.",
    ),
    Part(
        lambda s: _squares(s).sum(1).mean() * 0,
        "The error of the reconstruction is missing: only the price of the code is left, and the "
        "cheapest code is 0.",
    ),
)

PENALTIES = (
    Part(lambda s: s.weight * s.code.abs().sum(1).mean()),
    Part(
        lambda s: s.code.sum() * 0,
        "The code costs nothing: the penalty is missing, and this is a plain autoencoder.",
    ),
    Part(
        lambda s: s.weight * s.code.abs().mean(),
        "The penalty is averaged over the units too, `code.abs().mean()`, so it is smaller by "
        "their number. Sum over the units, `dim=1`; the mean is taken over the batch alone.",
    ),
    Part(
        lambda s: s.weight * s.code.abs().sum(),
        "The penalty is summed over the batch too, so the price rises with the size of the batch. "
        "Sum over the units, `dim=1`, then take the mean over the batch.",
    ),
    Part(
        lambda s: s.weight * s.code.abs().mean(1).sum(),
        "The penalty is averaged over the units and summed over the batch. It is the other way "
        "round: `.sum(dim=1).mean()`.",
    ),
    Part(
        lambda s: s.weight * s.code.sum(1).mean(),
        "The penalty adds up the code without its absolute value, so it pays the model for "
        "negative numbers. `code.abs()` first.",
    ),
    Part(
        lambda s: s.weight * s.code.square().sum(1).mean(),
        "The penalty sums squares: that is L2, which makes numbers small but not zero. L1 is the "
        "sum of absolute values.",
    ),
    Part(
        lambda s: s.weight * s.code.square().mean(),
        "The penalty is the mean square of the code. Absolute values are wanted, summed over the "
        "units.",
    ),
    Part(
        lambda s: s.weight * s.code.square().sum(1).sqrt().mean(),
        "The penalty is the Euclidean length of the code, what `code.norm(dim=1)` returns: it has "
        "no wish for zeros. L1 is the sum of absolute values, `norm(p=1, dim=1)`.",
    ),
    Part(
        lambda s: s.weight * s.x_hat.abs().sum(1).mean(),
        "The penalty is on the reconstruction: it asks for white paper. It belongs on the code.",
    ),
    Part(
        lambda s: s.weight * sum(p.abs().sum() for p in s.model.parameters()),
        "The penalty is on the parameters, and makes those sparse. It belongs on the code, what "
        "the encoder says of each picture.",
    ),
    Part(
        lambda s: s.weight * sum(p.abs().sum() for p in _weights(s.model)),
        "The penalty is on the weights of the layers, and makes those sparse. It belongs on the "
        "code, what the encoder says of each picture.",
    ),
    Part(
        lambda s: s.weight * _weights(s.model)[0].abs().sum(),
        "The penalty is on the weights of one layer, and makes those sparse. It belongs on the "
        "code, what that layer says of each picture: `code.abs()`, from `x_hat, code = self(x)`.",
    ),
    *(
        Part(
            lambda s, layer=layer: s.weight * _weights(s.model)[layer].abs().sum(),
            "The penalty is on the weights of a later layer, the decoder's perhaps, and makes "
            "those sparse. It belongs on the code: `code.abs()`, from `x_hat, code = self(x)`.",
        )
        for layer in range(1, 6)
    ),
    Part(
        lambda s: s.weight * sum(p.square().sum() for p in s.model.parameters()),
        "The penalty is weight decay, the sum of the squared parameters. It belongs on the code.",
    ),
    Part(
        lambda s: s.code.abs().sum(1).mean(),
        "The penalty is not multiplied by `sparsity_weight`.",
    ),
    Part(
        lambda s: 1e-3 * s.code.abs().sum(1).mean(),
        "The penalty is multiplied by 1e-3 whatever `sparsity_weight` is. That is only its "
        "default: keep the argument in `__init__`, `self.sparsity_weight = sparsity_weight`.",
    ),
    Part(
        lambda s: -s.weight * s.code.abs().sum(1).mean(),
        "The penalty is subtracted, so a full code is rewarded. Add it.",
    ),
)


def _has_the_right_loss(answer: Answer) -> None:
    generator = answer.generator()
    trials = []
    for (input_dim, latent_dim), weight, batch in (
        (SIZES[1], 0.75, 3),
        (SIZES[2], 0.25, 7),
        (SIZES[1], 0.0, 4),
        (SIZES[1], 2.0, 1),
        (SIZES[0], 5.0, 2),
        (SIZES[0], None, 6),
    ):
        arguments = (input_dim, latent_dim) if weight is None else (input_dim, latent_dim, weight)
        model = modules.build(answer, *arguments)
        _forward(answer, model, _pictures(2, input_dim, generator))  # lazy layers find their size
        modules.perturb(model, generator)
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        price = 1e-3 if weight is None else weight
        earlier, x = (_pictures(batch, input_dim, generator) for _ in range(2))
        stale = Sample(earlier, *_forward(answer, model, earlier), price, model)
        loss = _loss(answer, model, x)  # before forward has seen this x
        _expect_number(loss, batch)
        modules.expect_untouched(model, before)
        sample = Sample(x, *_forward(answer, model, x), price, model)
        trials.append((loss.detach(), sample, stale))
    if all(_near(loss, _right(stale)) for loss, _, stale in trials):
        raise Wrong(
            "The loss that you return belongs to the batch that `forward` saw before, and not to "
            "the x that `loss` was given. Begin `loss` with `x_hat, code = self(x)`."
        )
    _expect_sum([(loss, sample) for loss, sample, _ in trials])


def _loss(answer: Answer, model: nn.Module, x: Tensor) -> object:
    try:
        return answer.call(model.loss, x)
    except Crash as crash:
        if isinstance(crash.error, NameError | AttributeError) and "weight" in str(crash.error):
            raise Wrong(
                f"{crash}\n`loss` does not know the weight that `__init__` was given. Keep it in "
                "`__init__`: `self.sparsity_weight = sparsity_weight`. Then "
                "`self.sparsity_weight` is known in every method."
            ) from None
        raise


def _expect_number(loss: object, batch: int) -> None:
    if isinstance(loss, tuple | list | dict):
        raise Wrong(
            f"`loss` returned {describe_type(loss)}; expected one number, a tensor of shape (). "
            "Return the sum of the two terms alone."
        )
    expect_type(loss, torch.zeros(()))
    if loss.shape == (batch,) and batch > 1:
        raise Wrong(
            "`loss` returned a number for each picture. This time the mean over the batch is part "
            "of the task: end with `.mean()`."
        )
    if loss.ndim:
        raise Wrong(
            f"`loss` returned a tensor of shape {tuple(loss.shape)}; expected one number for the "
            "whole batch, of shape (): sum over the second axis, then take the mean over the first."
        )


def _expect_sum(trials: Sequence[tuple[Tensor, Sample]]) -> None:
    """Raise `Wrong` unless each loss is error + penalty; name the parts it is made of if known."""

    def explains(value: Callable[[Sample], Tensor]) -> bool:
        return all(_near(loss, _outcome(value, sample)) for loss, sample in trials)

    pairs = itertools.product(ERRORS, PENALTIES)
    for error, penalty in sorted(pairs, key=lambda pair: sum(bool(p.message) for p in pair)):
        if explains(lambda s, e=error, p=penalty: e.value(s) + p.value(s)):
            if messages := [part.message for part in (error, penalty) if part.message]:
                raise Wrong(" ".join(messages))
            return
    if explains(lambda s: s.weight * (ERRORS[0].value(s) + s.code.abs().sum(1).mean())):
        raise Wrong("The weight multiplies the whole loss. It is the price of the code alone.")
    if explains(lambda s: s.weight * ERRORS[0].value(s) + s.code.abs().sum(1).mean()):
        raise Wrong("The weight stands on the error; it belongs on the penalty.")
    _expect_the_factor(trials)
    for loss, s in trials:
        given = {"sparsity_weight": s.weight, "x": s.x}
        given |= {"x_hat, from your forward,": s.x_hat, "code, from your forward,": s.code}
        expect_close(
            loss,
            _right(s),
            given,
            f"Your own x_hat and code have the squared error {ERRORS[0].value(s).item():.5g} per "
            f"picture and the L1 norm {s.code.abs().sum(1).mean().item():.5g} per code. Print the "
            "same two numbers inside `loss`. Is the penalty on the very code that `forward` "
            "returns, after its activation?",
        )


def _expect_the_factor(trials: Sequence[tuple[Tensor, Sample]]) -> None:
    """Raise `Wrong` if what stands before the L1 norm is a fixed number, or one times the weight.

    Judged where the penalty is a good part of the loss, so that float32 can tell.
    """
    factors, shares = [], []
    for loss, s in trials:
        length = s.code.abs().sum(1).mean()
        factor = float((loss - ERRORS[0].value(s)) / length)
        factors.append(factor)
        if s.weight:
            shares.append(factor / s.weight)

    def one_number(values: Sequence[float]) -> bool:
        return max(values) - min(values) < 2e-3 * abs(values[0])

    if one_number(factors):
        raise Wrong(
            f"The penalty is multiplied by {factors[1]:.3g} whatever `sparsity_weight` is. "
            "Multiply it by what was given to `__init__`, `self.sparsity_weight = sparsity_weight`."
        )
    if one_number(shares[:-1]):  # the last has a weight of a thousandth
        raise Wrong(
            f"The penalty is {shares[0]:.3g} times what it should be. It is `sparsity_weight` "
            "times the L1 norm of the code, and no other factor."
        )


def _right(s: Sample) -> Tensor:
    return (ERRORS[0].value(s) + PENALTIES[0].value(s)).detach()


def _near(a: Tensor, b: Tensor | None) -> bool:
    """Whether two tensors agree to four digits of the largest number in them."""
    if b is None or not (a.isfinite().all() and b.isfinite().all()):
        return False
    return bool((a - b).abs().max() <= 1e-4 * b.abs().max() + 1e-7)


def _outcome(value: Callable[[Sample], Tensor], sample: Sample) -> Tensor | None:
    """What a part comes to, or None where it is not defined, as a cross-entropy outside [0, 1]."""
    try:
        return torch.as_tensor(value(sample)).detach()
    except (RuntimeError, IndexError):
        return None


def _has_the_right_gradient(answer: Answer) -> None:
    generator = answer.generator()
    model = modules.build(answer, 64, 24, 0.5)
    x = _pictures(12, 64, generator)
    _forward(answer, model, x)
    modules.perturb(model, generator)
    loss = answer.call(model.loss, x)
    if not loss.requires_grad:
        raise Wrong(
            "The loss is the right number, but nothing could be trained with it: it does not "
            "remember how it was computed. Leave out `.item()`, `.detach()`, `torch.no_grad()` and "
            "`torch.tensor(...)`."
        )
    x_hat, code = _forward(answer, model, x)
    sample = Sample(x, x_hat, code, 0.5, model)
    error, penalty = ERRORS[0].value(sample), PENALTIES[0].value(sample)
    parameters = [p for p in model.parameters() if p.requires_grad]
    got = _gradients(loss, parameters)
    if not _near(got, _gradients(error + penalty, parameters)):
        if _near(got, _gradients(error, parameters)):
            raise Wrong(
                "The penalty is counted but has no gradient: the code is detached before its "
                "absolute values are summed, so the encoder never hears of the price."
            )
        if _near(got, _gradients(penalty, parameters)):
            raise Wrong(
                "The error of the reconstruction is counted but has no gradient: x_hat is detached "
                "before it is compared with x."
            )
        raise Wrong(
            "The loss is the right number, but its gradient is not that of error + weight · "
            "penalty. Look in `loss` for a part that is detached or computed under "
            "`torch.no_grad()`."
        )
    modules.expect_all_reached(model, loss)


def _gradients(loss: Tensor, parameters: Sequence[Tensor]) -> Tensor:
    """The gradient with respect to all parameters in one long row, 0 where there is none."""
    rows = torch.autograd.grad(
        loss, parameters, retain_graph=True, allow_unused=True, materialize_grads=True
    )
    return torch.cat([row.flatten() for row in rows])


def _can_be_trained(answer: Answer) -> None:
    model = modules.build(answer, 64, 24)
    x = _pictures(32, 64, answer.generator())
    _expect_the_same_in_training(answer, model, x)
    _expect_no_way_round(model.train(), x[:4], ONLY_IN_TRAINING)
    losses = modules.train(answer, model, model.loss, x)
    first, last = (sum(part) / 5 for part in (losses[:5], losses[-5:]))
    if not last < first:
        raise Wrong(
            f"Sixty steps of Adam on one batch took the loss from {first:.4g} to {last:.4g}: the "
            "model does not learn. Look for an activation that saturates, a code that is dead, or "
            "noise that is larger than the signal."
        )


def _expect_the_same_in_training(answer: Answer, model: nn.Module, x: Tensor) -> None:
    """Training mode may add noise to a network, but it must not change the formula of the loss."""
    model.train()
    first, second = _forward(answer, model, x), _forward(answer, model, x)
    if not all(map(torch.equal, first, second)):
        return  # a network with noise: nothing to compare with
    loss = answer.call(model.loss, x)
    expected = _right(Sample(x, *second, 1e-3, model))
    if not _near(loss.detach(), expected):
        raise Wrong(
            f"In training mode your loss is {loss.item():.6g} where its own x_hat and code make it "
            f"{expected.item():.6g}; in evaluation mode it was right. Leave `self.training` out of "
            "`loss`: what is trained should be what is reported."
        )


SparseAutoencoder = Exercise(
    solution=solutions.SparseAutoencoder,
    difficulty=3,
    minutes=20,
    success=(
        "A network of your own with a price on its code. In the next cell it is trained on your "
        "data; see how few of its units answer to a digit."
    ),
    hints=(
        "Three methods. `__init__` makes the layers and keeps the weight; `forward` runs them; "
        "`loss` calls `self(x)` and adds two terms. One linear layer each way is enough.",
        "`super().__init__()` comes first. Then `self.encoder = nn.Sequential(nn.Linear(input_dim, "
        "latent_dim), nn.ReLU())`, and a decoder that leads back.",
        "`forward` ends with `return x_hat, code`. In `loss`, both terms are sums over `dim=1`: "
        "the squares of `x_hat - x`, and `code.abs()`.",
        "Add weight times penalty to the error while there is still a number for each picture, "
        "and take the mean over the batch at the very end.",
    ),
    stages=(
        Stage("builds", _builds),
        Stage("shape", _has_shapes),
        Stage("x → code → x_hat", _is_an_autoencoder),
        Stage("value", _has_the_right_loss),
        Stage("gradient", _has_the_right_gradient),
        Stage("training", _can_be_trained),
    ),
)

# --- kl_sparsity ----------------------------------------------------------------------------------


def _activations(generator: torch.Generator) -> list[tuple[Tensor, float]]:
    def around(batch: int, *means: float) -> Tensor:
        """Activations in (0, 1) whose units have different means."""
        spread = 0.4 + 1.2 * torch.rand(batch, len(means), generator=generator)
        return (torch.tensor(means) * spread).clamp(max=0.98)

    def mixed(batch: int, units: int) -> Tensor:
        return around(batch, *(0.03 + 0.85 * torch.rand(units, generator=generator)).tolist())

    return [
        (around(4, 0.1, 0.35, 0.7).mul(100).round().div(100), 0.2),  # small enough to print
        (mixed(7, 3), 0.05),
        (mixed(2, 9), 0.3),
        (around(50, 0.016, 0.04, 0.9), 0.05),  # rare, but not so rare that a millionth shows
        (mixed(1, 5), 0.1),
        (mixed(64, 30), 0.7),
    ]


def _kl(rho: Tensor | float, mean: Tensor | float) -> Tensor:
    rho, mean = torch.as_tensor(rho), torch.as_tensor(mean)
    return rho * (rho / mean).log() + (1 - rho) * ((1 - rho) / (1 - mean)).log()


def _is_finite(answer: Answer) -> None:
    """At means of exactly 0 and 1 the value must be finite, large, and so must the gradient."""
    target = 0.2
    for mean, words in ((0.0, "never active"), (1.0, "always fully active")):
        activations = torch.full((6, 3), 0.2)
        activations[:, 1] = mean
        activations.requires_grad_()
        got = answer(fresh(activations), target).detach()
        if got.isnan():
            raise Wrong(
                f"For a unit that is {words}, mean {mean:g}, your function returns nan: the "
                "logarithm of a negative number. Do not add a millionth to every mean, which takes "
                "1 beyond 1; clamp those that are exactly 0 or 1."
            )
        if not got.isfinite():
            raise Wrong(
                f"For a unit that is {words}, mean {mean:g}, your function returns {got.item():g}: "
                "the logarithm of 0. Move the means inside, `mean.clamp(1e-6, 1 - 1e-6)`, before "
                "the logarithms. (In float32, 1 - 1e-8 is exactly 1: a millionth is about as close "
                "as one can get.)"
            )
        least, most = _kl(target, abs(mean - 1e-3)).item(), 100.0
        if not least <= got.item() <= most:
            raise Wrong(
                f"For a unit that is {words}, mean {mean:g}, your function returns "
                f"{got.item():.4g}. Such a unit is far from the target and must cost more than one "
                f"with a mean of {abs(mean - 1e-3):g}, {least:.3g} nats, and no more than can be "
                "computed with: clamp the mean instead of leaving the unit out or mending the "
                "result."
            )
        result = answer(activations, target)
        (gradient,) = torch.autograd.grad(result, activations, allow_unused=True)
        if gradient is None or not gradient.isfinite().all():
            raise Wrong(
                f"For a unit that is {words}, mean {mean:g}, the value is finite but its gradient "
                "is not: a logarithm of 0 was computed and then hidden. Clamp the mean before the "
                "logarithm."
            )


kl_sparsity = Exercise(
    solution=solutions.kl_sparsity,
    difficulty=2,
    minutes=10,
    success=(
        "For activations [[0.1, 0.5], [0.3, 0.5]] and the target 0.2 you get 0.1927: the first "
        "unit is on target and costs nothing, the second costs all of it."
    ),
    hints=(
        "First the mean of each unit over the batch, `dim=0`. Everything after that works on a "
        "row with one number for each unit.",
        "Two terms for each unit: how often it should speak, and how often it should be silent. "
        "In each, the target stands above the mean inside the logarithm.",
        "A mean of exactly 0 or 1 has no logarithm: `.clamp(1e-6, 1 - 1e-6)` right after the mean. "
        "At the end sum over the units.",
    ),
    stages=(
        *Comparison(
            probes=_activations,
            shape="(): one number for the whole batch",
            advice=(
                "Carry the first unit through by hand: its mean over the batch, the two terms, "
                "their sum. Then print the same in your function."
            ),
            gradient="activations",
            mistakes=[
                Mistake(
                    lambda a, target: _kl(a.mean(0), target).sum(),
                    "The two are swapped: this is the divergence of the target from the means. The "
                    "target stands in front and above: `target * log(target / mean)`.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a.mean(0)),
                    "You have one number for each unit. Sum over the units at the end.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a.mean(0)).mean(),
                    "This is the mean over the units where the sum is wanted: a wider code would "
                    "be punished no more than a narrow one.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a).sum(1).mean(),
                    "You compared every single activation with the target and averaged last. It is "
                    "the *mean* over the batch that should meet the target: a unit may be fully on "
                    "for a few pictures. Take the mean first.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a).sum(),
                    "You compared every single activation with the target and summed over all. "
                    "First take the mean over the batch, then compare the means.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a).mean(),
                    "You compared every single activation with the target and averaged over all. "
                    "First the mean over the batch; at the end the sum over the units.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a.mean(1)).sum(),
                    "You averaged over the units of each picture, `dim=1`. The mean is taken over "
                    "the batch, `dim=0`, so that each unit has one.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a.mean()),
                    "You averaged over everything, so half of the units may be always on and the "
                    "others never. Each unit has a mean of its own: `dim=0`.",
                ),
                Mistake(
                    lambda a, target: (target * (target / a.mean(0)).log()).sum(),
                    "Only the first term is there. The second is for the times at which the unit "
                    "is silent: `(1 - target) * log((1 - target) / (1 - mean))`.",
                ),
                Mistake(
                    lambda a, target: ((1 - target) * ((1 - target) / (1 - a.mean(0))).log()).sum(),
                    "Only the second term is there. The first is for the times at which the unit "
                    "speaks: `target * log(target / mean)`.",
                ),
                Mistake(
                    lambda a, target: -_kl(target, a.mean(0)).sum(),
                    "The sign is turned round: the fractions inside the logarithms are upside "
                    "down, or there is a minus too many. A divergence is never negative.",
                ),
                Mistake(
                    lambda a, target: (
                        target * (target / a.mean(0)).log()
                        - (1 - target) * ((1 - target) / (1 - a.mean(0))).log()
                    ).sum(),
                    "The second term is subtracted. Both are added.",
                ),
                Mistake(
                    lambda a, target: (
                        -target * a.mean(0).log() - (1 - target) * (1 - a.mean(0)).log()
                    ).sum(),
                    "This is the cross-entropy: the same gradient, but it is not 0 when every unit "
                    "is on target. The target stands inside the logarithms too.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a.mean(0)).sum() / torch.tensor(2.0).log(),
                    "This is in bits: you took the logarithm to the base 2. Nats are wanted, "
                    "`torch.log`.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a.mean(0)).sum() / torch.tensor(10.0).log(),
                    "You took the logarithm to the base 10. The natural one is wanted, "
                    "`torch.log`.",
                ),
                *(
                    Mistake(
                        lambda a, target, mean=mean, inside=inside: _kl(
                            target, inside(mean(a))
                        ).sum(),
                        "Your means are not means over the batch: `sum(0)` is to be divided by the "
                        "number of pictures, not by nothing and not by the number of units. "
                        "`mean(dim=0)` does both.",
                    )
                    for mean in (lambda a: a.sum(0), lambda a: a.sum(0) / a.shape[1])
                    for inside in (lambda mean: mean.clamp(1e-6, 1 - 1e-6), lambda mean: mean)
                ),
                Mistake(
                    lambda a, target: (
                        target * (target / a.mean(0)).log() + ((1 - target) / (1 - a.mean(0))).log()
                    ).sum(),
                    "The factor `(1 - target)` before the second logarithm is forgotten.",
                ),
                Mistake(
                    lambda a, target: (
                        (target / a.mean(0)).log()
                        + (1 - target) * ((1 - target) / (1 - a.mean(0))).log()
                    ).sum(),
                    "The factor `target` before the first logarithm is forgotten.",
                ),
                Mistake(
                    lambda a, target: (
                        (target / a.mean(0)).log() + ((1 - target) / (1 - a.mean(0))).log()
                    ).sum(),
                    "Both factors are forgotten: `target` stands before the first logarithm and "
                    "`(1 - target)` before the second.",
                ),
                Mistake(
                    lambda a, target: _kl(target, torch.sigmoid(a).mean(0)).sum(),
                    "You passed the activations through a sigmoid once more. They are already "
                    "between 0 and 1.",
                ),
                Mistake(
                    lambda a, target: (a.mean(0) - target).square().sum(),
                    "This is the squared distance of the means from the target. The divergence has "
                    "logarithms in it.",
                ),
                Mistake(
                    lambda a, target: (a.mean(0) - target).abs().sum(),
                    "This is the distance of the means from the target. The divergence has "
                    "logarithms in it.",
                ),
                Mistake(
                    lambda a, target: _kl(target, a.mean(0)).sum() * len(a),
                    "Your result grows with the size of the batch: the divergence is counted once "
                    "for each picture. It is one number for the batch.",
                ),
                Mistake(
                    lambda a, target: _kl(0.05, a.mean(0)).sum(),
                    "Your target is 0.05 whatever the argument says. Use `target`.",
                ),
                Mistake(
                    lambda a, target: _kl(
                        target, (a > 0.5).float().mean(0).clamp(0.01, 0.99)
                    ).sum(),
                    "You counted how often a unit is above ½ instead of taking its mean "
                    "activation. A count has no gradient to learn from.",
                ),
                *(
                    Mistake(
                        lambda a, target, size=size, sign=sign: (
                            target * (target / (a.mean(0) + size)).log()
                            + (1 - target) * ((1 - target) / (1 - a.mean(0) + sign * size)).log()
                        ).sum(),
                        f"You added {size:g} inside the logarithms, which changes the result for "
                        "every unit. Leave the means as they are, and move only those that are "
                        "exactly 0 or 1: `clamp(1e-6, 1 - 1e-6)`.",
                    )
                    for size in (1e-5, 1e-4, 1e-3, 1e-2)
                    for sign in (1, -1)
                ),
            ],
        ).stages,
        Stage("finite", _is_finite),
    ),
)

# --- top_k_code -----------------------------------------------------------------------------------


def _codes(generator: torch.Generator) -> list[tuple[Tensor, int]]:
    def code(batch: int, latent: int) -> Tensor:
        """Magnitudes that differ clearly within a row, of either sign; rows of unequal size."""
        size = 2 + torch.rand(batch, latent, generator=generator).argsort(1)
        sign = torch.randint(0, 2, (batch, latent), generator=generator) * 2 - 1
        return size * sign * torch.logspace(-1, 1, batch)[:, None]

    example = torch.tensor(
        [[0.5, -3.0, 0.25, 2.0, -1.0], [-7.5, 5.0, -25.0, -15.0, 12.5], [0.4, 0.1, 0.3, -0.5, 0.2]]
    )
    return [
        (example, 2),
        (code(7, 3), 1),
        (code(3, 12), 5),
        (code(1, 6), 4),
        (-code(5, 8).abs(), 3),  # nothing is positive
        (code(4, 4), 4),  # k = latent: nothing is dropped
        (code(20, 40), 10),
    ]


def _keep(code: Tensor, kept: Tensor) -> Tensor:
    return torch.zeros_like(code).scatter(1, kept, code.gather(1, kept))


def _at_least(code: Tensor, k: int) -> Tensor:
    return code * (code.abs() >= code.abs().topk(k, dim=1).values[:, -1:])


def _has_ties(answer: Answer) -> None:
    """Exactly k survive where magnitudes are equal; which of the equal ones, is free."""
    _has_near_ties(answer)
    for code, k in (
        (torch.tensor([[1.0, -1.0, 1.0, 0.5], [2.0, 2.0, -2.0, -2.0]]), 2),
        (torch.tensor([[-3.0, 0.5, 0.5, 0.5, -0.5], [1.0, 1.0, 1.0, 1.0, 1.0]]), 3),
    ):
        leaf = fresh(code).requires_grad_()
        result = answer(leaf, k)
        counts = (result != 0).sum(1)
        if not bool((counts == k).all()):
            raise Wrong(
                f"Where magnitudes are equal, k = {k} is not kept: of {code.tolist()} there are "
                f"{counts.tolist()} numbers left in the rows. A threshold, `>=` or `>`, cannot "
                "tell equal ones apart; take the *indices* that `topk` returns."
            )
        wanted = code.abs().topk(k, dim=1).values.sum(1)
        if not torch.equal(result.abs().sum(1), wanted) or bool(
            ((result != 0) & (result != code)).any()
        ):
            raise Wrong(
                f"Where magnitudes are equal, the result is {result.tolist()} for {code.tolist()} "
                f"and k = {k}: not k of the largest, unchanged and in their places."
            )
        (gradient,) = torch.autograd.grad(result.sum(), leaf)
        if not torch.equal(gradient, (result != 0).float()):
            raise Wrong(
                f"Where magnitudes are equal, the gradient for {code.tolist()} is "
                f"{gradient.tolist()}: it must be 1 where a number was kept, and 0 elsewhere."
            )


def _has_near_ties(answer: Answer) -> None:
    """Magnitudes that differ by a ten-thousandth are not equal."""
    generator = answer.generator()
    order = torch.rand(8, 20, generator=generator).argsort(1)
    sign = torch.randint(0, 2, (8, 20), generator=generator) * 2 - 1
    code = (1 + 1e-4 * order) * sign
    if not torch.equal(answer(fresh(code), 7) != 0, order >= 13):
        raise Wrong(
            "Where magnitudes differ by no more than 0.0001, you kept others than the k largest. "
            "Is something added to the magnitudes, to tell equal ones apart, or are they rounded? "
            "Leave them as they are: `topk` returns exactly k indices where some are equal too."
        )


top_k_code = Exercise(
    solution=solutions.top_k_code,
    difficulty=2,
    minutes=15,
    success=(
        "For [[0.5, -3, 0, 2]] and k = 2 you get [[0, -3, 0, 2]], and the gradient of its sum is "
        "[[0, 1, 0, 1]]: what was dropped learns nothing."
    ),
    hints=(
        "Which entries are kept depends on their magnitude, `code.abs()`; what is kept is the "
        "entry itself, with its sign. `topk` works along an axis and also returns indices.",
        "Make a mask with 1 at those indices and 0 elsewhere: `torch.zeros_like(code)`, and then "
        "its method `scatter` along `dim=1`.",
        "The product of code and mask has the right gradient by itself: where the mask is 0, "
        "nothing flows.",
    ),
    stages=(
        *Comparison(
            probes=_codes,
            shape="(batch, latent), the shape of the code: what is dropped leaves a 0 behind",
            advice=(
                "Take the first row: sort its magnitudes in your head, mark the k largest, and "
                "compare with what came back."
            ),
            gradient="code",
            mistakes=[
                Mistake(
                    lambda code, k: code,
                    "You returned the code as it is. All but k entries of each row become 0.",
                ),
                Mistake(
                    lambda code, k: _keep(code, code.topk(k, dim=1).indices),
                    "You kept the k largest, so a large negative number is dropped for a small "
                    "positive one. Magnitude decides: `topk` of `code.abs()`.",
                ),
                Mistake(
                    lambda code, k: _keep(code, code.abs().topk(k, dim=1).indices).abs(),
                    "The right ones are kept, but without their sign. `abs()` is only for "
                    "choosing: return the entries of `code` itself.",
                ),
                Mistake(
                    lambda code, k: _keep(code, code.abs().topk(k, dim=1).indices).relu(),
                    "Negative entries are gone. A large negative number is as much a part of the "
                    "code as a positive one; no ReLU is wanted here.",
                ),
                Mistake(
                    lambda code, k: _keep(code, code.abs().topk(k, 1, largest=False).indices),
                    "You kept the k smallest. Sorting and `argsort` go upwards: the largest are at "
                    "the end, unless you ask for `descending=True`.",
                ),
                Mistake(
                    lambda code, k: code - _keep(code, code.abs().topk(k, dim=1).indices),
                    "You set the k largest to 0 and kept the others. It is the other way round.",
                ),
                Mistake(
                    lambda code, k: code.gather(1, code.abs().topk(k, dim=1).indices),
                    "You returned only the k kept entries. They stay in their places, with 0 in "
                    "all others, so that each unit keeps its own column of the decoder.",
                ),
                Mistake(
                    lambda code, k: code.abs().topk(k, dim=1).values,
                    "You returned the k largest magnitudes. The entries themselves, with their "
                    "sign, stay in their places, and the others become 0.",
                ),
                Mistake(
                    lambda code, k: _keep(torch.ones_like(code), code.abs().topk(k, dim=1).indices),
                    "You returned the mask. Multiply the code by it.",
                ),
                Mistake(
                    lambda code, k: torch.cat(
                        [
                            code.gather(1, code.abs().topk(k, dim=1).indices),
                            torch.zeros_like(code[:, k:]),
                        ],
                        dim=1,
                    ),
                    "The right ones are kept, but moved to the front. Each stays in its place.",
                ),
                Mistake(
                    lambda code, k: code * (torch.arange(code.shape[1]) < k),
                    "You kept the first k columns. Magnitude decides, in each row anew.",
                ),
                Mistake(
                    lambda code, k: _keep(code.T, code.T.abs().topk(k, dim=1).indices).T,
                    "You kept k entries of each column. The k largest of each *row* are wanted: "
                    "one row is one picture, `dim=1`.",
                ),
                Mistake(
                    lambda code, k: code.abs().topk(k, dim=0).values,
                    "You chose along the columns, `dim=0`, and there are not always k pictures to "
                    "choose from. The k largest of each *row* are wanted, `dim=1`.",
                ),
                Mistake(
                    lambda code, k: _keep(
                        code.reshape(1, -1), code.reshape(1, -1).abs().topk(k, dim=1).indices
                    ).view_as(code),
                    "You kept k entries of the whole batch. Each row keeps k of its own: `dim=1`.",
                ),
                Mistake(
                    lambda code, k: _keep(
                        code.reshape(1, -1),
                        code.reshape(1, -1).abs().topk(k * len(code), dim=1).indices,
                    ).view_as(code),
                    "You kept k per row on average, the largest of the whole batch. Each row keeps "
                    "exactly k of its own: `dim=1`.",
                ),
                Mistake(
                    lambda code, k: _keep(
                        code,
                        code.abs().mean(0).topk(k).indices.expand(len(code), k),
                    ),
                    "Every row keeps the same k units, those that are largest on average. Each "
                    "picture chooses its own.",
                ),
                Mistake(
                    lambda code, k: _keep(
                        code, code.abs().topk(min(k + 1, code.shape[1]), dim=1).indices
                    ),
                    "You kept k + 1 entries of each row, one too many.",
                ),
                Mistake(
                    lambda code, k: _keep(code, code.abs().topk(k, dim=1).indices[:, : k - 1]),
                    "You kept k - 1 entries of each row: a threshold with `>` loses the k-th "
                    "itself, and so does a slice that ends too early.",
                ),
                Mistake(
                    lambda code, k: F.normalize(_keep(code, code.abs().topk(k, 1).indices), dim=1),
                    "The right ones are kept, but scaled to length 1. Leave them as they are.",
                ),
                Mistake(
                    lambda code, k: (
                        code + (_keep(code, code.abs().topk(k, dim=1).indices) - code).detach()
                    ),
                    "The numbers are right, but the gradient flows through all entries, as if "
                    "nothing had been dropped. What is dropped must learn nothing: multiply by the "
                    "mask and leave it at that.",
                ),
            ],
        ).stages,
        Stage("ties", _has_ties),
    ),
)
