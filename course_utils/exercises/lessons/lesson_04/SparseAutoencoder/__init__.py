"""`SparseAutoencoder`, lesson 04: a network that pays for its code."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.lessons.lesson_04.SparseAutoencoder.bottleneck import (
    expect_no_way_round,
    is_an_autoencoder,
)
from course_utils.exercises.lessons.lesson_04.SparseAutoencoder.pictures import (
    SIZES,
    draw_pictures,
    run,
)
from course_utils.exercises.lessons.lesson_04.SparseAutoencoder.price import (
    ERRORS,
    PENALTIES,
    Sample,
    expect_own_weight,
    expect_sum_under_noise,
    has_the_right_loss,
    nearly_equal,
    right_loss,
)


class SparseAutoencoder(nn.Module):
    """An autoencoder that pays for every number in its code.

    x is (batch, input_dim), in [0, 1]. Any encoder and any decoder will do. What is to be small is
    the squared error, summed over the pixels, plus sparsity_weight times the L1 norm of the code;
    of both, the mean over the batch.
    """

    def __init__(
        self, input_dim: int = 784, latent_dim: int = 64, sparsity_weight: float = 1e-3
    ) -> None:
        super().__init__()
        self.sparsity_weight = sparsity_weight
        self.encoder = nn.Sequential(nn.Linear(input_dim, latent_dim), nn.ReLU())
        self.decoder = nn.Sequential(nn.Linear(latent_dim, input_dim), nn.Sigmoid())

    def forward(
        self, x: Float[Tensor, "batch input_dim"]
    ) -> tuple[Float[Tensor, "batch input_dim"], Float[Tensor, "batch latent_dim"]]:
        """The reconstruction and the code, (x_hat, code)."""
        code = self.encoder(x)
        return self.decoder(code), code

    def loss(self, x: Float[Tensor, "batch input_dim"]) -> Float[Tensor, ""]:
        """What training minimises: one number for the whole batch."""
        x_hat, code = self(x)
        error = (x_hat - x).square().sum(dim=1)
        penalty = code.abs().sum(dim=1)
        return (error + self.sparsity_weight * penalty).mean()


ONLY_IN_TRAINING = (
    "In training mode x reaches the reconstruction past the code; in evaluation mode it does not. "
    "Decode the code that you return, and nothing else, in both: leave such a step out of "
    "`if self.training:`."
)


def _builds(answer: Answer) -> None:
    networks.build(answer)
    networks.build(answer, input_dim=144, latent_dim=10, sparsity_weight=0.4375)


def _has_shapes(answer: Answer) -> None:
    for input_dim, latent_dim in SIZES:
        for batch in (5, 1):
            x = draw_pictures(batch, input_dim, answer.generator())
            model = networks.build(answer, input_dim=input_dim, latent_dim=latent_dim)
            sizes = f"`SparseAutoencoder(input_dim={input_dim}, latent_dim={latent_dim})`"
            try:
                x_hat, code = run(answer, model, x)
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


def _has_the_right_gradient(answer: Answer) -> None:
    generator = answer.generator()
    model = networks.build(answer, 64, 24, 0.4375)
    x = draw_pictures(12, 64, generator)
    run(answer, model, x)
    networks.perturb(model, generator)
    _expect_gradient(answer, model, x)
    try:
        _expect_gradient(answer, model.train(), x)
    except Wrong as wrong:
        raise Wrong(f"In training mode, after `model.train()`: {wrong}") from None


def _expect_gradient(answer: Answer, model: nn.Module, x: Tensor) -> None:
    """Raise `Wrong` unless the gradient of the loss is that of its parts, under the same noise."""
    state = torch.get_rng_state()
    loss = answer.call(model.loss, x)
    if not loss.requires_grad:
        raise Wrong(
            "The loss is the right number, but nothing could be trained with it: it does not "
            "remember how it was computed. Leave out `.item()`, `.detach()`, `torch.no_grad()` and "
            "`torch.tensor(...)`."
        )
    torch.set_rng_state(state)
    x_hat, code = run(answer, model, x)
    sample = Sample(x, x_hat, code, 0.4375, model)
    if model.training and not nearly_equal(loss.detach(), right_loss(sample)):
        return  # noise of another kind, or a wrong number, which the next stage explains
    error, penalty = ERRORS[0].value(sample), PENALTIES[0].value(sample)
    parameters = [p for p in model.parameters() if p.requires_grad]
    got = _gradients(loss, parameters)
    if not nearly_equal(got, _gradients(error + penalty, parameters)):
        if nearly_equal(got, _gradients(error, parameters)):
            raise Wrong(
                "The penalty is counted but has no gradient: the code is detached before its "
                "absolute values are summed, so the encoder never hears of the price."
            )
        if nearly_equal(got, _gradients(penalty, parameters)):
            raise Wrong(
                "The error of the reconstruction is counted but has no gradient: x_hat is detached "
                "before it is compared with x."
            )
        raise Wrong(
            "The loss is the right number, but its gradient is not that of error + weight · "
            "penalty. Look in `loss` for a part that is detached or computed under "
            "`torch.no_grad()`."
        )
    if not model.training:  # there noise may drown a layer, as the next stage says
        networks.expect_all_reached(model, loss)


def _gradients(loss: Tensor, parameters: Sequence[Tensor]) -> Tensor:
    """The gradient with respect to all parameters in one long row, 0 where there is none."""
    rows = torch.autograd.grad(
        loss, parameters, retain_graph=True, allow_unused=True, materialize_grads=True
    )
    return torch.cat([row.flatten() for row in rows])


def _can_be_trained(answer: Answer) -> None:
    model = networks.build(answer, 64, 24, 0.4375)
    x = draw_pictures(32, 64, answer.generator())
    run(answer, model, x)  # lazy layers find their size
    networks.expect_no_traces(answer, model, x)
    batches = x, x[:7]  # of two sizes: a sum over the batch for a mean is known by both
    expect_sum_under_noise(answer, model.train(), batches, "In training mode")
    expect_no_way_round(model.train(), x[:4], ONLY_IN_TRAINING)
    losses = networks.train(answer, model, model.loss, x)
    first, last = (sum(part) / 5 for part in (losses[:5], losses[-5:]))
    if not last < first:
        raise Wrong(
            f"Sixty steps of Adam on one batch took the loss from {first:.4g} to {last:.4g}: the "
            "model does not learn. Look for an activation that saturates, a code that is dead, or "
            "noise that is larger than the signal."
        )
    expect_sum_under_noise(answer, model.eval(), batches, "After sixty steps of training")
    expect_own_weight(answer, x)


exercise = Exercise(
    solution=SparseAutoencoder,
    place=1,
    difficulty=3,
    minutes=20,
    success=(
        "A network of your own with a price on its code. In the next cell it is trained on your "
        "data; see how few of its units answer to a digit. (If all of them do, no number of your "
        "code is ever exactly 0: let it end in a ReLU, and return what comes out of that.)"
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
        Stage("x → code → x_hat", is_an_autoencoder),
        Stage("value", has_the_right_loss),
        Stage("gradient", _has_the_right_gradient),
        Stage("training", _can_be_trained),
    ),
)
