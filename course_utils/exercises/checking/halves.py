"""`forward` of a VAE is encode, z = μ + σ ε, decode: judged by the very noise that it drew.

What a lesson's network is given besides, a label say, is the lesson's business: `Halves` holds the
network together with what it is given, so that here there are only codes.
"""

import contextlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Wrong
from course_utils.exercises.checking.expect import STANDARD_ERRORS, expect_type
from course_utils.exercises.checking.words import describe_type
from course_utils.losses import bernoulli_nll

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


@dataclass(frozen=True)
class Halves:
    """A learner's VAE, and what it is given.

    Attributes:
        model: the network itself.
        encode: () → (mu, log_var).
        decode: z → logits.
        ask: () → (logits, mu, log_var), which is `forward`.
        given: what `encode` and what `decode` take, as a message writes it: ("x", "z").
        beside: is handed what `decode` was told beside z, and raises `Wrong` if it is not right.
    """

    model: nn.Module
    encode: Callable[[], tuple[Tensor, ...]]
    decode: Callable[[Tensor], Tensor]
    ask: Callable[[], tuple[Tensor, ...]]
    given: tuple[str, str] = ("x", "z")
    beside: Callable[[Sequence[object]], None] = lambda told: None


def expect_draw(halves: Halves) -> None:
    """Raise `Wrong` unless `forward` draws z from N(mu, σ²) and decodes it."""
    _expect_the_draw(halves)
    _expect_any_width(halves)


def expect_content(mu: Tensor, log_var: Tensor, logits: Tensor) -> None:
    """Raise `Wrong` unless both outputs of the encoder tell pictures apart, and logits codes.

    Args:
        mu, log_var: of a batch of different pictures.
        logits: of a batch of different codes.
    """
    if torch.equal(mu, log_var):
        raise Wrong(
            "mu and log_var are the same numbers. They need weights of their own: two layers, or "
            "one of twice the width that is cut in two."
        )
    if not _varies(mu):
        raise Wrong("mu is the same for every picture: `encode` does not look at x.")
    if not _varies(log_var):
        raise Wrong(
            "log_var is the same for every picture. Each picture has a certainty of its own: make "
            "log_var by a layer of its own from what mu is made from."
        )
    if not _varies(logits):
        raise Wrong("The logits are the same for every code: `decode` does not look at z.")


# Numbers as far from 0 as this are ordinary. (Whoever clamps farther out is left alone.)
NEAR = 6


def expect_unconfined(mu: Tensor, log_var: Tensor, logits: Tensor) -> None:
    """Raise `Wrong` if an activation holds back what large weights should take anywhere."""
    if log_var.min() >= 0 or log_var.max() <= 0:
        sign = "above" if log_var.max() <= 0 else "below"
        raise Wrong(
            f"Whatever the weights, your log_var never comes {sign} 0: an activation such as "
            "softplus, ReLU, exp or a logarithm of a probability stands behind its layer, or you "
            "return σ. A log-variance may be any number; leave the layer's output as it is."
        )
    if mu.min() >= 0 or mu.abs().max() <= 1:
        raise Wrong(
            "Your mu is confined, by a ReLU, sigmoid or tanh behind its layer. Codes spread like "
            "N(0, I) over all numbers; leave the layer's output as it is."
        )
    if logits.min() >= 0 and logits.max() <= 1:
        raise Wrong(
            "`decode` returns numbers between 0 and 1, as a sigmoid makes them. Logits are wanted, "
            "any number; the loss takes them as they are, and the sigmoid is for drawing."
        )
    if logits.min() >= 0 or logits.max() <= 0 or logits.abs().max() <= 1:
        raise Wrong(
            "Your logits are confined, by a ReLU, tanh, logsigmoid or log_softmax behind the last "
            "layer. A logit may be any number: far below 0 for white, far above for ink."
        )
    for words, numbers in (("mu stops", mu), ("log_var stops", log_var), ("logits stop", logits)):
        for bound in (numbers.min(), numbers.max()):
            stopped = int((numbers == bound).sum())
            if abs(bound) <= NEAR and stopped > max(2, 0.1 * numbers.numel()):
                raise Wrong(
                    f"Your {words} at {bound:.4g}, where {stopped} of {numbers.numel()} numbers "
                    "lie: something such as `clamp` holds them back. In training they go beyond, "
                    "and what is clamped gets no gradient; leave the layer's output as it is."
                )


def _varies(result: Tensor) -> bool:
    return bool((result - result[:1]).abs().max() > 1e-6)


def _expect_the_draw(halves: Halves) -> None:
    stream = torch.default_generator
    state = stream.get_state()
    logits, mu, log_var = halves.ask()
    own, given = halves.encode(), halves.given[0]
    returned = torch.cat([mu, log_var])
    if not torch.allclose(torch.cat(own), returned, atol=1e-5):
        if torch.allclose(torch.cat(own[::-1]), returned, atol=1e-5):
            raise Wrong("`forward` returns log_var before mu: `return logits, mu, log_var`.")
        raise Wrong(
            f"The mu and log_var that `forward` returns are not those of `encode({given})`. Call "
            f"it there: `mu, log_var = self.encode({given})`."
        )
    stream.set_state(state)
    noise = torch.randn_like(mu)
    right = halves.decode(DRAWS[0][0](mu, log_var, noise))
    if torch.allclose(right.sigmoid(), logits, atol=1e-4):
        raise Wrong(
            "`forward` passes what `decode` gave through a sigmoid. Return the logits as they are: "
            "the loss takes logits, and the sigmoid is for drawing."
        )
    for draw, message in DRAWS:
        for drawn in (noise, _uniform(stream, state, mu)):
            decoded = halves.decode(draw(mu, log_var, drawn))
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
    _expect_moments(halves)


def _uniform(stream: torch.Generator, state: Tensor, like: Tensor) -> Tensor:
    stream.set_state(state)
    return torch.rand_like(like)


def _expect_moments(halves: Halves) -> None:
    """Noise that was drawn in a way of its own: the codes are caught on their way to `decode`."""
    calls, results = _overheard(halves)
    given = halves.given[1]
    if len(calls) != PASSES:
        raise Wrong(
            f"The logits of `forward` are not those that `decode({given})` makes of a z around mu"
            f"{' with these labels' if ',' in given else ''}. Draw z, then call "
            f"`self.decode({given})` once and return what it gives."
        )
    for (_, told, decoded), (logits, _, _) in zip(calls, results, strict=True):
        halves.beside(told)
        if not torch.allclose(decoded, logits, atol=1e-4):
            raise Wrong(
                "`forward` changes what `decode` gave: other numbers come out. Return the logits "
                "as they are: the loss takes logits, and the sigmoid is for drawing."
            )
    _, mu, log_var = results[-1]
    z = torch.stack([z for z, _, _ in calls])
    _expect_normal((z - mu) * torch.exp(-log_var / 2))


def _overheard(halves: Halves) -> tuple[list, list]:
    """What `forward` hands to `decode` in some passes, (z, the rest, logits); what it returns."""
    calls = []
    model = halves.model
    decode = model.decode

    def listen(*args: object, **kwargs: object) -> Tensor:
        logits = decode(*args, **kwargs)
        z, *told = inspect.signature(decode).bind(*args, **kwargs).arguments.values()
        calls.append((z.detach(), told, logits))
        return logits

    model.decode = listen
    try:
        return calls, [halves.ask() for _ in range(PASSES)]
    finally:
        del model.decode


def _expect_any_width(halves: Halves) -> None:
    """Codes as sure, and as unsure, as training makes them, put in the place of `encode`'s."""
    mu, log_var = halves.encode()
    model = halves.model
    mu, log_var = 14 * torch.randn_like(mu), torch.linspace(-8, 6, mu.numel()).view(mu.shape)
    model.encode = lambda *args, **kwargs: (mu.clone(), log_var.clone())
    try:
        calls, results = _overheard(halves)
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
    centred = epsilon - epsilon.mean()
    square = centred.square().mean()
    shared = [centred.mean(axis).square().mean() * centred.shape[axis] for axis in range(3)]
    if shared[0] > 3 * square and centred.var(0).mean() > 0.1 * square:
        raise Wrong(
            f"z varies from call to call, but not around mu: over {len(epsilon)} calls the mean of "
            "(z - mu) / σ should be 0, and for one number of the code it is "
            f"{epsilon.mean(0).abs().max():.2g} away from that. z is mu itself and the noise, "
            "`mu + torch.exp(log_var / 2) * torch.randn_like(mu)`."
        )
    for excess, where in zip(
        shared,
        (
            "is the same at every call",
            "is shared by the pictures of a batch",
            "is one number for the whole code of a picture",
        ),
        strict=True,
    ):
        if excess > 3 * square:
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


def tensors(output: object, call: str, wanted: tuple[str, ...]) -> tuple[Tensor, ...]:
    """What a method returned, if it is as many tensors as wanted."""
    if isinstance(output, Tensor) and len(wanted) == 1:
        expect_type(output, torch.zeros(()))
        return (output,)
    many = isinstance(output, tuple | list)
    if not many or len(output) != len(wanted) or len(wanted) == 1:
        found = f"{len(output)} things" if many else describe_type(output)
        names = ", ".join(wanted)
        kind = "one tensor" if len(wanted) == 1 else f"{len(wanted)} tensors"
        raise Wrong(f"`{call}` returned {found}; expected {kind}: `return {names}`.")
    for result in output:
        expect_type(result, torch.zeros(()))
    return tuple(output)


def expect_shapes(
    input_dim: int, latent_dim: int, results: Sequence[tuple[str, Sequence[Tensor]]]
) -> None:
    """Of what encoder, decoder and `forward` gave for five pictures, each with its call."""
    flat, code = (5, input_dim), (5, latent_dim)
    for (call, tensors), wanted in zip(
        results, ((code, code), (flat,), (flat, code, code)), strict=True
    ):
        shapes = tuple(tuple(tensor.shape) for tensor in tensors)
        if shapes == wanted:
            continue
        found = f"For a batch of 5 and latent_dim={latent_dim}, `{call}` returned "
        found += f"{_listed(shapes)}; expected {_listed(wanted)}. "
        if sorted(shapes) == sorted(wanted):
            raise Wrong(f"{found}The order is logits, mu, log_var.")
        if wanted == (code, code) and shapes[0] == (5, 2 * latent_dim):
            raise Wrong(f"{found}Cut the last layer's output in two: `.chunk(2, dim=1)`.")
        if tensors[0].numel() == 5 * input_dim and shapes[0] != flat:
            raise Wrong(f"{found}Pictures are rows here: lay them flat, `logits.flatten(1)`.")
        raise Wrong(f"{found}Follow one batch through your layers and print its shape after each.")


def expect_rows_of_one(input_dim: int, latent_dim: int, *results: Tensor) -> None:
    """What `forward` made of a batch of one keeps the batch's axis."""
    shapes = tuple(tuple(result.shape) for result in results)
    if shapes != ((1, input_dim), (1, latent_dim), (1, latent_dim)):
        raise Wrong(
            f"A batch of one picture comes back in the shapes {_listed(shapes)}; the axis of "
            "length 1 is to stay. `squeeze()` drops every such axis: leave it out."
        )


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return " and ".join(str(shape) for shape in shapes)


def expect_remembered(mu: Tensor, log_var: Tensor) -> None:
    """By the graph, so that the KL can train the encoder."""
    if not networks.leaves(mu) or not networks.leaves(log_var):
        raise Wrong(
            "mu or log_var does not remember the weights it was made with, so the KL could not "
            "train the encoder. Leave out `.detach()`, `.data` and `torch.no_grad()`."
        )


@contextlib.contextmanager
def listening(model: nn.Module) -> Iterator[tuple[list, list]]:
    """While this lasts, what `encode` gave and what `decode` was given and gave is written down."""
    encoded, decoded = [], []
    encode, decode = model.encode, model.decode

    def hear_encode(*args: object, **kwargs: object) -> object:
        result = encode(*args, **kwargs)
        encoded.append(result)
        return result

    def hear_decode(*args: object, **kwargs: object) -> object:
        result = decode(*args, **kwargs)
        decoded.append((*args, *kwargs.values(), result))
        return result

    own = {name: vars(model).get(name) for name in ("encode", "decode")}
    model.encode, model.decode = hear_encode, hear_decode
    try:
        yield encoded, decoded
    finally:
        for name, method in own.items():
            delattr(model, name)
            if method is not None:
                setattr(model, name, method)


def expect_gradient_through_the_draw(
    model: nn.Module, ask: Callable[[], tuple[Tensor, ...]], x: Tensor
) -> None:
    """Raise `Wrong` unless what `forward` decodes trains the encoder.

    What `forward` returns may have been made from what `encode` gave, as `2 * q.stddev.log()` is,
    so the gradient is taken with respect to the latter, however often it was called.
    """
    with listening(model) as (encoded, _):
        logits, *returned = ask()
    expect_remembered(*returned)
    if not logits.requires_grad:
        raise Wrong(
            "The logits that `forward` returns do not remember how they were made, so the pixels "
            "could train neither half. Leave out `.detach()`, `.data` and `torch.no_grad()` there."
        )
    heard = [pair for pair in encoded if all(half.requires_grad for half in pair)]
    to_mu, to_log_var = (
        torch.autograd.grad(
            bernoulli_nll(logits, x).sum(), half, retain_graph=True, materialize_grads=True
        )
        for half in zip(*(heard or [returned]), strict=True)
    )
    if not any(gradient.any() for gradient in to_mu):
        raise Wrong(
            "The reconstruction sends no gradient to mu: the graph is cut at the draw, as "
            "`torch.normal`, `.sample()` or `.detach()` cut it (lesson 07). Write z as "
            "`mu + torch.exp(log_var / 2) * torch.randn_like(mu)`."
        )
    if not any(gradient.any() for gradient in to_log_var):
        raise Wrong(
            "The reconstruction sends no gradient to log_var, so nothing would teach the encoder "
            "to be sure: only the KL would, and that asks for doubt. Keep σ in the graph: "
            "`torch.exp(log_var / 2)`, without `.detach()` or `torch.no_grad()`."
        )
