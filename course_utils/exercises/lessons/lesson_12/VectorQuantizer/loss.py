"""The loss and both its gradients, and the one that passes straight through."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.expect import expect_close, pattern
from course_utils.exercises.checking.parts import Part, explained
from course_utils.exercises.lessons.lesson_12.VectorQuantizer.trials import (
    Trial,
    draw_trials,
    prepared,
    run,
)

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
        "The loss counts the squares once. Either one term is missing, and without the second, "
        "‖z - sg(e)‖² times `commitment_cost`, nothing keeps the encoder near what it chose; or "
        "the first is multiplied by 1 - commitment_cost, where it counts in full.",
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


def has_the_right_loss(answer: Answer, training: bool) -> None:
    trials, losses = list(draw_trials(answer.generator())), []
    for trial in trials:
        model, _ = prepared(answer, trial, training)
        losses.append(run(answer, model, trial.z)[2].detach())

    def fits(sums: Callable, weight: Callable) -> bool:
        guesses = [sums(t) * weight(t) for t in trials]
        return torch.allclose(torch.stack(losses), torch.stack(guesses), rtol=1e-4, atol=1e-6)

    if explained(fits, SUMS, WEIGHTS):
        return
    if not any(losses):
        raise Wrong("The loss is 0: z_q is compared with itself, or the two terms cancel.")
    rights = torch.stack([(1 + trial.beta) * trial.squares.mean() for trial in trials])
    found = pattern(torch.stack(losses), rights)
    for trial, loss in zip(trials, losses, strict=True):
        given = {"commitment_cost": trial.beta, "z": trial.z, "the codebook": trial.codebook}
        expect_close(
            loss,
            (1 + trial.beta) * trial.squares.mean(),
            given,
            f"{found}Both terms are the same number, the squared distance from each z to its "
            "codebook vector; they differ in the gradient alone. So the loss is (1 + "
            "commitment_cost) times the mean of these squares, "
            f"here {trial.squares.mean().item():.5g}.",
        )


def passes_straight_through(answer: Answer, training: bool) -> None:
    for trial in draw_trials(answer.generator()):
        model, parameter = prepared(answer, trial, training)
        z = trial.z.clone().requires_grad_()
        z_q, _, _ = run(answer, model, z)
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


def teaches_both(answer: Answer, training: bool) -> None:
    """The loss draws the codebook with weight 1, and z with weight β."""
    # The last first: there each code is chosen, by one or by several.
    for trial in reversed(list(draw_trials(answer.generator()))):
        if not trial.beta:
            continue
        model, parameter = prepared(answer, trial, training)
        z = trial.z.clone().requires_grad_()
        _, indices, loss = run(answer, model, z)
        gradients = _gradients(loss, (z, parameter), None)
        apart = 2 * (trial.z - trial.codebook[indices]) / indices.numel()
        units = (
            apart,
            torch.zeros_like(trial.codebook).index_add(
                0, indices.flatten(), -apart.reshape(trial.flat.shape)
            ),
        )
        _expect_pulls(gradients, units, trial)


def _expect_pulls(gradients: tuple, units: tuple, trial: Trial) -> None:
    """Each gradient as a multiple of what its term alone would give: (β, 1) is right."""
    beta = trial.beta
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
    _expect_every_code(gradients[1], units[1], trial)
    raise Wrong(
        f"The loss is right, but its gradient is not. On z it pulls {pulls[0]:.3g} times as hard "
        f"as ‖z - sg(e)‖² would, which should be commitment_cost = {beta:g}; on the codebook "
        f"{pulls[1]:.3g} times as hard as ‖sg(z) - e‖², which should be 1."
    )


def _expect_every_code(got: Tensor, unit: Tensor, trial: Trial) -> None:
    """Raise `Wrong` if the codebook's vectors are pulled unequally, as `nn.Embedding` can do it."""
    uses = trial.indices.flatten().bincount(minlength=len(unit))
    pulled = (got * unit).sum(1) / unit.square().sum(1).clamp(min=1e-12)
    used, even = uses > 0, pulled * uses
    still = [int(code) for code in torch.arange(len(unit))[used & (pulled.abs() < 1e-6)]]
    if still and torch.allclose(pulled[used & (pulled.abs() >= 1e-6)], torch.ones(()), atol=1e-3):
        raise Wrong(
            f"The loss is right, but no gradient reaches the codebook's vector {still[0]}, "
            "although it was chosen: it stays where it was drawn. `padding_idx` of an "
            "`nn.Embedding` does that to one vector; leave it out."
        )
    if uses[used].unique().numel() > 1 and torch.allclose(even[used], torch.ones(()), atol=1e-3):
        raise Wrong(
            "The loss is right, but a codebook vector that is chosen n times is pulled n times too "
            "weakly: its gradient is divided by n. `scale_grad_by_freq=True` of an `nn.Embedding` "
            "does that; leave it out."
        )


def _gradients(result: Tensor, wrt: tuple[Tensor, ...], weights: Tensor | None) -> tuple:
    if not result.requires_grad:
        return tuple(torch.zeros_like(tensor) for tensor in wrt)
    gradients = torch.autograd.grad(
        result, wrt, weights, allow_unused=True, materialize_grads=True, retain_graph=True
    )
    # `nn.Embedding(..., sparse=True)` has a gradient of the rows that were looked up.
    return tuple(gradient.to_dense() for gradient in gradients)
