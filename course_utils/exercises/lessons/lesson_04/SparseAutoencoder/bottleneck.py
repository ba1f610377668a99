"""Is it an autoencoder? From x to a code, and from the code, alone, to x_hat."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer, Wrong, generator_at
from course_utils.exercises.lessons.lesson_04.SparseAutoencoder.pictures import draw_pictures, run

NOT_SEEN = (
    "x reaches the reconstruction by a way that its gradient does not see, such as `x.detach()` or "
    "`x > 0`. Decode the code that you return, and nothing else."
)


def is_an_autoencoder(answer: Answer) -> None:
    """x → code → x_hat, each from the one before, example by example, and all of it trainable."""
    generator = answer.generator()
    model = networks.build(answer, input_dim=64, latent_dim=24, sparsity_weight=0.4375)
    x = draw_pictures(12, 64, generator)
    with networks.expect_no_seeding("`forward`", lambda: answer.call(model, x)):
        x_hat, code = run(answer, model, x)
    again = run(answer, model, x)
    if not all(map(torch.equal, (x_hat, code), again)):
        raise Wrong(
            "The same x gave two different results in evaluation mode. Layers must be made once, "
            "in `__init__`; and noise, if you want any, belongs into training alone: "
            "`if self.training:`, or `nn.Dropout`, which knows."
        )
    alone = run(answer, model, x[:1])
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
    expect_no_way_round(model, x[:4], NOT_SEEN)
    networks.expect_registered(model, x_hat, code)
    networks.expect_fixed(model, "sparsity_weight", 0.4375)
    if not networks.leaves(code):
        raise Wrong(
            "No parameter of your model has a part in the code, so the encoder has nothing to "
            "learn. Let a layer of its own make the code from x."
        )
    _expect_all_decoded(model, x)
    _expect_a_price(model, x)


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


def expect_no_way_round(model: nn.Module, x: Tensor, message: str) -> None:
    """Where a step of x leaves the codes still, the reconstructions must stand still as well.

    The batch is looked at as a whole, since batch normalisation couples its pictures in training,
    and every pass draws the same noise. The steps lead away from pixels that are exactly 0.
    """
    stream = torch.default_generator
    state = stream.get_state()

    def again(x: Tensor) -> tuple[Tensor, Tensor]:
        stream.set_state(state)
        x_hat, code = model(x)
        return x_hat, code

    leaf = x.clone().requires_grad_()
    x_hat, code = again(leaf)
    if not all(map(torch.equal, (x_hat, code), again(x))):
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
    directions = torch.randn(7, x.numel(), generator=generator_at(0)).double()
    still = directions - directions @ rows.mT @ rows
    with torch.no_grad():

        def moved(direction: Tensor) -> tuple[Tensor, Tensor]:
            """By how much the reconstruction and the code move under a step of this direction."""
            step = 1e-2 * len(x) ** 0.5 * direction / direction.norm()
            step = step.view_as(x).float()
            return tuple(
                (after - before).norm()
                for after, before in zip(again(x + step), (x_hat, code), strict=True)
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
    weights = torch.rand(x_hat.shape, generator=generator_at(0))
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
