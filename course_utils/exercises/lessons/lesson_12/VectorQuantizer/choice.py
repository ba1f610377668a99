"""The nearest vector, and other choices that people make."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.expect import expect_close
from course_utils.exercises.lessons.lesson_12.VectorQuantizer.trials import (
    Trial,
    draw_close_race,
    draw_codebook,
    draw_trials,
    prepared,
    run,
)

OTHER_CHOICES: tuple[tuple[Callable[[Trial], Tensor], str], ...] = (
    (
        lambda t: -torch.cdist(t.flat, t.codebook),
        "You take the codebook vector that is farthest away: `argmax` where `argmin` should be.",
    ),
    (
        lambda t: -t.flat @ t.codebook.T,
        "You take the codebook vector with the largest inner product z·e. A long vector wins that "
        "without being near: ‖z - e‖² = ‖z‖² - 2 z·e + ‖e‖², and the ‖e‖² must not be left out.",
    ),
    (
        lambda t: t.flat @ t.codebook.T,
        "You take the smallest inner product z·e, which belongs to what points the other way.",
    ),
    (
        lambda t: (t.codebook**2).sum(1) + 2 * t.flat @ t.codebook.T,
        "There is a wrong sign in your distance: ‖z - e‖² = ‖z‖² - 2 z·e + ‖e‖², with a minus in "
        "the middle. What you found is nearest to -z.",
    ),
    (
        lambda t: (t.codebook**2).sum(1) - t.flat @ t.codebook.T,
        "The factor 2 is missing in your distance: ‖z - e‖² = ‖z‖² - 2 z·e + ‖e‖².",
    ),
    (
        lambda t: -F.normalize(t.flat) @ F.normalize(t.codebook).T,
        "You compare directions alone, by the cosine of the angle. What is asked for is the "
        "Euclidean distance, in which lengths count too.",
    ),
    (
        lambda t: (t.flat[:, None] - t.codebook).abs().sum(2),
        "You sum absolute differences, which is another distance. Square them.",
    ),
    (
        lambda t: (t.flat[:, None] - t.codebook).sum(2).abs(),
        "You sum the differences before they are squared, so that they cancel. Square first.",
    ),
    (
        lambda t: (t.flat[:, None] - t.codebook).abs().amax(2),
        "You compare the largest difference alone. The Euclidean distance sums all the squares.",
    ),
    (
        lambda t: (t.codebook**2).sum(1).expand(len(t.flat), -1),
        "You choose the shortest codebook vector for everybody: z has no part in your choice.",
    ),
)

ROUNDED = (
    "Does something round the distances, or compute them in half precision (`.half()`, "
    "`.bfloat16()`)? Leave them the digits of z."
)


def chooses_the_nearest(answer: Answer) -> None:
    found, trials = [], list(draw_trials(answer.generator()))
    for trial in trials:
        model, _ = prepared(answer, trial)
        found.append(run(answer, model, trial.z))
    if all(torch.equal(f[1], t.indices) for f, t in zip(found, trials, strict=True)):
        for (z_q, *_), trial in zip(found, trials, strict=True):
            _expect_vectors(z_q, trial)
        _expect_the_same_in_training(answer, trials[1])
        _expect_no_memory(answer, trials[1])
        _expect_every_digit(answer)
        return
    for score, message in OTHER_CHOICES:
        if all(torch.equal(f[1], t.by(score(t))) for f, t in zip(found, trials, strict=True)):
            raise Wrong(message)
    if all(_is_nearly_nearest(f[1], t) for f, t in zip(found, trials, strict=True)):
        raise Wrong(
            "Where the second nearest is nearly as near as the nearest, it is sometimes chosen. "
            f"{ROUNDED}"
        )
    for (_, indices, _), trial in zip(found, trials, strict=True):
        if torch.equal(indices, trial.indices + 1):
            raise Wrong("Your indices are one too large: they count from 0.")
        expect_close(
            indices,
            trial.indices,
            {"z": trial.z, "the codebook": trial.codebook},
            "For the first z, write down its squared distance to each codebook vector by hand. "
            "The index is the place of the smallest.",
        )


def _expect_vectors(z_q: Tensor, trial: Trial) -> None:
    nearest = trial.codebook[trial.indices]
    flat = trial.flat
    soft = torch.softmax(-torch.cdist(flat, trial.codebook), 1) @ trial.codebook
    guesses = [
        (
            trial.z,
            "z_q is z itself: the two are exchanged in your straight-through step. Forward it must "
            "be the codebook vector e: z + (e - z), with the bracket held still.",
        ),
        (nearest - trial.z, "z_q is the difference e - z; z is not added to it."),
        (trial.z - nearest, "z_q is the difference z - e. Forward it must be e."),
        (2 * trial.z - nearest, "z_q is z + (z - e): turn the bracket round, z + (e - z)."),
        (trial.z + nearest, "z_q is z + e. Take z away again, without its gradient."),
        (
            soft.view_as(trial.z),
            "z_q is a mixture of codebook vectors. Take the nearest one alone, as it is.",
        ),
    ]
    expect_close(
        z_q,
        nearest,
        {"z": trial.z, "the codebook": trial.codebook, "the indices": trial.indices},
        "The indices are right. z_q is the codebook vector at each of them: "
        "`self.codebook[indices]`.",
        guesses=guesses,
    )


def _expect_the_same_in_training(answer: Answer, trial: Trial) -> None:
    model, parameter = prepared(answer, trial)
    before = run(answer, model, trial.z)
    after = run(answer, model.train(), trial.z)
    if not torch.equal(parameter, trial.codebook):
        raise Wrong(
            "After `forward` the codebook has changed. Here it learns by the gradient of the loss "
            "alone; moving averages come later in the lesson. (`max_norm` of an `nn.Embedding` "
            "shortens vectors as well.)"
        )
    if not torch.equal(before[1], after[1]) or not torch.allclose(before[0], after[0], atol=1e-5):
        raise Wrong(
            "In training mode the same z gets another z_q than in evaluation mode. The nearest is "
            "the nearest in both: leave out noise, dropout and `if self.training`."
        )


def _expect_no_memory(answer: Answer, trial: Trial) -> None:
    """An optimiser changes the codebook, and other vectors come: the nearest is found anew."""
    generator = answer.generator().manual_seed(1)  # away from what the trials were drawn from
    for training in (True, False):
        model, parameter = prepared(answer, trial, training)
        for changed in ("z", "the codebook"):
            run(answer, model, trial.z)
            z = trial.z
            if changed == "z":
                z = torch.randn(z.shape, generator=generator)
            else:
                with torch.no_grad():
                    parameter.copy_(draw_codebook(*trial.codebook.shape, generator))
            z_q, indices, _ = run(answer, model, z)
            now = Trial(z, parameter.detach().clone(), trial.beta)
            if torch.equal(indices, now.indices) and torch.allclose(
                z_q, now.codebook[now.indices], atol=1e-5
            ):
                continue
            raise Wrong(
                f"Called a second time, after {changed} has changed, `forward` still works with "
                "what it saw at the first call. The optimiser changes the codebook after every "
                "batch: keep nothing of it, and of z, from one call to the next, and compute all "
                "lengths and distances anew."
            )


def _expect_every_digit(answer: Answer) -> None:
    """The nearest is found where the second is nearly as near: nothing rounds the distances."""
    trial = draw_close_race(answer.generator())
    model, _ = prepared(answer, trial)
    _, indices, _ = run(answer, model, trial.z)
    wrong = (indices != trial.indices).sum().item()
    if wrong:
        raise Wrong(
            f"Of {len(trial.z)} vectors to which the second nearest is nearly as near as the "
            f"nearest, within a thousandth, {wrong} get another than the nearest. {ROUNDED}"
        )


def _is_nearly_nearest(indices: Tensor, trial: Trial) -> bool:
    """Whether no vector gets one that is farther away than the nearest by more than a hundredth."""
    if indices.min() < 0 or indices.max() >= len(trial.codebook):
        return False
    squares = torch.cdist(trial.flat, trial.codebook).square()
    chosen = squares.gather(1, indices.reshape(-1, 1))
    return bool((chosen <= 1.02 * squares.amin(1, keepdim=True)).all())
