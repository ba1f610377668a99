"""`ConditionalVAE`, lesson 11: a VAE that is told the label, on both sides."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.halves import (
    expect_gradient_through_the_draw,
    expect_rows_of_one,
    expect_shapes,
)
from course_utils.exercises.checking.modes import in_both_modes
from course_utils.exercises.lessons.lesson_11.ConditionalVAE.asking import (
    LABELS,
    SIZES,
    ask,
    decode,
    draw_batch,
    encode,
    small_model,
)
from course_utils.exercises.lessons.lesson_11.ConditionalVAE.draw import draws_and_decodes
from course_utils.exercises.lessons.lesson_11.ConditionalVAE.label import (
    expect_all_saved,
    knows_the_label,
)
from course_utils.losses import bernoulli_nll, gaussian_kl


class ConditionalVAE(nn.Module):
    """A VAE whose encoder and decoder are both told the label.

    x is (batch, input_dim), in [0, 1]; y is (batch,), whole numbers from 0 to num_classes - 1. Any
    layers will do. Labels are names, not amounts: 9 is no more than 3. So each enters as a row of
    its own: zeros with a one at its place, say, or what an `nn.Embedding` holds for it.
    """

    def __init__(self, input_dim: int = 784, latent_dim: int = 20, num_classes: int = 10) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.encoder = nn.Sequential(
            nn.Linear(input_dim + num_classes, 256), nn.ReLU(), nn.Linear(256, 2 * latent_dim)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim + num_classes, 256), nn.ReLU(), nn.Linear(256, input_dim)
        )

    def encode(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The two halves of q(z|x, y): (mu, log_var), each (batch, latent_dim)."""
        both = torch.cat([x, F.one_hot(y, self.num_classes).float()], dim=1)
        mu, log_var = self.encoder(both).chunk(2, dim=1)
        return mu, log_var

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """The logits of the pixels, before any sigmoid: (batch, input_dim)."""
        both = torch.cat([z, F.one_hot(y, self.num_classes).float()], dim=1)
        return self.decoder(both)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Encode, draw one z from q, decode it: (logits, mu, log_var)."""
        mu, log_var = self.encode(x, y)
        z = mu + torch.exp(log_var / 2) * torch.randn_like(mu)
        return self.decode(z, y), mu, log_var


def _builds(answer: Answer) -> None:
    for sizes in SIZES:
        input_dim, latent_dim, num_classes = sizes
        networks.build(answer, input_dim=input_dim, latent_dim=latent_dim, num_classes=num_classes)
    networks.build(answer)


def _has_shapes(answer: Answer) -> None:
    for sizes in SIZES:
        if sizes == SIZES[0]:
            _expect_first_shapes(answer, *sizes)
            continue
        given = "input_dim={}, latent_dim={}, num_classes={}".format(*sizes)
        with networks.explained_crash(
            f"With the sizes of MNIST it runs, with `ConditionalVAE({given})` it does not. Is a "
            "size written into a layer as a number, the 784, the 20 or the 10? Take each from the "
            "arguments."
        ):
            _expect_shapes(answer, *sizes)
    _expect_any_labels(answer)


def _expect_first_shapes(answer: Answer, *sizes: int) -> None:
    try:
        _expect_shapes(answer, *sizes)
    except Crash as crash:
        if "must match except in dimension 0" not in str(crash.error):
            raise
        raise Wrong(
            "`torch.cat` is asked to put labels below pictures, as more rows. They belong beside "
            f"them, as more columns: `torch.cat([x, rows], dim=1)`.\n{crash}"
        ) from None


def _expect_shapes(answer: Answer, input_dim: int, latent_dim: int, num_classes: int) -> None:
    model = networks.build(
        answer, input_dim=input_dim, latent_dim=latent_dim, num_classes=num_classes
    )
    x, y = draw_batch(5, input_dim, num_classes, answer.generator())
    z = torch.randn(5, latent_dim, generator=answer.generator())
    results = (
        ("encode(x, y)", encode(answer, model, x, y)),
        ("decode(z, y)", (decode(answer, model, z, y),)),
        ("forward(x, y)", ask(answer, model, x, y)),
    )
    expect_shapes(input_dim, latent_dim, results)


def _expect_any_labels(answer: Answer) -> None:
    """Batches that lack the largest label, that have only one, and a batch of one."""
    model = networks.build(answer, input_dim=64, latent_dim=6, num_classes=4)
    x, _ = draw_batch(3, 64, 4, answer.generator())
    for y in (torch.tensor([1, 0, 1]), torch.tensor([2, 2, 2])):
        with networks.explained_crash(
            f"With the labels {y.tolist()} of num_classes=4 it stops. `F.one_hot(y)` alone makes "
            "as many columns as the largest label of the batch needs; say how many there are: "
            "`F.one_hot(y, self.num_classes)`."
        ):
            ask(answer, model, x, y)
    with networks.explained_crash("A batch of one picture stops your model."):
        results = ask(answer, model, x[:1], torch.tensor([3]))
    expect_rows_of_one(64, 6, *results)


def _can_be_trained(answer: Answer) -> None:
    """Every parameter learns from the negative ELBO, and the label is used."""
    model, x, y, z = small_model(answer, spread=0.0)
    centres = (torch.rand(LABELS, 64, generator=answer.generator()) < 0.5).float()
    x = centres[y]

    def loss(x: Tensor, y: Tensor) -> Tensor:
        logits, mu, log_var = model(x, y)
        return (bernoulli_nll(logits, x) + gaussian_kl(mu, log_var)).mean()

    logits, mu, log_var = ask(answer, model, x, y)
    networks.expect_registered(model, logits, mu, log_var)
    expect_all_saved(answer, model, x, y, z)
    value = answer.call(loss, x, y)
    in_both_modes(_sends_gradient_through_the_draw)(answer)
    networks.expect_all_reached(model, value)
    start = value.item()
    for _ in range(8):  # narrow networks need longer
        losses = networks.train(answer, model, loss, x, y, steps=50)
        if losses[-1] < 0.9 * start:
            return
    raise Wrong(
        "400 steps of Adam on pictures that the label alone tells apart took the negative ELBO "
        f"from {start:.1f} to {losses[-1]:.1f} nats; it should fall by more than a tenth. Is a "
        "layer frozen, with `requires_grad` set to False, or what goes in scaled to nothing?"
    )


def _sends_gradient_through_the_draw(answer: Answer, training: bool) -> None:
    model, x, y, _ = small_model(answer)
    model.train(training)
    expect_gradient_through_the_draw(model, lambda: ask(answer, model, x, y), x)


exercise = Exercise(
    solution=ConditionalVAE,
    place=1,
    difficulty=3,
    minutes=25,
    success=(
        "A network that can be asked for a digit. The next cells train one like it, and ask it for "
        "all ten in one handwriting."
    ),
    hints=(
        "It is the VAE of lesson 08 with two wider first layers: the encoder's takes `input_dim + "
        "num_classes` numbers, the decoder's `latent_dim + num_classes`. Keep `num_classes`.",
        "`F.one_hot(y, self.num_classes).float()` makes a row of zeros with a one for each label, "
        "and `torch.cat([x, rows], dim=1)` joins it to the pictures.",
        "`encode` ends with `mu, log_var = self.encoder(both).chunk(2, dim=1)`, where the last "
        "layer has `2 * latent_dim` outputs. `decode` ends without a sigmoid.",
        "`forward` is three lines: `self.encode`, then z as in lesson 07, `mu + "
        "torch.exp(log_var / 2) * torch.randn_like(mu)`, then `self.decode` with the same labels.",
    ),
    stages=(
        Stage("builds", _builds),
        Stage("shape", _has_shapes),
        Stage("label", in_both_modes(knows_the_label)),
        Stage("z = μ + σε", in_both_modes(draws_and_decodes)),
        Stage("training", _can_be_trained),
    ),
)
