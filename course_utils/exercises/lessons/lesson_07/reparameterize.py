"""`reparameterize`, lesson 07: a draw that lets gradients pass."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.chance import expect_generator_used
from course_utils.exercises.checking.compare import CUT_THREAD, ONLY_TENSORS
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.expect import expect_close, expect_shape, expect_type
from course_utils.exercises.checking.signature import expect_attempted
from course_utils.exercises.lessons.lesson_07._draws import (
    expect_followed,
    expect_free_of_the_batch,
    expect_independent,
    expect_normal,
    expect_own_noise,
    explained,
    implied_noise,
    sigma_of,
    stream_of,
)


def reparameterize(
    mu: Float[Tensor, "batch latent"],
    log_var: Float[Tensor, "batch latent"],
    generator: torch.Generator | None = None,
) -> Float[Tensor, "batch latent"]:
    """One draw z from N(mu, σ²) for every entry, made so that gradients reach mu and log_var.

    log_var is log σ², the logarithm of the variance. All noise comes from the generator, or from
    torch's global one if it is None; every entry has noise of its own, and every call new noise.
    """
    epsilon = torch.randn(mu.shape, generator=generator)
    sigma = torch.exp(log_var / 2)
    return mu + sigma * epsilon


NO_MEMORY = (
    "The draws are right, but no gradient passes through them: z does not remember `mu` and "
    "`log_var`. `.sample()`, `.detach()`, `.data`, `torch.no_grad()` and NumPy all cut that "
    "thread. Draw ε on its own, and compute z = mu + σ ε from it."
)


NO_DEFAULT = (
    "Your function asks for a generator each time, and it is to be called without one as well: "
    "`generator: torch.Generator | None = None`. Keep the first line as it was given."
)


def _gaussians(batch: int, latent: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Means and log-variances all over the place: at σ near 1 wrong formulas look right."""
    mu = 1.5 * torch.randn(batch, latent, generator=generator) + 0.5
    log_var = 4 * torch.rand(batch, latent, generator=generator) - 2
    return mu, log_var


def _draw_type(answer: Answer) -> None:
    generator = stream_of(answer)
    shapes = answer.memory["shapes"] = []
    for batch, latent in ((3, 2), (4, 4), (1, 5), (6, 1), (2, 7)):
        mu, log_var = _gaussians(batch, latent, generator)
        try:
            got = answer(mu, log_var, generator)
        except Crash as crash:
            raise explained(crash) from None
        expect_attempted(got, answer)
        expect_type(got, mu)
        shapes.append((got, mu, {"mu": mu, "log_var": log_var}))


def _draw_shape(answer: Answer) -> None:
    for got, mu, given in answer.memory["shapes"]:
        expect_shape(got, mu, "the shape of mu: one draw for every entry", given)


def _draw_value(answer: Answer) -> None:
    generator = stream_of(answer)
    for source in (generator, None):
        mu, log_var = _gaussians(3000, 8, generator)
        _expect_draws(answer(mu, log_var, source).detach(), mu, log_var)


def _draw_far_out(answer: Answer) -> None:
    """As far as trained encoders go; and in batches so small that a trick over the batch shows."""
    generator = stream_of(answer)
    mu = 28 * torch.rand(3000, 8, generator=generator) - 14
    log_var = 14 * torch.rand(3000, 8, generator=generator) - 8
    z = answer(mu, log_var, generator).detach()
    expect_followed(z, mu, log_var)
    expect_free_of_the_batch(lambda mu, log_var: answer(mu, log_var, generator).detach())


def _expect_draws(z: Tensor, mu: Tensor, log_var: Tensor) -> None:
    """Raise `Wrong` unless z, (n, latent), may have been drawn from N(mu, σ²), each entry alone."""
    for value, message in (
        (mu, "z is `mu` itself, without noise. What is asked for is a draw: z = mu + σ ε."),
        (mu + sigma_of(log_var), "z is mu + σ: the noise ε, which σ is to multiply, is gone."),
        (mu + log_var.exp(), "z is mu + σ²: the noise is gone, and so is a root."),
        (mu + log_var, "z is mu + log_var, with no noise in it. z = mu + exp(log_var / 2) ε."),
    ):
        if torch.allclose(z.to(value.dtype), value, atol=1e-4):
            raise Wrong(message)
    if z.isfinite().all():
        expect_own_noise(implied_noise(z, mu, log_var))
    wide, far = log_var > 0, mu > 0.5
    expect_normal(z, mu, log_var, [wide & far, wide & ~far, ~wide & far, ~wide & ~far])
    expect_independent(implied_noise(z, mu, log_var))


def _draw_generator(answer: Answer) -> None:
    mu, log_var = _gaussians(4, 3, stream_of(answer))
    _expect_a_default(answer, mu, log_var)
    expect_generator_used(lambda generator: answer(mu, log_var, generator).detach())
    first, second = (answer(mu, log_var).detach() for _ in range(2))
    if torch.equal(first, second):
        raise Wrong(
            "Without a generator, two calls return the same draw: a seed is set inside, or a new "
            "generator is made, which always starts alike. `torch.randn(..., generator=None)` "
            "draws from torch's global stream, so you can pass `generator` on as it is."
        )
    if not torch.equal(*(_after_seeding(answer, mu, log_var) for _ in range(2))):
        raise Wrong(
            "Without a generator your noise is to come from torch's global stream, and yet twice "
            "after `torch.manual_seed(1)` two different draws came back. Keep `None` as the "
            "default, and pass `generator` on as it is."
        )


def _after_seeding(answer: Answer, mu: Tensor, log_var: Tensor) -> Tensor:
    torch.manual_seed(1)
    return answer(mu, log_var).detach()


def _expect_a_default(answer: Answer, mu: Tensor, log_var: Tensor) -> None:
    try:
        answer(mu, log_var)
    except Crash as crash:
        if isinstance(crash.error, TypeError) and "missing 1 required" in str(crash.error):
            raise Wrong(NO_DEFAULT) from None
        raise


def _draw_gradient(answer: Answer) -> None:
    generator = stream_of(answer)
    mu, log_var = _gaussians(5, 3, generator)
    weights = 0.5 + torch.rand(5, 3, generator=generator)
    mu.requires_grad_()
    log_var.requires_grad_()
    try:
        z = answer(mu, log_var, generator)
    except Crash as crash:
        raise Wrong(f"{crash}\n{ONLY_TENSORS.format(name='mu')}") from None
    if not z.requires_grad:
        raise Wrong(NO_MEMORY)
    wrt_mu, wrt_log_var = torch.autograd.grad((z * weights).sum(), (mu, log_var), allow_unused=True)
    if wrt_mu is None and wrt_log_var is None:
        raise Wrong(NO_MEMORY)
    no_mu = wrt_mu is None or not wrt_mu.any()
    no_log_var = wrt_log_var is None or not wrt_log_var.any()
    if no_mu and no_log_var:
        raise Wrong(
            "The draws are right, but their gradient is 0 everywhere: that is what `torch.normal` "
            "does, which draws without regard to how z moves with mu and σ. Draw ε with "
            "`torch.randn`, and compute z = mu + σ ε."
        )
    if no_mu:
        raise Wrong(CUT_THREAD.format(name="mu"))
    if no_log_var:
        raise Wrong(CUT_THREAD.format(name="log_var"))
    given = {"mu": mu.detach(), "log_var": log_var.detach()}
    expect_close(
        wrt_mu / weights,
        torch.ones_like(mu),
        given,
        "This is the gradient of z with respect to `mu`, which is 1 everywhere: z moves with mu. "
        "Does `mu` appear twice, or inside the noise?",
    )
    expect_close(
        wrt_log_var / weights,
        (z - mu).detach() / 2,
        given,
        "This is the gradient of z with respect to `log_var`, which is ½ σ ε, half of z - mu. Is a "
        "part of σ detached, or does the noise depend on `log_var`?",
    )


exercise = Exercise(
    solution=reparameterize,
    place=1,
    difficulty=2,
    minutes=10,
    success=(
        "With mu = 3 and log_var = 2 log 2 the draws have mean 3 and standard deviation 2, and the "
        "gradient of z with respect to mu is exactly 1."
    ),
    hints=(
        "Keep what is random apart from what is learnt: draw noise ε from N(0, 1), which depends "
        "on nothing, and let mu and σ shift and stretch it.",
        "`torch.randn(mu.shape, generator=generator)` is ε, a number for every entry; with "
        "generator=None it uses torch's global stream. σ has to be made from `log_var` = log σ².",
        "log σ is half of log σ², so σ = exp(log_var / 2). Then z is mu plus σ times ε.",
    ),
    stages=(
        Stage("type", _draw_type),
        Stage("shape", _draw_shape),
        Stage("value", _draw_value),
        Stage("generator", _draw_generator),
        Stage("far out", _draw_far_out),
        Stage("gradient", _draw_gradient),
    ),
)
