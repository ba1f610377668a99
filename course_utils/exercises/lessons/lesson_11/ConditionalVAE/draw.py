"""`forward` is encode, z = μ + σ ε, decode: judged by the very noise that it drew."""

import inspect
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.expect import STANDARD_ERRORS
from course_utils.exercises.checking.modes import Unjudged
from course_utils.exercises.lessons.lesson_11.ConditionalVAE.asking import (
    ask,
    decode,
    encode,
    is_steady,
    small_model,
)

PASSES = 40

# What learners add the noise by; the first is right. ε is the noise, the rest what it is put into.
DRAWS: tuple[tuple[Callable[[Tensor, Tensor, Tensor], Tensor], str], ...] = (
    (lambda mu, log_var, noise: mu + torch.exp(log_var / 2) * noise, ""),
    (
        lambda mu, log_var, noise: mu,
        "`forward` decodes mu itself. Draw z from N(mu, σ²), in training and in evaluation mode: "
        "`mu + torch.exp(log_var / 2) * torch.randn_like(mu)`. Without the noise the code costs "
        "nats for a certainty that is never used.",
    ),
    (
        lambda mu, log_var, noise: mu + log_var.exp() * noise,
        "The noise is multiplied by exp(log_var), which is the variance. Its root is wanted: "
        "`torch.exp(log_var / 2)`.",
    ),
    (
        lambda mu, log_var, noise: mu + log_var * noise,
        "The noise is multiplied by log_var itself. The standard deviation is "
        "`torch.exp(log_var / 2)`.",
    ),
    (
        lambda mu, log_var, noise: mu + noise,
        "The noise is added as it is, with deviation 1 for every picture. Multiply it by "
        "`torch.exp(log_var / 2)`.",
    ),
    (
        lambda mu, log_var, noise: noise,
        "`forward` decodes pure noise, drawn from the prior. Begin with mu: "
        "`mu + torch.exp(log_var / 2) * noise`.",
    ),
    (
        lambda mu, log_var, noise: torch.exp(log_var / 2) * noise,
        "mu is missing from z: `mu + torch.exp(log_var / 2) * noise`.",
    ),
    (
        lambda mu, log_var, noise: mu + torch.exp(-log_var / 2) * noise,
        "The sign in the exponent is turned round: the surer the encoder, the more noise. "
        "`torch.exp(log_var / 2)`, without a minus.",
    ),
    (
        lambda mu, log_var, noise: mu + torch.exp(log_var / 2) * noise[:1],
        "Every picture of the batch gets the same noise. Draw for each its own: "
        "`torch.randn_like(mu)`.",
    ),
    (
        lambda mu, log_var, noise: mu * noise + torch.exp(log_var / 2),
        "mu and the standard deviation have changed places: the noise multiplies the deviation, "
        "and mu is added.",
    ),
)


def draws_and_decodes(answer: Answer, training: bool) -> None:
    model, x, y, z = small_model(answer, training=training)
    if training and not is_steady(answer, model, x, y, z):
        raise Unjudged
    _expect_the_draw(answer, model, x, y)
    _expect_any_width(answer, model, x, y)


def _expect_the_draw(answer: Answer, model: nn.Module, x: Tensor, y: Tensor) -> None:
    stream = torch.default_generator
    state = stream.get_state()
    logits, mu, log_var = ask(answer, model, x, y)
    own = encode(answer, model, x, y)
    if not torch.equal(torch.cat(own), torch.cat([mu, log_var])):
        if torch.equal(torch.cat(own[::-1]), torch.cat([mu, log_var])):
            raise Wrong("`forward` returns log_var before mu: `return logits, mu, log_var`.")
        raise Wrong(
            "The mu and log_var that `forward` returns are not those of `encode(x, y)`. Call it "
            "there: `mu, log_var = self.encode(x, y)`."
        )
    stream.set_state(state)
    noise = torch.randn_like(mu)
    right = decode(answer, model, DRAWS[0][0](mu, log_var, noise), y)
    if torch.allclose(right.sigmoid(), logits, atol=1e-4):
        raise Wrong(
            "`forward` passes what `decode` gave through a sigmoid. Return the logits as they are: "
            "the loss takes logits, and the sigmoid is for drawing."
        )
    for draw, message in DRAWS:
        for drawn in (noise, _uniform(stream, state, mu)):
            decoded = decode(answer, model, draw(mu, log_var, drawn), y)
            if not torch.allclose(decoded, logits, rtol=1e-4, atol=1e-4):
                continue
            if drawn is not noise and draw is not DRAWS[1][0]:
                raise Wrong(
                    "The noise is uniform between 0 and 1, as `torch.rand` draws it, and so pushes "
                    "every code the same way. Normal noise is wanted: `torch.randn_like(mu)`."
                )
            if message:
                raise Wrong(message)
            stream.set_state(state)
            return
    _expect_moments(answer, model, x, y)


def _uniform(stream: torch.Generator, state: Tensor, like: Tensor) -> Tensor:
    stream.set_state(state)
    return torch.rand_like(like)


def _expect_moments(answer: Answer, model: nn.Module, x: Tensor, y: Tensor) -> None:
    """Noise that was drawn in a way of its own: the codes are caught on their way to `decode`."""
    calls, results = _overheard(answer, model, x, y)
    if len(calls) != PASSES:
        raise Wrong(
            "The logits of `forward` are not those that `decode(z, y)` makes of a z around mu with "
            "these labels. Draw z, then call `self.decode(z, y)` once and return what it gives."
        )
    for (_, labels, decoded), (logits, _, _) in zip(calls, results, strict=True):
        if not torch.equal(torch.as_tensor(labels).flatten().long(), y):
            raise Wrong(
                "`forward` tells `decode` other labels than it was given itself. Hand them on as "
                "they are: `self.decode(z, y)`."
            )
        if not torch.allclose(decoded, logits, atol=1e-4):
            raise Wrong(
                "`forward` changes what `decode` gave: other numbers come out. Return the logits "
                "as they are: the loss takes logits, and the sigmoid is for drawing."
            )
    _, mu, log_var = results[-1]
    z = torch.stack([z for z, _, _ in calls])
    _expect_normal((z - mu) * torch.exp(-log_var / 2))


def _overheard(answer: Answer, model: nn.Module, x: Tensor, y: Tensor) -> tuple[list, list]:
    """What `forward` hands to `decode` in some passes, (z, labels, logits), and what it returns."""
    calls = []
    decode = model.decode

    def listen(*args: object, **kwargs: object) -> Tensor:
        logits = decode(*args, **kwargs)
        z, labels = inspect.signature(decode).bind(*args, **kwargs).arguments.values()
        calls.append((z.detach(), labels, logits))
        return logits

    model.decode = listen
    try:
        return calls, [ask(answer, model, x, y) for _ in range(PASSES)]
    finally:
        del model.decode


def _expect_any_width(answer: Answer, model: nn.Module, x: Tensor, y: Tensor) -> None:
    """Codes as sure, and as unsure, as training makes them, put in the place of `encode`'s."""
    mu, log_var = encode(answer, model, x, y)
    mu, log_var = 14 * torch.randn_like(mu), torch.linspace(-8, 6, mu.numel()).view(mu.shape)
    model.encode = lambda *args, **kwargs: (mu.clone(), log_var.clone())
    try:
        calls, results = _overheard(answer, model, x, y)
    finally:
        del model.encode
    if len(calls) != PASSES or not torch.equal(results[0][1], mu):
        return  # `forward` goes its own way to both
    noise = (torch.stack([z for z, _, _ in calls]) - mu) * torch.exp(-log_var / 2)
    for part in (log_var < -3, log_var.abs() < 3, log_var > 3):
        square, n = noise[:, part].square().mean().item(), noise[:, part].numel()
        if abs(square - 1) > STANDARD_ERRORS * (2 / n) ** 0.5:
            low, high = log_var[part].min().item(), log_var[part].max().item()
            raise Wrong(
                f"Where log_var is between {low:.1f} and {high:.1f}, the noise in z has "
                f"{square:.3g} times the variance exp(log_var). Is log_var or mu cut to a range, "
                "by `clamp` or the like, on its way into z? Training uses all of it."
            )


def _expect_normal(epsilon: Float[Tensor, "passes batch latent"]) -> None:
    """Mean 0, mean square 1, and every number drawn for itself."""
    means = [epsilon.mean(axis).square().mean() * epsilon.shape[axis] for axis in range(3)]
    for excess, where in zip(
        means,
        (
            "is the same at every call",
            "is shared by the pictures of a batch",
            "is one number for the whole code of a picture",
        ),
        strict=True,
    ):
        if excess > 3 * epsilon.square().mean():
            raise Wrong(
                f"Your noise {where}. Draw every number for itself: `torch.randn_like(mu)`."
            )
    n = epsilon.numel()
    mean, variance = epsilon.mean().item(), epsilon.square().mean().item()
    if abs(mean) > STANDARD_ERRORS / n**0.5 or abs(variance - 1) > STANDARD_ERRORS * (2 / n) ** 0.5:
        raise Wrong(
            f"Measured against mu and exp(log_var / 2), your noise has mean {mean:.3f} and mean "
            f"square {variance:.3f}; N(0, 1) has 0 and 1. z is "
            "`mu + torch.exp(log_var / 2) * torch.randn_like(mu)`."
        )
