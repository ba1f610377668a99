"""`repaired_strangeness`, lesson 15: many draws, all of them the same."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong, generator_at
from course_utils.exercises.checking.exercise import Exercise, Specimen, Stage
from course_utils.exercises.checking.expect import STANDARD_ERRORS, expect_shape, expect_type
from course_utils.exercises.checking.signature import expect_attempted
from course_utils.exercises.lessons.lesson_15._small_networks import lively_vae
from course_utils.losses import bernoulli_nll, gaussian_kl
from course_utils.models import VAE, reparameterize


def repaired_strangeness(
    model: VAE, x: Float[Tensor, "batch *features"], draws: int, generator: torch.Generator
) -> Float[Tensor, " batch"]:
    """How strange each picture is to a VAE, in nats: -E_q[log p(x|z)], estimated from draws codes.

    The mean of -log p(x|z) over as many independent draws of z from q(z|x), whose noise comes from
    generator. The more draws, the less it scatters: by 1/√draws.
    """
    mu, log_var = model.encode(x)
    total = torch.zeros(len(x))
    for _ in range(draws):
        z = reparameterize(mu, log_var, generator)
        total = total + bernoulli_nll(model.decode(z), x)
    return total / draws


def specimen(
    model: VAE, x: Float[Tensor, "batch *features"], draws: int, generator: torch.Generator
) -> Float[Tensor, " batch"]:
    mu, log_var = model.encode(x)
    z = reparameterize(mu, log_var, generator)
    total = torch.zeros(len(x))
    for _ in range(draws):
        total = total + bernoulli_nll(model.decode(z), x)
    return total / draws


CALLS, DRAWS, REPEATS = 50, 8, 2000


def _wide(seed: int) -> VAE:
    """A small VAE with wide clouds and a bent decoder: whatever is averaged, it shows."""
    model = lively_vae(9, 3, seed)
    model.encoder[-1].weight[3:] *= 0.1
    model.encoder[-1].bias[3:] = torch.tensor([0.2, 1.5, 2.5])  # σ = 1.1, 2.1 and 3.5
    return model


def _narrow(seed: int) -> VAE:
    """A small VAE with narrow clouds, σ about 0.3 for every picture: σ² for σ would show."""
    model = lively_vae(9, 3, seed)
    model.encoder[-1].weight[3:] *= 0.1
    model.encoder[-1].bias[3:] = -2.5
    return model


def _strange(answer: Answer, make: Callable[[int], VAE]) -> tuple[VAE, Tensor]:
    """A small VAE whose draws matter, and pictures for it."""
    seed = int(torch.randint(1000, (), generator=answer.generator()))
    return make(seed), torch.rand(6, 9, generator=answer.generator())


def _has_the_form(answer: Answer) -> None:
    model, x = _strange(answer, _wide)
    got = answer(model, x, 3, generator_at())
    expect_attempted(got, answer)
    expect_type(got, torch.zeros(len(x)))
    expect_shape(got, torch.zeros(len(x)), "(batch,): one number for each picture", {"x": x})


def _logits(model: VAE, z: Tensor) -> Tensor:
    """What is drawn from codes with any number of axes before the last."""
    return model.decode(z.flatten(0, -2)).reshape(*z.shape[:-1], -1)


def _cost(logits: Tensor, x: Tensor) -> Tensor:
    """-log p(x|z) where logits has further axes before those of x."""
    x = x.expand(logits.shape)
    return bernoulli_nll(logits.flatten(0, -2), x.flatten(0, -2)).reshape(logits.shape[:-1])


class _Draws:
    """Many calls of as many draws, and what people make of them. Calls × draws × pictures."""

    def __init__(self, model: VAE, x: Tensor) -> None:
        self.model, self.x = model, x
        self.mu, self.log_var = model.encode(x)
        self.noise = torch.randn(REPEATS, DRAWS, *self.mu.shape, generator=generator_at(77))
        self.z = self.mu + torch.exp(self.log_var / 2) * self.noise
        self.logits = _logits(model, self.z)
        self.costs = self.cost(self.logits)
        self.mean = self.costs.mean(1)  # what is right
        self.picture = self.logits.sigmoid().mean(1).clamp(1e-6, 1 - 1e-6)

    def cost(self, logits: Tensor) -> Tensor:
        return _cost(logits, self.x).double()

    def cost_of(self, z: Tensor) -> Tensor:
        return self.cost(_logits(self.model, z))


# What people compute instead, for each call and picture, and what to say of it.
CONFUSIONS: tuple[tuple[Callable[[_Draws], Tensor], str], ...] = (
    (
        lambda d: -d.mean,
        "The sign is turned: this is E[log p(x|z)], which is higher for ordinary pictures. "
        "Strangeness is minus that.",
    ),
    (lambda d: DRAWS * d.mean, "The sum over the draws. Divide by how many there are."),
    (lambda d: d.mean / DRAWS, "You divide by the number of draws twice."),
    (
        lambda d: d.costs[:, -1] / DRAWS,
        "Only the last draw is left: each round of the loop begins anew where it should add to "
        "the rounds before, `total = total + ...`.",
    ),
    (
        lambda d: d.cost(d.logits.mean(1)),
        "You average the logits of the draws and judge their mean. A decoder is bent, and so "
        "is the logarithm: take -log p(x|z) of each draw, and average these.",
    ),
    (
        lambda d: d.cost(d.picture.logit()),
        "You average the pictures that the draws give and judge the mean picture. What is "
        "wanted is the mean of the judgements, -log p(x|z) of each draw.",
    ),
    (
        lambda d: d.cost_of(d.z.mean(1)),
        "You average the codes and draw one picture from their mean. Each draw is decoded and "
        "judged by itself, and the judgements are averaged.",
    ),
    (
        lambda d: d.cost_of(d.noise).mean(1),
        "The codes come from the prior, N(0, I): they have nothing to do with x. Draw them "
        "from q(z|x), with the μ and σ that the encoder gives.",
    ),
    (
        lambda d: d.cost_of(d.mu + d.noise).mean(1),
        "The noise has σ = 1, whatever the encoder says: multiply it by exp(log_var / 2).",
    ),
    (
        lambda d: d.cost_of(d.mu + torch.exp(d.log_var) * d.noise).mean(1),
        "The noise is multiplied by exp(log_var), which is σ². `reparameterize` did it right: "
        "σ = exp(log_var / 2).",
    ),
    (
        lambda d: -(-d.costs).exp().mean(1).log(),
        "You average the densities and take the logarithm afterwards. That estimates another "
        "number, and in 784 dimensions densities are 0 to the computer: average the "
        "logarithms.",
    ),
    (
        lambda d: (-d.costs).exp().mean(1),
        "You average the densities, exp(log p). They span many powers of ten, so that one draw "
        "counts and the others do not; take the mean of -log p.",
    ),
    (
        lambda d: -(-d.costs).exp().mean(1),
        "You average the densities, with a minus. Take -log p.",
    ),
    (
        lambda d: d.mean + gaussian_kl(d.mu, d.log_var),
        "The KL is added. With it the number is minus the ELBO; here only the drawing is "
        "asked for.",
    ),
    (lambda d: d.costs.amin(1), "The best of the draws. The mean of all is wanted."),
    (lambda d: d.costs.amax(1), "The worst of the draws. The mean of all is wanted."),
    (lambda d: d.costs.median(1).values, "The median of the draws. Their mean is wanted."),
)


def _away(calls: Tensor, values: Tensor) -> float:
    """How far two means over calls are apart, in standard errors, for the picture where most."""
    # Draws may be shared within a call (the specimen's are): the scatter of calls says how sure.
    error = (calls.var(0) / len(calls) + values.var(0) / len(values)).sqrt()
    return ((calls.mean(0) - values.mean(0)) / (error + 1e-9)).abs().amax().item()


def _mean_is_right(answer: Answer) -> None:
    """The mean of many calls against what many calls should give, or give by mistake."""
    model, x = _strange(answer, _wide)
    calls = torch.stack(
        [answer(model, x, DRAWS, generator_at(seed)) for seed in range(CALLS)]
    ).double()
    mean_code = bernoulli_nll(model.decode(model.encode(x)[0]), x).double()
    if torch.allclose(calls, mean_code.expand_as(calls), rtol=1e-4):
        raise Wrong(
            "You draw the picture from the mean code: nothing is drawn from q(z|x). Each of the "
            "draws needs a z of its own."
        )
    if calls.std(0).amax() < 1e-9:
        raise Wrong(
            "Whatever generator it is given, your function returns the same. The noise must come "
            "from `generator`, or it is no estimate that could scatter."
        )
    if not torch.equal(
        answer(model, x, DRAWS, generator_at()), answer(model, x, DRAWS, generator_at())
    ):
        raise Wrong(
            "Given the same generator with the same seed twice, your function returns two answers: "
            "some of its noise comes from elsewhere. Hand `generator` on to what draws."
        )
    draws = _Draws(model, x)
    if _away(calls, draws.mean) < STANDARD_ERRORS:
        return
    # Named is what agrees for two networks, the second with narrow clouds; of several the one whose
    # scatter agrees too, and then the nearest.
    second = _Draws(*_strange(answer, _narrow))
    again = torch.stack(
        [answer(second.model, second.x, DRAWS, generator_at(seed)) for seed in range(CALLS)]
    )
    fitting = []
    for instead, message in CONFUSIONS:
        values = instead(draws)
        if _away(calls, values) < 5 and _away(again.double(), instead(second)) < 5:
            scatters_otherwise = (calls.std(0) / values.std(0)).log().mean().abs() > 0.4
            fitting.append((scatters_otherwise, _away(calls, values), message))
    if fitting:
        raise Wrong(min(fitting)[-1])
    raise Wrong(
        f"On average over many calls, for a picture whose strangeness is "
        f"{draws.mean.mean(0)[0]:.3f} nats, your function returns {calls.mean(0)[0]:.3f}. Each "
        "draw needs z = μ + σ ε with σ = exp(log_var / 2), and what is averaged is -log p(x|z), "
        "`bernoulli_nll(model.decode(z), x)`."
    )


def _scatter(strangeness: Callable, model: VAE, x: Tensor, draws: int, calls: int) -> Tensor:
    """The standard deviation over calls, the mean of it over pictures."""
    got = torch.stack([strangeness(model, x, draws, generator_at(seed)) for seed in range(calls)])
    return got.std(0).mean()


def _draws_differ(answer: Answer) -> None:
    """With sixteen draws a quarter of the scatter is left: less than 40 %, and more than 12 %."""
    model, x = _strange(answer, _narrow)
    one = _scatter(answer, model, x, 1, 24)
    mu, log_var = model.encode(x)
    z = mu + torch.exp(log_var / 2) * torch.randn(400, *mu.shape, generator=generator_at(77))
    single = _cost(_logits(model, z), x).std(0).mean()
    if one < 0.5 * single:
        raise Wrong(
            f"With `draws=1` your answers scatter only {one / single:.0%} as much as single draws "
            "do. You use more draws than asked for, or the noise is too small: it is multiplied by "
            "σ = exp(log_var / 2)."
        )
    share = _scatter(answer, model, x, 16, 24) / one
    if share > 0.4:
        raise Wrong(
            f"With 16 draws the scatter is {share:.0%} of what it is with one; independent draws "
            "leave 1/√16 = 25 %. So your draws are not independent of each other, or not as many "
            "as asked for."
        )
    if share < 0.12:
        raise Wrong(
            f"With 16 draws the scatter is only {share:.0%} of what it is with one, less than the "
            "25 % that 16 draws leave. The number of draws is not what was asked for."
        )


def _repeated(strangeness: Callable) -> float:
    """The share of the scatter that is left with 36 draws, where 1/6 should be left."""
    model, x = _narrow(0), torch.rand(6, 9, generator=generator_at())
    one, many = (_scatter(strangeness, model, x, draws, 60) for draws in (1, 36))
    return (many / one).item()


exercise = Exercise(
    solution=repaired_strangeness,
    place=9,
    difficulty=2,
    minutes=10,
    success="A hundred draws instead of one leave a tenth of the scatter.",
    hints=(
        "How often does each line run when `draws` is 100?",
        "Call it again and again with new generators, once with `draws=1` and once with "
        "`draws=100`, and look at how much the answers scatter: 1/√100 should be left.",
        "All the codes are one and the same code. The line with `reparameterize` belongs inside "
        "the loop, so that each round has a z of its own.",
    ),
    stages=(
        Stage("shape", _has_the_form),
        Stage("value", _mean_is_right),
        Stage("scatter", _draws_differ),
    ),
    specimen=Specimen(
        specimen,
        "36 draws instead of one should leave 1/√36, a sixth, of the scatter. They leave {by:.0%}.",
        _repeated,
        allowed=0.25,
    ),
)
