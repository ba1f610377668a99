"""`loss` is minus the ELBO of each picture, by the very draw that it made, and can be trained."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.expect import expect_close, expect_type
from course_utils.exercises.checking.halves import expect_gradient_through_the_draw, listening
from course_utils.exercises.checking.modes import Unjudged
from course_utils.exercises.checking.parts import Part, explained
from course_utils.exercises.checking.words import describe_type
from course_utils.exercises.lessons.lesson_08.SmallVAE.asking import (
    ask,
    build,
    draw_pictures,
    is_steady,
    small_model,
)
from course_utils.losses import gaussian_log_density


class Sample(NamedTuple):
    """One pass of `loss`: what went in, and what the halves gave on the way."""

    x: Tensor
    logits: Tensor
    mu: Tensor
    log_var: Tensor
    z: Tensor


def _pixels(s: Sample) -> Tensor:
    return F.binary_cross_entropy_with_logits(s.logits, s.x, reduction="none")


def _terms(s: Sample) -> Tensor:
    return 0.5 * (s.mu**2 + s.log_var.exp() - s.log_var - 1)


def _one_draw(s: Sample) -> Tensor:
    log_prior = gaussian_log_density(s.z, torch.zeros_like(s.mu), torch.zeros_like(s.mu))
    return gaussian_log_density(s.z, s.mu, s.log_var) - log_prior


PIXELS = (
    Part(lambda s: _pixels(s).sum(1)),
    Part(
        lambda s: _pixels(s).mean(1),
        "The reconstruction is averaged over the pixels, so it is smaller than the KL by their "
        "number, and the code would fall silent. Sum over the pixels: `reduction='none'`, then "
        "`.sum(dim=1)`.",
    ),
    Part(
        lambda s: _pixels(s).sum().expand(len(s.x)),
        "The reconstruction is summed over the whole batch and added to each picture's KL. Each "
        "picture pays for its own pixels: `reduction='none'`, then `.sum(dim=1)`.",
    ),
    Part(
        lambda s: (_pixels(s).sum() / len(s.x)).expand(len(s.x)),
        "The reconstruction is the mean over the batch, the same for every picture. Each pays for "
        "its own pixels: `reduction='none'`, then `.sum(dim=1)`.",
    ),
    Part(
        lambda s: _pixels(s).mean().expand(len(s.x)),
        "The reconstruction is one mean over pixels and pictures, which is what "
        "`binary_cross_entropy_with_logits` returns by itself. Write `reduction='none'`, then "
        "`.sum(dim=1)`.",
    ),
    Part(
        lambda s: (s.logits.sigmoid() - s.x).square().sum(1),
        "The reconstruction is a squared error. The pixels are Bernoulli here: a coin for each, "
        "whose price is the binary cross-entropy of lesson 06.",
    ),
    Part(
        lambda s: 0.5 * (s.logits.sigmoid() - s.x).square().sum(1),
        "The reconstruction is half a squared error, the price of Gaussian pixels. The pixels are "
        "Bernoulli here: binary cross-entropy, as in lesson 06.",
    ),
    Part(
        lambda s: F.binary_cross_entropy_with_logits(s.logits.sigmoid(), s.x, reduction="none").sum(
            1
        ),
        "The logits pass through a sigmoid twice: `binary_cross_entropy_with_logits` has one of "
        "its own. Give it the logits as they are.",
    ),
    Part(
        lambda s: -_pixels(s).sum(1),
        "The reconstruction has the wrong sign: this is log p(x|z), which is to be large. In a "
        "loss it stands with a minus.",
    ),
    Part(
        lambda s: 0 * _pixels(s).sum(1),
        "The reconstruction is missing: only the KL is left, and the cheapest code says nothing.",
    ),
)

KLS = (
    Part(lambda s: _terms(s).sum(1)),
    Part(_one_draw),  # not in closed form, but from the draw itself: right on average
    Part(
        lambda s: 0 * _terms(s).sum(1),
        "The KL is missing: this is an autoencoder with noise, and nothing keeps its codes near "
        "the prior.",
    ),
    Part(
        lambda s: _terms(s).mean(1),
        "The KL is averaged over the numbers of the code. Sum over them, `.sum(dim=1)`: each is "
        "paid for.",
    ),
    Part(
        lambda s: _terms(s).sum().expand(len(s.x)),
        "The KL is summed over the whole batch and added to each picture's reconstruction. Each "
        "picture pays for its own code: `.sum(dim=1)`.",
    ),
    Part(
        lambda s: (_terms(s).sum() / len(s.x)).expand(len(s.x)),
        "The KL is the mean over the batch, the same for every picture. Each pays for its own "
        "code: `.sum(dim=1)`.",
    ),
    Part(
        lambda s: 2 * _terms(s).sum(1),
        "The ½ of the KL is missing: it is twice what it should be.",
    ),
    Part(
        lambda s: -_terms(s).sum(1),
        "The KL has the wrong sign: codes far from the prior are rewarded. Its terms are "
        "μ² + σ² - log σ² - 1, with the ½ before them, and the KL is added.",
    ),
    Part(
        lambda s: (_terms(s) + 0.5).sum(1),
        "The KL lacks its `- 1` for each number of the code. A q equal to the prior costs nothing; "
        "yours costs half a nat for each.",
    ),
    Part(
        lambda s: 0.5 * (s.mu**2 + s.log_var.exp() + s.log_var - 1).sum(1),
        "In the KL log_var has the wrong sign: it is subtracted. As it stands, narrow clouds cost "
        "nothing.",
    ),
    Part(
        lambda s: 0.5 * (s.mu + s.log_var.exp() - s.log_var - 1).sum(1),
        "In the KL mu is not squared, so a mean far below 0 would be paid for with a gain.",
    ),
    Part(
        lambda s: 0.5 * (s.mu**2 + (s.log_var / 2).exp() - s.log_var - 1).sum(1),
        "In the KL stands σ where σ² belongs. log_var is log σ², so σ² is `log_var.exp()`.",
    ),
    Part(
        lambda s: 0.5 * (s.mu**2 + (2 * s.log_var).exp() - 2 * s.log_var - 1).sum(1),
        "The KL takes log_var for log σ, and squares once too often. It is log σ² already: σ² is "
        "`log_var.exp()`, and its logarithm is `log_var`.",
    ),
    Part(
        lambda s: 0.5 * (s.mu**2 + s.log_var - s.log_var.clamp(min=1e-12).log() - 1).sum(1),
        "The KL takes log_var for the variance itself. σ² is `log_var.exp()`, and its logarithm is "
        "`log_var`.",
    ),
    Part(
        lambda s: 0.5 * (s.log_var + (1 + s.mu**2) * (-s.log_var).exp() - 1).sum(1),
        "This is the KL the other way, from the prior to q. The bound has KL(q‖p), an average over "
        "q.",
    ),
    Part(
        lambda s: 0.5 * (s.mu**2).sum(1),
        "Of the KL only μ² / 2 is there. The cloud's width is paid for too: σ² - log σ² - 1, with "
        "a half.",
    ),
)


def has_the_right_loss(answer: Answer, training: bool) -> None:
    """Per picture, the sum of the two terms, under the draw that `loss` itself made."""
    model, x, z = small_model(answer, training=training)
    if training and not is_steady(answer, model, x, z):
        raise Unjudged
    with networks.expect_no_seeding("`loss`", lambda: answer.call(model.loss, x)):
        answer.call(model.loss, x)
    trials = []
    for sizes, batch in (((64, 24, 6), 7), ((49, 13, 8), 3), ((64, 24, 6), 1)):
        model, x = _off_its_start(answer, sizes, batch, training)
        loss, samples = _overheard(answer, model, x)
        _expect_one_each(loss, batch)
        _expect_one_draw(samples)
        trials.append((loss.detach(), samples))
    _expect_sum(trials)
    _expect_fresh_noise(answer, model, x)
    _expect_exact_far_out(answer, training)


def _off_its_start(
    answer: Answer, sizes: tuple[int, int, int], batch: int, training: bool
) -> tuple[nn.Module, Tensor]:
    generator = answer.generator()
    model = build(answer, *sizes)
    x = draw_pictures(batch, sizes[0], generator)
    ask(answer, model, x)
    networks.perturb(model, generator, 0.2)
    if training:
        for layer in model.modules():
            layer.training = layer is model
    return model, x


def _overheard(answer: Answer, model: nn.Module, x: Tensor) -> tuple[object, list[Sample]]:
    """The loss, and every pair of (mu, log_var) and logits that it may have been made from."""
    stream = torch.default_generator
    state = stream.get_state()
    with listening(model) as (encoded, decoded):
        loss = answer.call(model.loss, x)
    after = stream.get_state()
    encoded, decoded = _as_one_pass(encoded, len(x)), _as_one_pass(decoded, len(x))
    if not encoded:  # it goes its own way there, by the same layers
        encoded = [answer.call(model.encode, x)]
    if not decoded:
        stream.set_state(state)
        logits, mu, log_var = ask(answer, model, x)
        stream.set_state(state)
        decoded = [(mu + (log_var / 2).exp() * torch.randn_like(mu), logits)]
        stream.set_state(after)
    pairs = [(pair, last) for pair in encoded for last in decoded]
    return loss, [Sample(x, logits, *pair, z) for pair, (z, logits) in pairs]


def _as_one_pass(passes: list[tuple], rows: int) -> list[tuple]:
    """What came of several passes that went through the batch in parts, one after the other."""
    if len(passes) > 1 and sum(len(first) for first, *_ in passes) == rows:
        return [tuple(torch.cat(parts) for parts in zip(*passes, strict=True))]
    return passes


def _expect_one_each(loss: object, batch: int) -> None:
    if isinstance(loss, tuple | list | dict):
        raise Wrong(
            f"`loss` returned {describe_type(loss)}; expected one tensor of shape (batch,), the "
            "sum of the two terms of each picture."
        )
    expect_type(loss, torch.zeros(()))
    if loss.ndim == 0:
        raise Wrong(
            "`loss` returned one number for the whole batch. Each picture has a bound of its own: "
            "sum over `dim=1` alone, and leave the mean to whoever trains."
        )
    if loss.shape != (batch,):
        raise Wrong(
            f"For a batch of {batch}, `loss` returned the shape {tuple(loss.shape)}; expected "
            f"({batch},): one number for each picture. Sum the pixels, and the numbers of the "
            "code, over `dim=1`."
        )


def _expect_one_draw(samples: Sequence[Sample]) -> None:
    draws = len({id(sample.z) for sample in samples})
    if draws > 2:
        raise Wrong(f"`loss` decodes {draws} codes for each picture: call `self(x)` once.")


def _expect_sum(trials: Sequence[tuple[Tensor, list[Sample]]]) -> None:
    """Raise `Wrong` unless each loss is the sum; name the parts it is made of, if known."""

    def fits(pixels: Callable, kl: Callable) -> bool:
        return all(_any_equal(loss, samples, pixels, kl) for loss, samples in trials)

    if fits(lambda s: -PIXELS[0].value(s), lambda s: -KLS[0].value(s)):
        raise Wrong("This is the ELBO itself, which is to be large. A loss is made small: minus.")
    if explained(fits, PIXELS, KLS):
        return
    loss, samples = trials[0]
    sample = samples[0]
    pixels, kl = PIXELS[0].value(sample).detach(), KLS[0].value(sample).detach()
    expect_close(
        loss,
        pixels + kl,
        {"the reconstruction of each picture": pixels, "its KL": kl},
        "These are the two terms that your own logits, mu and log_var make. Print the same two "
        "inside `loss`.",
    )


def _any_equal(loss: Tensor, samples: Sequence[Sample], pixels: Callable, kl: Callable) -> bool:
    return any(_close(loss, (pixels(s) + kl(s)).detach()) for s in samples)


def _close(a: Tensor, b: Tensor) -> bool:
    if a.shape != b.shape or not (a.isfinite().all() and b.isfinite().all()):
        return False
    return bool((a - b).abs().max() <= 1e-4 * b.abs().max() + 1e-6)


def _expect_fresh_noise(answer: Answer, model: nn.Module, x: Tensor) -> None:
    if torch.equal(*(answer.call(model.loss, x) for _ in range(2))):
        raise Wrong(
            "Two calls of `loss` on the same pictures give exactly the same: no noise is drawn "
            "there. Begin with `logits, mu, log_var = self(x)`."
        )


def _expect_exact_far_out(answer: Answer, training: bool) -> None:
    """Logits and codes as far out as training takes them, put in the place of the halves' own."""
    model, x = _off_its_start(answer, (64, 24, 6), 9, training)
    logits = torch.linspace(-150, 150, x.numel()).view(x.shape)
    mu = torch.linspace(-14, 14, 54).view(9, 6).flip(0)
    log_var = torch.linspace(-8, 6, 54).view(9, 6)
    for words, method, given in (
        ("logits", "decode", logits),
        ("mu and log_var", "encode", (mu, log_var)),
    ):
        with _replaced(model, method, given) as calls:
            answer.call(model.loss, x)
            if not calls:
                continue  # `loss` goes its own way, by the layers
            loss, samples = _overheard(answer, model, x)
        if any(_any_equal(loss, samples, PIXELS[0].value, kl.value) for kl in KLS[:2]):
            continue
        wanted = (PIXELS[0].value(samples[0]) + KLS[0].value(samples[0])).detach()
        worst = (loss - wanted).abs().nan_to_num(torch.inf).argmax()
        raise Wrong(
            f"For ordinary numbers your loss is right. For {words} as far out as training may "
            f"take them it is {loss[worst].item():.5g} where {wanted[worst].item():.5g} is right. "
            "A sigmoid before the logarithm, `clamp`, or a small number added within a logarithm "
            "does that: `F.binary_cross_entropy_with_logits` takes logits as they are, and the KL "
            "needs no limit either."
        )


@contextlib.contextmanager
def _replaced(
    model: nn.Module, method: str, given: Tensor | tuple[Tensor, ...]
) -> Iterator[list[int]]:
    """A method that gives the same whatever it is asked, and one entry for each time it is: how
    many rows it was asked about. Who asks about parts of the batch gets the rows of that part."""
    calls = []

    def instead(*args: object, **kwargs: object) -> Tensor | tuple[Tensor, ...]:
        parts = (given,) if isinstance(given, Tensor) else given
        rows, whole = len(next(iter((*args, *kwargs.values())))), len(parts[0])
        begin = sum(calls) % whole if rows < whole else 0
        calls.append(rows)
        copies = tuple(part[begin : begin + rows].clone() for part in parts)
        return copies[0] if isinstance(given, Tensor) else copies

    setattr(model, method, instead)
    try:
        yield calls
    finally:
        delattr(model, method)


def has_the_right_gradient(answer: Answer) -> None:
    model, x = _off_its_start(answer, (64, 24, 6), 12, training=False)
    loss, samples = _overheard(answer, model, x)
    if not loss.requires_grad:
        raise Wrong(
            "The loss is the right number, but nothing could be trained with it: it does not "
            "remember how it was computed. Leave out `.item()`, `.detach()`, `torch.no_grad()` and "
            "`torch.tensor(...)`."
        )
    parameters = [p for p in model.parameters() if p.requires_grad]
    got = _gradients(loss, parameters)
    for sample in samples:
        pixels, kls = PIXELS[0].value(sample), [kl.value(sample) for kl in KLS[:2]]
        if not pixels.requires_grad:
            continue
        if any(_close(got, _gradients(pixels + kl, parameters)) for kl in kls):
            return
        if kls[0].requires_grad and _close(got, _gradients(kls[0], parameters)):
            raise Wrong(
                "The reconstruction is counted but has no gradient: the logits are detached before "
                "they are compared with x."
            )
        if _close(got, _gradients(pixels, parameters)):
            raise Wrong(
                "The KL is counted but has no gradient: mu and log_var are detached before it is "
                "computed, so the encoder never hears of the price of its code."
            )
    raise Wrong(
        "The loss is the right number, but its gradient is not that of reconstruction + KL under "
        "the draw that was made. Look for a part that is detached, or computed under "
        "`torch.no_grad()`."
    )


def _gradients(loss: Tensor, parameters: Sequence[Tensor]) -> Tensor:
    """The gradient with respect to all parameters in one long row, 0 where there is none."""
    rows = torch.autograd.grad(
        loss.sum(), parameters, retain_graph=True, allow_unused=True, materialize_grads=True
    )
    return torch.cat([row.flatten() for row in rows])


def sends_gradient_through_the_draw(answer: Answer, training: bool) -> None:
    model, x, _ = small_model(answer, training=training)
    expect_gradient_through_the_draw(model, lambda: ask(answer, model, x), x)


def can_be_trained(answer: Answer) -> None:
    """Every parameter learns, and the loss falls."""
    model, x, _ = small_model(answer, spread=0.0, batch=32)
    logits, mu, log_var = ask(answer, model, x)
    networks.expect_registered(model, logits, mu, log_var)
    networks.expect_all_reached(model, answer.call(model.loss, x).sum())
    means = [answer.call(model.loss, x).mean().item() for _ in range(5)]
    for _ in range(6):  # narrow networks need longer
        losses = networks.train(answer, model, lambda x: model.loss(x).mean(), x, steps=50)
        if sum(losses[-5:]) < 0.97 * sum(means):
            return
    raise Wrong(
        f"300 steps of Adam on one batch took your loss from {means[0]:.1f} to {losses[-1]:.1f} "
        "nats; it should fall by more. Is a layer frozen, with `requires_grad` set to False, or "
        "what goes in scaled to nothing?"
    )
