"""`VectorQuantizer`, lesson 12: the nearest vector, two losses, a gradient straight through."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.expect import expect_shape
from course_utils.exercises.checking.modes import in_both_modes
from course_utils.exercises.lessons.lesson_12.VectorQuantizer.choice import chooses_the_nearest
from course_utils.exercises.lessons.lesson_12.VectorQuantizer.loss import (
    has_the_right_loss,
    passes_straight_through,
    teaches_both,
)
from course_utils.exercises.lessons.lesson_12.VectorQuantizer.trials import (
    Trial,
    draw_trials,
    find_codebook,
    prepared,
    run,
)


class VectorQuantizer(nn.Module):
    """Replaces each vector by the nearest one of a codebook, which is learned.

    The codebook is a parameter of shape (num_embeddings, embedding_dim), its vectors drawn at
    random to begin with. Nearest means the smallest Euclidean distance.
    """

    def __init__(
        self, num_embeddings: int = 512, embedding_dim: int = 64, commitment_cost: float = 0.25
    ) -> None:
        super().__init__()
        self.commitment_cost = commitment_cost
        self.codebook = nn.Parameter(torch.randn(num_embeddings, embedding_dim))

    def forward(
        self, z: Float[Tensor, "*places embedding_dim"]
    ) -> tuple[Float[Tensor, "*places embedding_dim"], Int[Tensor, "*places"], Float[Tensor, ""]]:
        """(z_q, indices, loss) for vectors z along the last axis, whatever axes stand before it.

        indices: the number of the codebook vector nearest to each vector of z.
        z_q: that vector, e. Backward its gradient passes to z as it is, and not to the codebook.
        loss: ‖sg(z) - e‖² + commitment_cost · ‖z - sg(e)‖², where sg(·) is a constant for the
            gradient; squares summed over a vector, then the mean over all vectors: one number.
        """
        flat = z.reshape(-1, z.shape[-1])
        indices = torch.cdist(flat, self.codebook).argmin(dim=1).reshape(z.shape[:-1])
        e = self.codebook[indices]
        codebook_term = (z.detach() - e).square().sum(dim=-1)
        commitment_term = (z - e.detach()).square().sum(dim=-1)
        loss = (codebook_term + self.commitment_cost * commitment_term).mean()
        return z + (e - z).detach(), indices, loss


def _builds(answer: Answer) -> None:
    model = networks.build(answer)
    find_codebook(model, 512, 64)
    small = networks.build(answer, num_embeddings=9, embedding_dim=4, commitment_cost=0.4375)
    vectors = find_codebook(small, 9, 4).detach()
    if not vectors.isfinite().all() or len(vectors.unique(dim=0)) < 9:
        raise Wrong(
            "Your codebook begins with vectors that are alike, or that are no numbers. Of equal "
            "ones the first is always the nearest, and the others would never be chosen: draw them "
            "at random, `torch.randn(num_embeddings, embedding_dim)`."
        )
    if vectors.std(0).max() < 1e-6:
        raise Wrong(
            "Your codebook begins with vectors that differ by less than a millionth: all z of a "
            "batch would choose the same few. Draw them farther apart, "
            "`torch.randn(num_embeddings, embedding_dim)`."
        )
    z = torch.randn(6, 4, generator=answer.generator())
    with networks.expect_no_seeding("`forward`", lambda: answer.call(small, z)):
        run(answer, small, z)
    networks.expect_fixed(small, "commitment_cost", 0.4375)


def _has_shapes(answer: Answer) -> None:
    for number, trial in enumerate(draw_trials(answer.generator())):
        model, _ = prepared(answer, trial)
        try:
            z_q, indices, loss = run(answer, model, trial.z)
        except Crash as crash:
            if number == 0 or trial.z.ndim == 2:
                raise
            if not trial.z.is_contiguous():
                raise Wrong(
                    "A grid whose channels were moved to the end, `torch.randn(2, 5, 3, 4)"
                    ".movedim(1, -1)`, as a convolutional encoder gives it, stops your code: its "
                    "numbers lie in memory in another order, and `view` cannot go over that. "
                    f"`z.reshape(-1, z.shape[-1])` can.\n{crash}"
                ) from None
            raise Wrong(
                f"With z of shape (6, 3) it runs, with {tuple(trial.z.shape)} it does not: there "
                "may be any axes before the last, such as batch, height and width. Lay them in one "
                f"row with `z.reshape(-1, z.shape[-1])`, and go back at the end.\n{crash}"
            ) from None
        _expect_shapes(trial, z_q, indices, loss)


def _expect_shapes(trial: Trial, z_q: Tensor, indices: Tensor, loss: Tensor) -> None:
    given, places = {"z": trial.z}, trial.z.shape[:-1]
    if indices.shape == (*places, len(trial.codebook)):
        raise Wrong(
            f"For z of shape {tuple(trial.z.shape)} the indices have the shape "
            f"{tuple(indices.shape)}: rows of zeros with a one, it seems. Return the place of the "
            "one, a single number for each vector."
        )
    if len(places) > 1 and indices.shape == (places.numel(),):
        raise Wrong(
            f"For z of shape {tuple(trial.z.shape)} the indices lie flat, in the shape "
            f"{tuple(indices.shape)}. Bring them back to the places they belong to: "
            "`indices.reshape(z.shape[:-1])`."
        )
    words = "the shape of z without its last axis: one number for each vector"
    expect_shape(indices, trial.indices, f"{words} (this is about indices)", given)
    expect_shape(z_q, trial.z, "that of z (this is about z_q)", given)
    if loss.shape == places:
        raise Wrong(
            "The loss has one number for each vector. Here the mean over all vectors is part of "
            "the task: end with `.mean()`."
        )
    expect_shape(loss, torch.zeros(()), "a single number (this is about the loss)", given)


exercise = Exercise(
    solution=VectorQuantizer,
    place=1,
    difficulty=4,
    minutes=20,
    success=(
        "With the codebook (0, 0), (1, 0) and the vector z = (0.8, 0.1) the index is 1, z_q is "
        "(1, 0), and the loss 0.05 · 1.25 = 0.0625."
    ),
    hints=(
        "Four steps: lay the vectors flat, (n, embedding_dim); compute all distances to the "
        "codebook, (n, num_embeddings), for which `torch.cdist` is there; `argmin`; look the "
        "vectors up, `self.codebook[indices]`, and bring all back to the shape of z.",
        "For the straight-through step, add to z something that takes it to e and that the "
        "gradient does not see: a detached difference.",
        "The loss has two terms with the same value. In one `z.detach()` stands, so that only the "
        "codebook moves; in the other `e.detach()`, so that only z moves, and that one is "
        "multiplied by `commitment_cost`. Squares: `.sum(dim=-1)`; then the mean over vectors.",
    ),
    stages=(
        Stage("type", _builds),
        Stage("shape", _has_shapes),
        Stage("value", chooses_the_nearest),
        Stage("loss", in_both_modes(has_the_right_loss)),
        Stage("gradient", in_both_modes(passes_straight_through)),
        Stage("gradient of the loss", in_both_modes(teaches_both)),
    ),
)
