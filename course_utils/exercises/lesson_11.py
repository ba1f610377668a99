"""Checks of lesson 11: a VAE that is told the label."""

import contextlib
import inspect
from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.exercises import modules
from course_utils.exercises.answer import Answer, Crash, Wrong, describe_type
from course_utils.exercises.compare import expect_type
from course_utils.exercises.exercise import Exercise, Stage
from course_utils.exercises.solutions import lesson_11 as solutions
from course_utils.losses import bernoulli_nll, gaussian_kl

# (input_dim, latent_dim, num_classes): the course's own sizes, then others, no two alike.
SIZES = ((784, 20, 10), (64, 6, 4), (49, 8, 13))
PASSES = 40
LABELS = 13  # of the small model that is looked at closely


def _batch(
    batch: int, input_dim: int, num_classes: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Pictures with labels, in no order; the smallest and the largest label are among them."""
    x = torch.rand(batch, input_dim, generator=generator)
    x = x * (torch.rand(batch, input_dim, generator=generator) < 0.4)
    y = torch.randint(0, num_classes, (batch,), generator=generator)
    y[0], y[-1] = 0, num_classes - 1
    return x, y


def _small(answer: Answer, spread: float = 0.1) -> tuple[nn.Module, Tensor, Tensor, Tensor]:
    """A model away from its first weights, pictures, labels and codes."""
    generator = answer.generator()
    model = modules.build(answer, input_dim=64, latent_dim=6, num_classes=LABELS)
    x, y = _batch(24, 64, LABELS, generator)
    _forward(answer, model, x, y)  # lazy layers get their weights
    modules.perturb(model, generator, spread)
    return model, x, y, torch.randn(24, 6, generator=generator)


def _tensors(output: object, call: str, wanted: tuple[str, ...]) -> tuple[Tensor, ...]:
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


def _encode(answer: Answer, model: nn.Module, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    return _tensors(answer.call(model.encode, x, y), "encode(x, y)", ("mu", "log_var"))


def _decode(answer: Answer, model: nn.Module, z: Tensor, y: Tensor) -> Tensor:
    return _tensors(answer.call(model.decode, z, y), "decode(z, y)", ("logits",))[0]


def _forward(answer: Answer, model: nn.Module, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    return _tensors(answer.call(model, x, y), "forward(x, y)", ("logits", "mu", "log_var"))


def _builds(answer: Answer) -> None:
    for sizes in SIZES:
        input_dim, latent_dim, num_classes = sizes
        modules.build(answer, input_dim=input_dim, latent_dim=latent_dim, num_classes=num_classes)
    modules.build(answer)


# --- shape ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def _explained(instead: str) -> Iterator[None]:
    """Put a sentence before what Python says, when the answer stops with an error."""
    try:
        yield
    except Crash as crash:
        raise Wrong(f"{instead}\n{crash}") from None


def _has_shapes(answer: Answer) -> None:
    for sizes in SIZES:
        if sizes == SIZES[0]:
            _expect_first_shapes(answer, *sizes)
            continue
        given = "input_dim={}, latent_dim={}, num_classes={}".format(*sizes)
        with _explained(
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
    model = modules.build(
        answer, input_dim=input_dim, latent_dim=latent_dim, num_classes=num_classes
    )
    x, y = _batch(5, input_dim, num_classes, answer.generator())
    flat, code = (5, input_dim), (5, latent_dim)
    z = torch.randn(code, generator=answer.generator())
    for call, results, wanted in (
        ("encode(x, y)", _encode(answer, model, x, y), (code, code)),
        ("decode(z, y)", (_decode(answer, model, z, y),), (flat,)),
        ("forward(x, y)", _forward(answer, model, x, y), (flat, code, code)),
    ):
        shapes = tuple(tuple(result.shape) for result in results)
        if shapes == wanted:
            continue
        found = f"For a batch of 5 and latent_dim={latent_dim}, `{call}` returned "
        found += f"{_listed(shapes)}; expected {_listed(wanted)}. "
        if sorted(shapes) == sorted(wanted):
            raise Wrong(f"{found}The order is logits, mu, log_var.")
        if call == "encode(x, y)" and shapes[0] == (5, 2 * latent_dim):
            raise Wrong(f"{found}Cut the last layer's output in two: `.chunk(2, dim=1)`.")
        if results[0].numel() == 5 * input_dim and shapes[0] != flat:
            raise Wrong(f"{found}Pictures are rows here: lay them flat, `logits.flatten(1)`.")
        raise Wrong(f"{found}Follow one batch through your layers and print its shape after each.")


def _listed(shapes: tuple[tuple[int, ...], ...]) -> str:
    return " and ".join(str(shape) for shape in shapes)


def _expect_any_labels(answer: Answer) -> None:
    """Batches that lack the largest label, that have only one, and a batch of one."""
    model = modules.build(answer, input_dim=64, latent_dim=6, num_classes=4)
    x, _ = _batch(3, 64, 4, answer.generator())
    for y in (torch.tensor([1, 0, 1]), torch.tensor([2, 2, 2])):
        with _explained(
            f"With the labels {y.tolist()} of num_classes=4 it stops. `F.one_hot(y)` alone makes "
            "as many columns as the largest label of the batch needs; say how many there are: "
            "`F.one_hot(y, self.num_classes)`."
        ):
            _forward(answer, model, x, y)
    with _explained("A batch of one picture stops your model."):
        logits, mu, log_var = _forward(answer, model, x[:1], torch.tensor([3]))
    if logits.shape != (1, 64) or mu.shape != (1, 6) or log_var.shape != (1, 6):
        shapes = _listed(tuple(tuple(result.shape) for result in (logits, mu, log_var)))
        raise Wrong(
            f"A batch of one picture comes back in the shapes {shapes}; the axis of length 1 is to "
            "stay. `squeeze()` drops every such axis: leave it out."
        )


# --- labels ---------------------------------------------------------------------------------------


def _knows_the_label(answer: Answer) -> None:
    model, x, y, z = _small(answer)
    with modules.expect_no_seeding("`forward`", lambda: answer.call(model, x, y)):
        _forward(answer, model, x, y)
    _expect_steady(answer, model, x, y, z)
    _expect_both_told(answer, model, x, z)
    _expect_content(answer, model, x, y, z)
    _expect_names_not_amounts(answer, model, x, z)
    _expect_one_by_one(answer, model, x, y, z)


def _expect_steady(answer: Answer, model: nn.Module, x: Tensor, y: Tensor, z: Tensor) -> None:
    for call, run in (
        ("encode(x, y)", lambda: torch.cat(_encode(answer, model, x, y))),
        ("decode(z, y)", lambda: _decode(answer, model, z, y)),
    ):
        if not torch.equal(run(), run()):
            raise Wrong(
                f"`{call}` gave two different results for the same input. The noise belongs into "
                "`forward`, between the two; and layers are made once, in `__init__`."
            )


def _expect_both_told(answer: Answer, model: nn.Module, x: Tensor, z: Tensor) -> None:
    """For each pair of labels, both halves must tell one from the other."""
    same = [torch.full((len(x),), label) for label in range(LABELS)]
    codes = [torch.cat(_encode(answer, model, x, y), dim=1) for y in same]
    drawn = [_decode(answer, model, z, y) for y in same]
    encoder, decoder = _told(codes), _told(drawn)
    if not any(encoder) and not any(decoder):
        raise Wrong(
            "Change the label, and nothing changes: neither `encode` nor `decode` looks at y. "
            "Join it to what goes in, `torch.cat([x, one_hot], dim=1)`, and to z likewise."
        )
    if not any(encoder):
        raise Wrong(
            "The encoder is not told the label: change y, and mu and log_var stay as they are. "
            "Join the one-hot rows to x before the first layer of the encoder."
        )
    if not any(decoder):
        raise Wrong(
            "The decoder is not told the label: change y, and the logits stay as they are. The "
            "label would have to travel inside z, and no one could ask for a digit. Join the "
            "one-hot rows to z before the first layer of the decoder."
        )
    for part, told in (("encoder", encoder), ("decoder", decoder)):
        if not all(told):
            raise Wrong(
                f"Some labels make no difference to the {part}: of 0 to {LABELS - 1}, two give the "
                "same result. Each class needs a column of its own."
            )


def _told(results: list[Tensor]) -> list[bool]:
    """For each pair of labels, whether the results differ."""
    return [
        not torch.equal(one, other)
        for place, one in enumerate(results)
        for other in results[place + 1 :]
    ]


def _expect_content(answer: Answer, model: nn.Module, x: Tensor, y: Tensor, z: Tensor) -> None:
    """Mean and log-variance must depend on the picture, the logits on the code."""
    one = torch.zeros(len(x), dtype=torch.long)
    mu, log_var = _encode(answer, model, x, one)
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
            "log_var from x and y by a layer, as mu is made."
        )
    if not _varies(_decode(answer, model, z, one)):
        raise Wrong("The logits are the same for every code: `decode` does not look at z.")
    wild, x, y, z = _small(answer, spread=1.0)
    (mu, log_var), logits = _encode(answer, wild, x, y), _decode(answer, wild, z, y)
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


def _varies(result: Tensor) -> bool:
    return bool((result - result[:1]).abs().max() > 1e-6)


def _expect_names_not_amounts(answer: Answer, model: nn.Module, x: Tensor, z: Tensor) -> None:
    """One picture with the labels 0, 1, 2, 3: nothing in the network may change by equal steps."""
    seen = []

    def look(layer: nn.Module, inputs: tuple) -> None:
        seen.extend(x for x in inputs if isinstance(x, Tensor) and x.is_floating_point())

    layers = [layer for layer in model.modules() if not any(layer.children())]
    hooks = [layer.register_forward_pre_hook(look) for layer in layers]
    y = torch.arange(4)
    try:
        _encode(answer, model, x[:1].repeat(4, 1), y)
        _decode(answer, model, z[:1].repeat(4, 1), y)
    finally:
        for hook in hooks:
            hook.remove()
    for given in seen:
        if len(given) != 4:
            continue
        steps = given.detach().double().flatten(1).diff(dim=0)
        if steps.norm() > 1e-6 and (steps - steps[:1]).norm() < 1e-5 * steps.norm():
            raise Wrong(
                "The label goes in as an amount: from 0 to 1, to 2, to 3 the input of a layer "
                "changes by equal steps, as if 9 were three times as much as 3. Labels are names: "
                "give each class a column of its own, `F.one_hot(y, self.num_classes)`, or an "
                "`nn.Embedding`."
            )


def _expect_one_by_one(answer: Answer, model: nn.Module, x: Tensor, y: Tensor, z: Tensor) -> None:
    """Each picture by itself, whatever else is in the batch, and in the order of the batch."""
    for call, run in (
        ("encode(x, y)", lambda at: torch.cat(_encode(answer, model, x[at], y[at]), dim=1)),
        ("decode(z, y)", lambda at: _decode(answer, model, z[at], y[at])),
    ):
        together = run(slice(None))
        for at in (slice(0, 1), slice(5, 9)):
            if not torch.allclose(run(at), together[at], atol=1e-4):
                raise Wrong(
                    f"What `{call}` makes of an example changes with the others in the batch. Each "
                    "has its own row: look for a sum, mean or softmax over `dim=0`, and for labels "
                    "joined in another order than the pictures."
                )


# --- value ----------------------------------------------------------------------------------------

# What learners add the noise by; the first is right. ε is the noise, the rest what it is put into.
DRAWS: tuple[tuple[Callable[[Tensor, Tensor, Tensor], Tensor], str], ...] = (
    (lambda mu, log_var, noise: mu + torch.exp(log_var / 2) * noise, ""),
    (
        lambda mu, log_var, noise: mu,
        "`forward` decodes mu itself. Draw z from N(mu, σ²), also in evaluation mode: "
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


def _draws_and_decodes(answer: Answer) -> None:
    """`forward` is encode, z = μ + σε, decode, judged by the very noise that it drew."""
    model, x, y, _ = _small(answer)
    stream = torch.default_generator
    state = stream.get_state()
    logits, mu, log_var = _forward(answer, model, x, y)
    own = _encode(answer, model, x, y)
    if not torch.equal(torch.cat(own), torch.cat([mu, log_var])):
        if torch.equal(torch.cat(own[::-1]), torch.cat([mu, log_var])):
            raise Wrong("`forward` returns log_var before mu: `return logits, mu, log_var`.")
        raise Wrong(
            "The mu and log_var that `forward` returns are not those of `encode(x, y)`. Call it "
            "there: `mu, log_var = self.encode(x, y)`."
        )
    stream.set_state(state)
    noise = torch.randn_like(mu)
    right = _decode(answer, model, DRAWS[0][0](mu, log_var, noise), y)
    if torch.allclose(right.sigmoid(), logits, atol=1e-4):
        raise Wrong(
            "`forward` passes what `decode` gave through a sigmoid. Return the logits as they are: "
            "the loss takes logits, and the sigmoid is for drawing."
        )
    for draw, message in DRAWS:
        for drawn in (noise, _uniform(stream, state, mu)):
            decoded = _decode(answer, model, draw(mu, log_var, drawn), y)
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
    calls = []
    decode = model.decode

    def listen(*args: object, **kwargs: object) -> Tensor:
        logits = decode(*args, **kwargs)
        z, labels = inspect.signature(decode).bind(*args, **kwargs).arguments.values()
        calls.append((z.detach(), labels, logits))
        return logits

    model.decode = listen
    try:
        results = [_forward(answer, model, x, y) for _ in range(PASSES)]
    finally:
        del model.decode
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
    if abs(mean) > 6 / n**0.5 or abs(variance - 1) > 6 * (2 / n) ** 0.5:
        raise Wrong(
            f"Measured against mu and exp(log_var / 2), your noise has mean {mean:.3f} and mean "
            f"square {variance:.3f}; N(0, 1) has 0 and 1. z is "
            "`mu + torch.exp(log_var / 2) * torch.randn_like(mu)`."
        )


# --- training -------------------------------------------------------------------------------------


def _can_be_trained(answer: Answer) -> None:
    """Every parameter learns from the negative ELBO, and the label is used."""
    model, x, y, _ = _small(answer, spread=0.0)
    centres = (torch.rand(LABELS, 64, generator=answer.generator()) < 0.5).float()
    x = centres[y]

    def loss(x: Tensor, y: Tensor) -> Tensor:
        logits, mu, log_var = model(x, y)
        return (bernoulli_nll(logits, x) + gaussian_kl(mu, log_var)).mean()

    logits, mu, log_var = _forward(answer, model, x, y)
    modules.expect_registered(model, logits, mu, log_var)
    value = answer.call(loss, x, y)
    if not modules.leaves(mu) or not modules.leaves(log_var):
        raise Wrong(
            "mu or log_var does not remember the weights it was made with, so the KL could not "
            "train the encoder. Leave out `.detach()`, `.data` and `torch.no_grad()`."
        )
    _expect_gradient_through_the_draw(model, x, y)
    modules.expect_all_reached(model, value)
    start = value.item()
    for _ in range(8):  # narrow networks need longer
        losses = modules.train(answer, model, loss, x, y, steps=50)
        if losses[-1] < 0.9 * start:
            return
    raise Wrong(
        "400 steps of Adam on pictures that the label alone tells apart took the negative ELBO "
        f"from {start:.1f} to {losses[-1]:.1f} nats; it should fall by more than a tenth. Is a "
        "layer frozen, with `requires_grad` set to False, or what goes in scaled to nothing?"
    )


def _expect_gradient_through_the_draw(model: nn.Module, x: Tensor, y: Tensor) -> None:
    logits, mu, log_var = model(x, y)
    to_mu, to_log_var = torch.autograd.grad(
        bernoulli_nll(logits, x).sum(), (mu, log_var), allow_unused=True
    )
    if to_mu is None or not to_mu.any():
        raise Wrong(
            "The reconstruction sends no gradient to mu: the graph is cut at the draw, as "
            "`torch.normal`, `.sample()` or `.detach()` cut it (lesson 07). Write z as "
            "`mu + torch.exp(log_var / 2) * torch.randn_like(mu)`."
        )
    if to_log_var is None or not to_log_var.any():
        raise Wrong(
            "The reconstruction sends no gradient to log_var, so nothing would teach the encoder "
            "to be sure: only the KL would, and that asks for doubt. Keep σ in the graph: "
            "`torch.exp(log_var / 2)`, without `.detach()` or `torch.no_grad()`."
        )


ConditionalVAE = Exercise(
    solution=solutions.ConditionalVAE,
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
        Stage("label", _knows_the_label),
        Stage("z = μ + σε", _draws_and_decodes),
        Stage("training", _can_be_trained),
    ),
)
