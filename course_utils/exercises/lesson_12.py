"""Checks of lesson 12: codes from a list."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises import modules
from course_utils.exercises.answer import Answer, Crash, Wrong, describe_type
from course_utils.exercises.compare import (
    Comparison,
    Mistake,
    expect_close,
    expect_shape,
    expect_type,
)
from course_utils.exercises.exercise import Exercise, Stage
from course_utils.exercises.solutions import lesson_12 as solutions

# --- VectorQuantizer ------------------------------------------------------------------------------


class Trial(NamedTuple):
    """Vectors to quantise, a codebook to do it with, and the weight of the encoder's term."""

    z: Tensor
    codebook: Tensor
    beta: float

    @property
    def flat(self) -> Tensor:
        return self.z.reshape(-1, self.z.shape[-1])

    @property
    def indices(self) -> Tensor:
        return self.by(torch.cdist(self.flat, self.codebook))

    def by(self, score: Tensor) -> Tensor:
        """The number of the smallest score for each vector, in the shape of the places."""
        return score.argmin(1).reshape(self.z.shape[:-1])

    @property
    def squares(self) -> Tensor:
        """‖z - e‖² of each vector."""
        return (self.z - self.codebook[self.indices]).square().sum(-1)


# (places), how many vectors, of which length, with which weight: none of them the defaults.
SIZES = (((6,), 5, 3, 0.6875), ((2, 3, 4), 7, 5, 0.375), ((1,), 4, 2, 1.5), ((3, 8), 20, 6, 0.0))


def _trials(generator: torch.Generator) -> Iterator[Trial]:
    for places, number, length, beta in SIZES:
        # The lengths of the codebook's vectors differ, or an inner product would look right.
        codebook = torch.randn(number, length, generator=generator)
        codebook *= 0.3 + 1.5 * torch.rand(number, 1, generator=generator)
        yield Trial(torch.randn(*places, length, generator=generator), codebook, beta)


def _prepared(answer: Answer, trial: Trial) -> tuple[nn.Module, Tensor]:
    """A quantiser of this size with this codebook, and the parameter that holds it."""
    number, length = trial.codebook.shape
    model = modules.build(answer, number, length, trial.beta)
    parameter = _codebook(model, number, length)
    with torch.no_grad():
        parameter.copy_(trial.codebook)
    return model, parameter


def _codebook(model: nn.Module, number: int, length: int) -> Tensor:
    found = [p for p in model.parameters() if p.shape == (number, length)]
    if len(found) == 1 and len(list(model.parameters())) == 1:
        if not found[0].requires_grad:
            raise Wrong(
                "The codebook has `requires_grad=False`, so nothing would ever train it. Make it "
                "an ordinary `nn.Parameter(...)`."
            )
        return found[0]
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters()}
    named = [f"`{name}` {shape}" for name, shape in shapes.items()]
    told = ", ".join(named[:3]) or "none"
    if len(named) > 3:
        told += f" and {len(named) - 3} more"
    wanted = f"For {number} vectors of length {length} your model has the parameters: {told}. "
    buffers = [name for name, b in model.named_buffers() if b.numel() == number * length]
    plain = [k for k, v in vars(model).items() if isinstance(v, Tensor)]
    if (length, number) in shapes.values():
        raise Wrong(
            f"{wanted}The codebook lies on its side: one vector in each row is expected, "
            f"({number}, {length})."
        )
    if not shapes and (buffers or plain):
        raise Wrong(
            f"{wanted}The codebook `{(buffers or plain)[0]}` is a plain tensor, which no optimiser "
            "will find. Wrap it: `nn.Parameter(...)`; or use `nn.Embedding`, which does so itself."
        )
    raise Wrong(
        f"{wanted}Expected is the codebook alone, of shape (num_embeddings, embedding_dim): "
        "`nn.Parameter(torch.randn(...))` or an `nn.Embedding`, made in `__init__`."
    )


def _forward(answer: Answer, model: nn.Module, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What forward returns, if it is a tensor of vectors, whole numbers, and a loss."""
    output = answer.call(model, z)
    if not isinstance(output, tuple | list) or len(output) != 3:
        raise Wrong(
            f"`forward` returned {describe_type(output)}; expected three tensors: "
            "`return z_q, indices, loss`."
        )
    z_q, indices, loss = output
    if isinstance(z_q, Tensor) and z_q.ndim == 0:
        raise Wrong(
            "The first result is a single number; the loss comes last: `return z_q, indices, loss`."
        )
    if isinstance(indices, Tensor) and indices.is_floating_point():
        if isinstance(z_q, Tensor) and not z_q.is_floating_point():
            raise Wrong("The first two are in the wrong order: `return z_q, indices, loss`.")
        if isinstance(loss, Tensor) and not loss.is_floating_point():
            raise Wrong("The last two are in the wrong order: `return z_q, indices, loss`.")
        raise Wrong(
            f"The second result, the indices, holds {indices.dtype}; expected whole numbers, as "
            "`argmin` returns them."
        )
    for result, expected in ((z_q, z), (indices, torch.zeros((), dtype=torch.long)), (loss, z)):
        expect_type(result, expected)
    return z_q, indices, loss


def _builds(answer: Answer) -> None:
    model = modules.build(answer)
    _codebook(model, 512, 64)
    small = modules.build(answer, num_embeddings=9, embedding_dim=4, commitment_cost=0.4375)
    vectors = _codebook(small, 9, 4).detach()
    if not vectors.isfinite().all() or len(vectors.unique(dim=0)) < 9:
        raise Wrong(
            "Your codebook begins with vectors that are alike, or that are no numbers. Of equal "
            "ones the first is always the nearest, and the others would never be chosen: draw them "
            "at random, `torch.randn(num_embeddings, embedding_dim)`."
        )
    z = torch.randn(6, 4, generator=answer.generator())
    with modules.expect_no_seeding("`forward`", lambda: answer.call(small, z)):
        _forward(answer, small, z)
    if any(p.numel() == 1 and p.item() == 0.4375 for p in small.parameters()):
        raise Wrong("`commitment_cost` is a fixed price; keep it as a plain number.")


def _has_shapes(answer: Answer) -> None:
    for number, trial in enumerate(_trials(answer.generator())):
        model, _ = _prepared(answer, trial)
        try:
            z_q, indices, loss = _forward(answer, model, trial.z)
        except Crash as crash:
            if number == 0 or trial.z.ndim == 2:
                raise
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
    words = "the shape of z without its last axis: one number for each vector"
    expect_shape(indices, trial.indices, f"{words} (this is about indices)", given)
    expect_shape(z_q, trial.z, "that of z (this is about z_q)", given)
    if loss.shape == places:
        raise Wrong(
            "The loss has one number for each vector. Here the mean over all vectors is part of "
            "the task: end with `.mean()`."
        )
    expect_shape(loss, torch.zeros(()), "a single number (this is about the loss)", given)


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


def _chooses_the_nearest(answer: Answer) -> None:
    found, trials = [], list(_trials(answer.generator()))
    for trial in trials:
        model, _ = _prepared(answer, trial)
        found.append(_forward(answer, model, trial.z))
    if all(torch.equal(f[1], t.indices) for f, t in zip(found, trials, strict=True)):
        for (z_q, *_), trial in zip(found, trials, strict=True):
            _expect_vectors(z_q, trial)
        _expect_the_same_in_training(answer, trials[1])
        return
    for score, message in OTHER_CHOICES:
        if all(torch.equal(f[1], t.by(score(t))) for f, t in zip(found, trials, strict=True)):
            raise Wrong(message)
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
    model, parameter = _prepared(answer, trial)
    before = _forward(answer, model, trial.z)
    after = _forward(answer, model.train(), trial.z)
    if not torch.equal(parameter, trial.codebook):
        raise Wrong(
            "After `forward` the codebook has changed. Here it learns by the gradient of the loss "
            "alone; moving averages come later in the lesson."
        )
    if not torch.equal(before[1], after[1]) or not torch.allclose(before[0], after[0], atol=1e-5):
        raise Wrong(
            "In training mode the same z gets another z_q than in evaluation mode. The nearest is "
            "the nearest in both: leave out noise, dropout and `if self.training`."
        )


class Part(NamedTuple):
    """A factor in the loss, and what to say of it; nothing, if it is right."""

    value: Callable[[Trial], Tensor | float]
    message: str = ""


SUMS = (
    Part(lambda t: t.squares.mean()),
    Part(
        lambda t: t.squares.mean() / t.z.shape[-1],
        "The squares are averaged over the numbers of a vector too, as `F.mse_loss` does. Sum over "
        "the last axis, `dim=-1`, and take the mean over the vectors alone.",
    ),
    Part(
        lambda t: t.squares.sum(),
        "The squares are summed over the vectors too, so that a larger batch costs more. Sum over "
        "the last axis, then take the mean over all vectors.",
    ),
    Part(
        lambda t: t.squares.sum() / len(t.z),
        "The squares are averaged over the first axis and summed over the other places. Here it is "
        "the mean over all vectors: `.sum(dim=-1).mean()`.",
    ),
    Part(
        lambda t: t.squares.sqrt().mean(),
        "You took a root: these are distances. Leave them squared.",
    ),
    Part(
        lambda t: (t.z - t.codebook[t.indices]).abs().sum(-1).mean(),
        "The differences are not squared: these are absolute values.",
    ),
    Part(lambda t: t.squares.mean() / 2, "The squares are halved. No factor ½ is wanted here."),
)
WEIGHTS = (
    Part(lambda t: 1 + t.beta),
    Part(
        lambda t: 2.0,
        "Both terms count in full: `commitment_cost` is not used. It multiplies ‖z - sg(e)‖².",
    ),
    Part(
        lambda t: 1.25,
        "The second term counts 0.25 whatever `commitment_cost` is. That is only its default: keep "
        "the argument in `__init__`, `self.commitment_cost = commitment_cost`.",
    ),
    Part(
        lambda t: 1.0,
        "One term of the loss is missing: without the second, ‖z - sg(e)‖² times "
        "`commitment_cost`, nothing keeps the encoder near what it chose.",
    ),
    Part(
        lambda t: t.beta,
        "The codebook's own term ‖sg(z) - e‖² is missing: nothing draws the codebook to the "
        "encoder.",
    ),
    Part(
        lambda t: 2 * t.beta,
        "`commitment_cost` multiplies both terms. It is the price of the second alone.",
    ),
    Part(lambda t: 1 - t.beta, "The second term is subtracted. Add it."),
)


def _has_the_right_loss(answer: Answer) -> None:
    trials, losses = list(_trials(answer.generator())), []
    for trial in trials:
        model, _ = _prepared(answer, trial)
        losses.append(_forward(answer, model, trial.z)[2].detach())

    def explained(sums: Part, weight: Part) -> bool:
        guesses = [sums.value(t) * weight.value(t) for t in trials]
        return torch.allclose(torch.stack(losses), torch.stack(guesses), rtol=1e-4, atol=1e-6)

    pairs = [(sums, weight) for sums in SUMS for weight in WEIGHTS]
    for sums, weight in sorted(pairs, key=lambda pair: sum(bool(p.message) for p in pair)):
        if explained(sums, weight):
            if messages := [part.message for part in (sums, weight) if part.message]:
                raise Wrong(" ".join(messages))
            return
    if not any(losses):
        raise Wrong("The loss is 0: z_q is compared with itself, or the two terms cancel.")
    for trial, loss in zip(trials, losses, strict=True):
        given = {"commitment_cost": trial.beta, "z": trial.z, "the codebook": trial.codebook}
        expect_close(
            loss,
            (1 + trial.beta) * trial.squares.mean(),
            given,
            "Both terms are the same number, the squared distance from each z to its codebook "
            "vector; they differ in the gradient alone. So the loss is (1 + commitment_cost) times "
            f"the mean of these squares, here {trial.squares.mean().item():.5g}.",
        )


def _passes_straight_through(answer: Answer) -> None:
    for trial in _trials(answer.generator()):
        model, parameter = _prepared(answer, trial)
        z = trial.z.clone().requires_grad_()
        z_q, _, _ = _forward(answer, model, z)
        weights = torch.rand(z_q.shape, generator=answer.generator()) + 0.5
        to_z, to_codebook = _gradients(z_q, (z, parameter), weights)
        _expect_identity(to_z, to_codebook, weights)


def _expect_identity(to_z: Tensor, to_codebook: Tensor, weights: Tensor) -> None:
    reaches_z, reaches_codebook = bool(to_z.any()), bool(to_codebook.any())
    if torch.allclose(to_z, weights, atol=1e-6) and not reaches_codebook:
        return
    if not reaches_z and not reaches_codebook:
        raise Wrong(
            "z_q has no gradient at all, so the decoder's error reaches neither z nor anything "
            "before it: the encoder would not learn. Forward e, backward as if it were z: add to z "
            "the difference e - z, and detach that difference alone."
        )
    if not reaches_z:
        raise Wrong(
            "The gradient of z_q goes to the codebook, and none to z. Choosing the nearest has no "
            "gradient, so the encoder would not learn. Straight-through: z + (e - z).detach(), "
            "forward e, backward the identity. (Without the `detach` z cancels out.)"
        )
    if reaches_codebook and torch.allclose(to_z, weights, atol=1e-6):
        raise Wrong(
            "The gradient of z_q reaches z, as it should, and the codebook as well. The codebook "
            "learns by its own term of the loss: hold e still here, in (e - z).detach()."
        )
    raise Wrong(
        "The gradient of z_q with respect to z should be the identity: what comes from the decoder "
        f"arrives at z unchanged. For the first numbers {_rounded(weights)} came {_rounded(to_z)}."
    )


def _rounded(numbers: Tensor) -> str:
    """The first three of them, as one would say them."""
    return "(" + ", ".join(f"{number:.3g}" for number in numbers.flatten()[:3].tolist()) + ")"


BETA_ON_THE_CODEBOOK = (
    "The number is right, but `commitment_cost` stands on the wrong term: it weakens the pull on "
    "the codebook, and the encoder is held in full. Both terms have the same value, so no printed "
    "loss shows it; this very mistake has stood in well-known published code. It belongs on "
    "‖z - sg(e)‖², where e is detached."
)


def _teaches_both(answer: Answer) -> None:
    """The loss draws the codebook with weight 1, and z with weight β."""
    for trial in _trials(answer.generator()):
        if not trial.beta:
            continue
        model, parameter = _prepared(answer, trial)
        z = trial.z.clone().requires_grad_()
        _, indices, loss = _forward(answer, model, z)
        gradients = _gradients(loss, (z, parameter), None)
        apart = 2 * (trial.z - trial.codebook[indices]) / indices.numel()
        units = (
            apart,
            torch.zeros_like(trial.codebook).index_add(
                0, indices.flatten(), -apart.reshape(trial.flat.shape)
            ),
        )
        _expect_pulls(gradients, units, trial.beta)


def _expect_pulls(gradients: tuple, units: tuple, beta: float) -> None:
    """Each gradient as a multiple of what its term alone would give: (β, 1) is right."""
    pulls = tuple(
        float((got * unit).sum() / (unit * unit).sum())
        for got, unit in zip(gradients, units, strict=True)
    )
    clean = all(
        torch.allclose(got, pull * unit, atol=1e-5)
        for got, pull, unit in zip(gradients, pulls, units, strict=True)
    )

    def are(on_z: float, on_codebook: float) -> bool:
        return clean and max(abs(pulls[0] - on_z), abs(pulls[1] - on_codebook)) < 1e-3

    if are(beta, 1.0):
        return
    if are(1.0, beta):
        raise Wrong(BETA_ON_THE_CODEBOOK)
    if are(0.0, 0.0):
        raise Wrong(
            "The number is right, but the loss has no gradient: everything in it is held still. In "
            "the first term detach z alone, in the second e alone."
        )
    if are(beta - 1.0, 0.0):
        raise Wrong(
            "You compute the loss with the z_q of the straight-through step. Its gradient goes to "
            "z: the first term now pushes the encoder away, and the codebook never moves. Use e, "
            "the codebook vector itself, in the loss."
        )
    if pulls[1] == 0:
        raise Wrong(
            "The number is right, but the codebook gets no gradient: e is held still in both "
            "terms, or the vectors were looked up in a copy. In the first term z is held still."
        )
    if are(1.0 + beta, 1.0 + beta):
        raise Wrong(
            "The number is right, but nothing is held still, so both terms draw on both. Then "
            "`commitment_cost` only scales their sum. Detach z in the first term, e in the second."
        )
    if are(1.0 + beta, 1.0):
        raise Wrong(
            "z is not held still in the first term, so that it draws the encoder too, in full: "
            "`z.detach()` there."
        )
    if are(beta, 1.0 + beta):
        raise Wrong(
            "e is not held still in the second term, so that it draws the codebook too: "
            "`e.detach()` there."
        )
    if pulls[0] == 0:
        raise Wrong(
            "The number is right, but z gets no gradient from the loss: z is held still in both "
            "terms. In the second it is e that is held still."
        )
    raise Wrong(
        f"The loss is right, but its gradient is not. On z it pulls {pulls[0]:.3g} times as hard "
        f"as ‖z - sg(e)‖² would, which should be commitment_cost = {beta:g}; on the codebook "
        f"{pulls[1]:.3g} times as hard as ‖sg(z) - e‖², which should be 1."
    )


def _gradients(result: Tensor, wrt: tuple[Tensor, ...], weights: Tensor | None) -> tuple:
    if not result.requires_grad:
        return tuple(torch.zeros_like(tensor) for tensor in wrt)
    return torch.autograd.grad(
        result, wrt, weights, allow_unused=True, materialize_grads=True, retain_graph=True
    )


VectorQuantizer = Exercise(
    solution=solutions.VectorQuantizer,
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
        Stage("value", _chooses_the_nearest),
        Stage("loss", _has_the_right_loss),
        Stage("gradient", _passes_straight_through),
        Stage("gradient of the loss", _teaches_both),
    ),
)

# --- codebook_perplexity --------------------------------------------------------------------------


def _codes(generator: torch.Generator) -> list[tuple[Tensor, int]]:
    def drawn(weights: list[float], *shape: int) -> Tensor:
        n = int(torch.tensor(shape).prod())
        rows = torch.multinomial(torch.tensor(weights), n, True, generator=generator)
        return rows.view(shape)

    return [
        # Four symbols, worth 2.56: no rounding of that looks like another way to count.
        (torch.tensor([3, 0, 3, 5, 3, 3, 1, 3, 3, 3]), 7),
        (drawn([5.0, 0.0, 3.0, 1.0, 1.0, 0.0, 0.5, 0.0], 4, 3, 5), 8),
        (drawn([1.0] * 12, 6, 30), 20),
        (torch.full((3, 4), 2), 5),
        (torch.arange(6).repeat(4), 6),
        (torch.tensor([1]), 3),
    ]


def _shares(indices: Tensor, num_embeddings: int) -> Tensor:
    counts = indices.flatten().bincount(minlength=num_embeddings)
    return counts / counts.sum()


def _of_shares(function: Callable[[Tensor], Tensor | float], message: str) -> Mistake:
    """A mistake made after the shares were found."""
    return Mistake(
        lambda indices, num_embeddings: float(function(_shares(indices, num_embeddings))), message
    )


def _entropy(p: Tensor) -> Tensor:
    return torch.special.entr(p).sum()


def _added_to_the_shares() -> Iterator[Mistake]:
    """A number against log 0, large enough to be seen in the result."""
    for small in (1e-2, 1e-3, 1e-4):
        message = (
            f"You add {small:g} to the shares against log 0, and that is enough to change the "
            "result. Leave out the symbols that never occur, or use `torch.special.entr`; a number "
            "that does no harm would be 1e-10."
        )
        yield _of_shares(lambda p, e=small: (-(p * (p + e).log()).sum()).exp(), message)
        yield _of_shares(lambda p, e=small: _entropy(p + e).exp(), message)
        yield _of_shares(lambda p, e=small: _entropy((p + e) / (p + e).sum()).exp(), message)


def _roundings() -> Iterator[Mistake]:
    message = (
        "You rounded: these are the right numbers with some of their digits cut off. The "
        "perplexity need not be a whole number; return it as it is."
    )
    for rounded in (
        round,
        math.floor,
        math.ceil,
        lambda value: round(value, 1),
        lambda value: round(value, 2),
    ):
        yield _of_shares(lambda p, f=rounded: f(float(_entropy(p).exp())), message)


codebook_perplexity = Exercise(
    solution=solutions.codebook_perplexity,
    difficulty=2,
    minutes=10,
    success=(
        "If the indices are 0, 1, 1, 0 it is 2, whatever num_embeddings is; if every symbol occurs "
        "equally often it is num_embeddings."
    ),
    hints=(
        "Count first how often each symbol occurs; `torch.bincount` counts in a flat tensor. Which "
        "share of the whole is that?",
        "The entropy is -Σ p ln p, and 0 · ln 0 counts as 0: `torch.special.entr` knows that. Then "
        "the exponential, and `.item()` makes a Python number.",
    ),
    stages=Comparison(
        probes=_codes,
        shape=None,
        tolerance=3e-4,  # three digits after the point are enough
        advice=(
            "Print the share of each symbol: they sum to 1. Then the entropy -Σ p ln p, in nats, "
            "and the exponential of that."
        ),
        mistakes=[
            *_roundings(),
            _of_shares(
                _entropy,
                "This is the entropy itself, in nats. The perplexity is its exponential.",
            ),
            _of_shares(
                lambda p: _entropy(p) / torch.log(torch.tensor(2.0)),
                "This is the entropy in bits. Take it in nats, and then its exponential.",
            ),
            _of_shares(
                lambda p: (-_entropy(p)).exp(),
                "The minus is missing: this is exp(+Σ p ln p), one divided by the perplexity.",
            ),
            _of_shares(
                lambda p: (_entropy(p) / torch.log(torch.tensor(2.0))).exp(),
                "You mix two bases: the entropy is in bits (`log2`), and e is raised to it. Use "
                "the natural logarithm with `exp`.",
            ),
            _of_shares(
                lambda p: 2 ** _entropy(p),
                "You mix two bases: the entropy is in nats, and 2 is raised to it. Use `exp`.",
            ),
            _of_shares(
                lambda p: (p > 0).sum(),
                "You count the symbols that occur at all. Perplexity weighs them: one that occurs "
                "once in a thousand hardly counts.",
            ),
            _of_shares(
                lambda p: _entropy(p).exp() / len(p),
                "You divide by `num_embeddings`. The perplexity is a number of symbols and no "
                "share of them.",
            ),
            _of_shares(
                lambda p: (_entropy(p) / len(p)).exp(),
                "The mean over symbols stands where their sum belongs: -Σ p ln p.",
            ),
            _of_shares(
                lambda p: 1 / (p**2).sum(),
                "This is 1 / Σ p², another way to count what is in use. Asked for is exp(-Σ p ln "
                "p).",
            ),
            _of_shares(
                lambda p: 1 / p.max(),
                "This is one over the largest share; the other symbols count as well.",
            ),
            _of_shares(
                lambda p: -(p * p.log()).sum().exp(),
                "The exponential of a sum that is not a number: 0 · log 0 is nan for a computer. A "
                "symbol that never occurs adds nothing; leave it out, or use "
                "`torch.special.entr`. (And your minus stands before the exponential.)",
            ),
            _of_shares(
                lambda p: (-(p * p.log()).sum()).exp(),
                "A symbol that never occurs has the share 0, and 0 · log 0 is nan for a computer. "
                "It adds nothing: leave such symbols out, `p[p > 0]`, or use "
                "`torch.special.entr`.",
            ),
            _of_shares(
                lambda p: -_entropy(p).exp(),
                "The minus stands outside of the exponential. It belongs inside, to the sum.",
            ),
            _of_shares(
                lambda p: _entropy(p.softmax(0)).exp(),
                "You send the shares through a softmax, which makes others of them. Counts divided "
                "by their sum are shares already.",
            ),
            Mistake(
                lambda indices, num_embeddings: float(
                    _entropy(
                        indices.flatten().bincount(minlength=num_embeddings).float().softmax(0)
                    ).exp()
                ),
                "You make shares of the counts by a softmax. Divide them by their sum.",
            ),
            Mistake(
                lambda indices, num_embeddings: float(
                    _entropy(
                        indices.flatten().bincount(minlength=num_embeddings) / num_embeddings
                    ).exp()
                ),
                "You divide the counts by `num_embeddings`. Shares come from dividing by how many "
                "indices there are.",
            ),
            Mistake(
                lambda indices, num_embeddings: float(
                    _entropy(
                        indices.flatten().bincount(minlength=num_embeddings) / len(indices)
                    ).exp()
                ),
                "You divide the counts by the length of the first axis, `len(indices)`. All places "
                "of all pictures count: divide by `indices.numel()`.",
            ),
            Mistake(
                lambda indices, num_embeddings: (
                    sum(float(_entropy(_shares(row, num_embeddings)).exp()) for row in indices)
                    / len(indices)
                ),
                "This is the perplexity of each row by itself, averaged. Count over all indices "
                "together: a symbol may be rare in one picture and common in another.",
            ),
            Mistake(
                lambda indices, num_embeddings: float(
                    _entropy(_shares(indices[:1], num_embeddings)).exp()
                ),
                "Only the first row is counted. Lay all indices flat first.",
            ),
            Mistake(
                lambda indices, num_embeddings: float(
                    _entropy(
                        (indices.flatten().bincount(minlength=num_embeddings) + 1)
                        / (indices.numel() + num_embeddings)
                    ).exp()
                ),
                "You add one to every count. That keeps log 0 away, but it counts each symbol "
                "once more than it occurs, and those that never occur as well. Leave these out "
                "instead.",
            ),
            *_added_to_the_shares(),
            Mistake(
                lambda indices, num_embeddings: float(num_embeddings),
                "This is the number of symbols there are. Count those that are in use, by how "
                "evenly.",
            ),
        ],
    ).stages,
)
