"""The value of the loss: an error and a penalty, and the wrong ways to write each of them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.expect import expect_close, expect_type
from course_utils.exercises.checking.parts import Part, explained
from course_utils.exercises.checking.words import describe_type
from course_utils.exercises.lessons.lesson_04.SparseAutoencoder.pictures import (
    SIZES,
    draw_pictures,
    run,
)


class Sample(NamedTuple):
    """What a loss may be made of: a batch, and what the answer's own model makes of it."""

    x: Tensor
    x_hat: Tensor
    code: Tensor
    weight: float
    model: nn.Module


def _squares(s: Sample) -> Tensor:
    return (s.x_hat - s.x).square()


def _weights(model: nn.Module) -> list[Tensor]:
    return [p for p in model.parameters() if p.ndim > 1]


def _lengths_in_decoder(s: Sample) -> Tensor:
    """Of each unit, the length of its column in the layer that draws from the code."""
    shape = (s.x.shape[1], s.code.shape[1])
    return next((p.norm(dim=0) for p in _weights(s.model) if p.shape == shape), torch.zeros(()))


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
        lambda s: s.weight * (s.code != 0).float().sum(1).mean(),
        "The penalty counts the units that are not 0, which is L0. A count has no gradient, so no "
        "training would lower it; L1, the sum of absolute values, stands in for it.",
    ),
    Part(
        lambda s: s.weight * s.code.abs().amax(1).mean(),
        "The penalty is the largest number of each code alone. L1 is the sum of all their absolute "
        "values.",
    ),
    Part(
        lambda s: s.weight * (s.code.abs() * _lengths_in_decoder(s)).sum(1).mean(),
        "The penalty weighs each number of the code with the length of its column in the decoder: "
        "the honest bill of the lesson. Here the plain L1 norm of the code is asked for.",
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


def has_the_right_loss(answer: Answer) -> None:
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
        model = networks.build(answer, *arguments)
        run(answer, model, draw_pictures(2, input_dim, generator))  # lazy layers find their size
        networks.perturb(model, generator)
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        price = 1e-3 if weight is None else weight
        earlier, x = (draw_pictures(batch, input_dim, generator) for _ in range(2))
        stale = Sample(earlier, *run(answer, model, earlier), price, model)
        loss = _loss(answer, model, x)  # before forward has seen this x
        _expect_number(loss, batch)
        networks.expect_untouched(model, before)
        sample = Sample(x, *run(answer, model, x), price, model)
        trials.append((loss.detach(), sample, stale))
    if all(nearly_equal(loss, right_loss(stale)) for loss, _, stale in trials):
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


def _explains(value: Callable[[Sample], Tensor], trials: Sequence[tuple[Tensor, Sample]]) -> bool:
    return all(nearly_equal(loss, _outcome(value, sample)) for loss, sample in trials)


def _known_parts(trials: Sequence[tuple[Tensor, Sample]]) -> bool:
    """Whether each loss is error + penalty; raises `Wrong` if a part is wrong in a known way."""

    def fits(error: Callable, penalty: Callable) -> bool:
        return _explains(lambda s: error(s) + penalty(s), trials)

    return explained(fits, ERRORS, PENALTIES)


def _expect_sum(trials: Sequence[tuple[Tensor, Sample]]) -> None:
    """Raise `Wrong` unless each loss is error + penalty; name the parts it is made of if known."""

    if _known_parts(trials):
        return

    def explains(value: Callable[[Sample], Tensor]) -> bool:
        return _explains(value, trials)

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
            right_loss(s),
            given,
            f"Your own x_hat and code have the squared error {ERRORS[0].value(s).item():.5g} per "
            f"picture and the L1 norm {s.code.abs().sum(1).mean().item():.5g} per code. Print the "
            "same two numbers inside `loss`. Is the penalty on the very code that `forward` "
            "returns, after its activation?",
        )


def expect_sum_under_noise(
    answer: Answer, model: nn.Module, batches: Sequence[Tensor], when: str
) -> None:
    """Raise `Wrong` unless the loss is the same sum as ever, under the same noise as `forward`.

    Dropout and the like draw from torch's stream, which is set back for each call. A loss that
    calls `forward` twice, for x_hat and then for the code, sees two draws; that is right as well.
    """
    trials = []
    for x in batches:
        state = torch.get_rng_state()
        one, other = run(answer, model, x), run(answer, model, x)
        torch.set_rng_state(state)
        again = run(answer, model, x)
        if not all(map(torch.equal, one, again)):
            return  # noise of another source: nothing to compare with
        torch.set_rng_state(state)
        loss = answer.call(model.loss, x)
        pairs = (one[0], one[1]), (one[0], other[1]), (other[0], one[1])
        samples = [Sample(x, *pair, 0.4375, model) for pair in pairs]
        if any(nearly_equal(loss.detach(), right_loss(sample)) for sample in samples):
            continue
        trials.append((loss.detach(), samples[0]))
    if not trials:
        return
    loss, sample = trials[0]
    cause = _cause(trials) if len(trials) > 1 else ""
    raise Wrong(
        f"{when} your loss is {loss.item():.6g} where its own x_hat and code make it "
        f"{right_loss(sample).item():.6g}; before, in evaluation mode, it was right. {cause}What "
        "is trained should be what is reported: leave `self.training`, and whatever counts calls, "
        "out of `loss`."
    )


def _cause(trials: Sequence[tuple[Tensor, Sample]]) -> str:
    """What is known to be wrong with the parts of a loss, and a space; or nothing."""
    try:
        _known_parts(trials)
    except Wrong as wrong:
        return f"{wrong} "
    return ""


def expect_own_weight(answer: Answer, x: Tensor) -> None:
    """Raise `Wrong` if a model is charged the price of another that was built after it."""
    model = networks.build(answer, x.shape[1], 24, 0.75)
    networks.build(answer, x.shape[1], 24, 0.25)
    loss = answer.call(model.loss, x).detach()
    sample = Sample(x, *run(answer, model, x), 0.75, model)
    if not nearly_equal(loss, right_loss(sample)):
        raise Wrong(
            "One model by itself is right, but after a second one was built, with another "
            "`sparsity_weight`, the loss of the first has changed. The weight is kept where all "
            "models share it, in the class or in a global variable. Keep it in the instance: "
            "`self.sparsity_weight = sparsity_weight`."
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


def right_loss(s: Sample) -> Tensor:
    return (ERRORS[0].value(s) + PENALTIES[0].value(s)).detach()


def nearly_equal(a: Tensor, b: Tensor | None) -> bool:
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
