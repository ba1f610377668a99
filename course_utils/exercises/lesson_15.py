"""Checks of lesson 15: twelve specimens, repaired."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises import specimens
from course_utils.exercises.answer import (
    Answer,
    Unsolved,
    Wrong,
    describe_type,
    returns_nothing,
)
from course_utils.exercises.compare import (
    CUT_THREAD,
    Comparison,
    Mistake,
    expect_shape,
    expect_type,
)
from course_utils.exercises.exercise import Exercise, Specimen, Stage
from course_utils.exercises.solutions import lesson_15 as solutions
from course_utils.losses import (
    bernoulli_nll,
    gaussian_kl,
    jacobian_penalty,
    squared_error,
)
from course_utils.metrics import factor_entropy, mutual_information, pca
from course_utils.models import VAE, reparameterize


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """A linear layer whose weights come from the generator, neither small nor special."""
    layer = nn.Linear(inputs, outputs)
    layer.weight.data = torch.randn(outputs, inputs, generator=generator) / inputs**0.5
    layer.bias.data = 0.5 * torch.randn(outputs, generator=generator)
    return layer.requires_grad_(False)


def _and_before_value(stages: tuple[Stage, ...], *more: Stage) -> tuple[Stage, ...]:
    """The stages of a comparison, with some of an exercise's own before the values."""
    place = next(number for number, stage in enumerate(stages) if stage.name == "value")
    return (*stages[:place], *more, *stages[place:])


# --- repaired_test_error --------------------------------------------------------------------------


def _splits(generator: torch.Generator) -> list[tuple[Tensor, Tensor, int]]:
    def pictures(n: int, d: int) -> Tensor:
        return torch.randn(n, d, generator=generator) * torch.linspace(0.3, 2, d) + 1

    return [
        (pictures(7, 3), pictures(2, 3) - 0.5, 1),  # 7 / 2, 7 and 2 are not the width
        (pictures(400, 7), 1.5 * pictures(250, 7), 3),  # two batches and a half
        (pictures(30, 5), pictures(30, 5), 2),
        (pictures(20, 6), pictures(110, 6), 4),  # more to test on than to learn from
        (pictures(9, 4), pictures(1, 4), 0),
    ]


def _left_by(
    learned: Callable[[Tensor, Tensor], Tensor],
    judged: Callable[[Tensor, Tensor], Tensor],
    message: str,
) -> Mistake:
    """A mistake in which pictures the directions come from, or on which they are judged."""

    def error(train: Tensor, test: Tensor, k: int) -> float:
        x = judged(train, test)
        return squared_error(pca(learned(train, test)).reconstruct(x, k), x).mean().item()

    return Mistake(error, message)


def _summed(make: Callable[[Tensor, Tensor], float], message: str) -> Mistake:
    """A mistake in how the squares of the right differences are put together."""

    def error(train: Tensor, test: Tensor, k: int) -> float:
        return make((pca(train).reconstruct(test, k) - test) ** 2, test)

    return Mistake(error, message)


def _unseen(function: Callable) -> float:
    """How far the answer is from the error on pictures that share nothing with the others."""
    train = torch.randn(40, 12, generator=_seeded())
    test = 2 * torch.randn(25, 12, generator=_seeded(1))
    truth = squared_error(pca(train).reconstruct(test, 6), test).mean().item()
    return abs(function(train, test, 6) - truth)


repaired_test_error = Exercise(
    solution=solutions.repaired_test_error,
    difficulty=1,
    minutes=5,
    success=(
        "Trained on 300 digits, 100 directions leave more than twice as much of a new digit as of "
        "one of the 300. Now you measure the first."
    ),
    hints=(
        "Follow one picture of `test` through the function. Where is it drawn again?",
        "Hand in a `test` that resembles nothing, white paper for instance: "
        "`repaired_test_error(train, 0 * test, 30)`. The error of new pictures should change.",
        "The batches are cut from the wrong set: they should be `test.split(100)`.",
    ),
    stages=Comparison(
        probes=_splits,
        shape=None,
        advice=(
            "Three steps: directions from `train`; the squared error of each picture of `test`, "
            "summed over its pixels; the mean over the pictures of `test`."
        ),
        mistakes=[
            _left_by(
                lambda train, test: test,
                lambda train, test: test,
                "Now the directions come from `test` as well: the pictures are judged by what was "
                "fitted to them, the same mistake the other way round. `pca(train)` was right.",
            ),
            _left_by(
                lambda train, test: torch.cat([train, test]),
                lambda train, test: test,
                "The directions come from both sets together, so that the test pictures had a say "
                "in them. They must be found in `train` alone.",
            ),
            _left_by(
                lambda train, test: train,
                lambda train, test: torch.cat([train, test]),
                "You judge on both sets together. The training pictures in it make the error look "
                "smaller: take those of `test` alone.",
            ),
            _left_by(
                lambda train, test: train,
                lambda train, test: train,
                "This is the error on all of `train`. The question was how well *new* pictures are "
                "drawn, those of `test`.",
            ),
            _left_by(
                lambda train, test: train,
                lambda train, test: train[-len(test) :],
                "You judge on the last pictures of `train`. They were learned from too; the new "
                "ones are in `test`.",
            ),
            _left_by(
                lambda train, test: test,
                lambda train, test: train,
                "The two sets have changed places: you learn from `test` and judge on `train`.",
            ),
            _summed(
                lambda squares, test: squares.mean().item(),
                "You averaged over the pixels too. The error of a picture is the sum over its "
                "pixels; only the pictures are averaged.",
            ),
            Mistake(
                lambda train, test, k: (
                    squared_error(pca(train).reconstruct(test, k), test).sum().item() / len(train)
                ),
                "You sum over the pictures of `test` and divide by how many `train` has.",
            ),
            _summed(
                lambda squares, test: squares.sum().item(),
                "This is the sum over all pictures. Divide by how many there are, `len(test)`.",
            ),
            _summed(
                lambda squares, test: (
                    sum(part.sum(1).mean().item() for part in squares.split(100))
                    / math.ceil(len(test) / 100)
                ),
                "You average the averages of the batches, so that the pictures of a small last "
                "batch count more than the others. Sum over all pictures, and divide once.",
            ),
            _summed(
                lambda squares, test: squares[:100].sum().item() / len(test),
                "You look at the first batch and at no other, and divide by all pictures. Is the "
                "`return` inside the loop?",
            ),
            _summed(
                lambda squares, test: squares.sum(1).sqrt().mean().item(),
                "You take a root of each picture's error. The squared error is wanted.",
            ),
        ],
    ).stages,
    specimen=Specimen(
        specimens.test_error,
        "on pictures that share nothing with the training pictures its answer should be the error "
        "on these. It is off by {by:.1f} squared pixels.",
        _unseen,
    ),
)

# --- repaired_denoising ---------------------------------------------------------------------------


class _Spoil:
    """A corruption that does the same each time: it fades the picture and adds a pattern."""

    def __call__(self, x: Tensor) -> Tensor:
        return 0.7 * x + torch.randn(x.shape[1:], generator=_seeded(5)).to(x)

    def __repr__(self) -> str:
        return "a corruption that adds noise"


def _spoilt(generator: torch.Generator) -> list[tuple[nn.Module, Tensor, Callable]]:
    def on_images() -> nn.Module:
        return nn.Sequential(nn.Flatten(), _linear(25, 25, generator), nn.Unflatten(1, (1, 5, 5)))

    return [
        (_linear(4, 4, generator), torch.rand(3, 4, generator=generator), _Spoil()),
        (_linear(6, 6, generator), torch.rand(1, 6, generator=generator), _Spoil()),
        (on_images(), torch.rand(5, 1, 5, 5, generator=generator), _Spoil()),
    ]


def _compared(pair: Callable, message: str) -> Mistake:
    """A mistake in which two pictures are compared: pair(model, x, corrupt) gives them."""
    return Mistake(lambda model, x, corrupt: squared_error(*pair(model, x, corrupt)), message)


def _rows(make: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in how the right differences, a row for each picture, are put together."""

    def error(model: Callable, x: Tensor, corrupt: Callable) -> Tensor:
        return make((model(corrupt(x)) - x).flatten(1))

    return Mistake(error, message)


class _AnotherEachTime:
    """A corruption that never spoils twice in the same way, and remembers what it gave."""

    def __init__(self) -> None:
        self.given: list[Tensor] = []

    def __call__(self, x: Tensor) -> Tensor:
        noise = torch.randn(x.shape, generator=_seeded(len(self.given)))
        self.given.append((x + noise).detach().clone())
        return self.given[-1].clone()


def _target_is_clean(answer: Answer) -> None:
    model, x, _ = _spoilt(answer.generator())[0]
    corrupt = _AnotherEachTime()
    got = answer(model, x.clone(), corrupt)
    for shown in corrupt.given:
        for target in corrupt.given:
            if target is not shown and torch.allclose(got, squared_error(model(shown), target)):
                raise Wrong(
                    "The target is still spoilt: `corrupt` is called twice, so that the model is "
                    "shown one spoilt picture and is to draw another. Compare with the clean one."
                )


def _oracle_pays(denoising: Callable) -> float:
    """What a model pays that knows the clean pictures and draws them, whatever it is shown."""
    x = torch.rand(50, 16, generator=_seeded())
    noise = torch.randn(50, 16, generator=_seeded(1))
    return denoising(lambda _: x, x, lambda clean: clean + noise).mean().item()


_DENOISING = Comparison(
    probes=_spoilt,
    shape="(batch,): one error for each picture",
    advice=(
        "Three pictures have a part in it: the clean one, the spoilt one, and what the model "
        "draws from the spoilt one. Say for each line which of them it holds."
    ),
    gradient="x",
    mistakes=[
        _compared(
            lambda model, x, corrupt: (model(x), x),
            "The noise is gone: the model is shown the clean picture, as an ordinary "
            "autoencoder is. Show it `corrupt(x)`, and compare with `x`.",
        ),
        _compared(
            lambda model, x, corrupt: (model(x), corrupt(x)),
            "Clean and spoilt have changed places: the model is shown the clean picture and is "
            "to draw the noise.",
        ),
        _compared(
            lambda model, x, corrupt: (corrupt(x), x),
            "The model has no part in it: this is how large the noise is.",
        ),
        _compared(
            lambda model, x, corrupt: (corrupt(model(x)), x),
            "The noise is added to what the model draws. It belongs on what the model is shown.",
        ),
        _compared(
            lambda model, x, corrupt: (model(corrupt(x)), model(x)),
            "You compare two drawings of the model, one from the spoilt and one from the clean "
            "picture. A model that always draws the same would pay nothing: compare with `x`.",
        ),
        _compared(
            lambda model, x, corrupt: (model(corrupt(corrupt(x))), x),
            "The picture is spoilt twice.",
        ),
        _compared(
            lambda model, x, corrupt: (corrupt(x) - model(corrupt(x)), x),
            "You subtract the drawing from the spoilt picture, as if the model drew the noise. "
            "Here it draws the picture itself.",
        ),
        _rows(
            lambda difference: (difference**2).mean(1),
            "You averaged over the pixels. Their squares are summed.",
        ),
        _rows(
            lambda difference: difference.abs().sum(1),
            "These are absolute differences. The squares are wanted.",
        ),
        _rows(
            lambda difference: (difference**2).sum(),
            "The batch is summed too. Keep one number for each picture.",
        ),
        _rows(
            lambda difference: (difference**2).sum(1).mean(),
            "The batch is averaged too. Keep one number for each picture; the training loop "
            "takes the mean.",
        ),
    ],
)


repaired_denoising = Exercise(
    solution=solutions.repaired_denoising,
    difficulty=1,
    minutes=5,
    success="A model that draws the clean picture pays nothing, one that copies pays the noise.",
    hints=(
        "Which picture does the name `x` stand for in the last line?",
        "Imagine the best denoiser there could be, which draws the clean picture whatever it is "
        "shown: `repaired_denoising(lambda spoilt: x, x, corrupt)`. What should it cost?",
        "Give the spoilt picture no name, or one of its own: `x_hat = model(corrupt(x))`. Then `x` "
        "is still the clean one when the two are compared.",
    ),
    stages=_and_before_value(
        _DENOISING.stages,
        Stage("target", _target_is_clean),
    ),
    specimen=Specimen(
        specimens.denoising,
        "a model that draws the clean picture, whatever it is shown, should pay nothing. Here it "
        "pays {by:.1f} squared pixels.",
        _oracle_pays,
    ),
)

# --- repaired_kl ----------------------------------------------------------------------------------


def _gaussians(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    def pair(*shape: int) -> tuple[Tensor, Tensor]:
        return torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)

    return [
        tuple(part.mul(10).round().div(10) for part in pair(2, 3)),
        pair(5, 2),
        pair(1, 7),
        pair(9, 9),
        (torch.randn(4, 3, generator=generator), torch.zeros(4, 3)),
    ]


def _priced(per_number: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in the price of one number of the code; the sum over numbers is right."""
    return Mistake(lambda mu, log_sigma: per_number(mu, log_sigma).sum(1), message)


def _added(put_together: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in how the right prices of the numbers are put together."""
    return Mistake(
        lambda mu, log_sigma: put_together(
            0.5 * (mu**2 + (2 * log_sigma).exp() - 2 * log_sigma - 1)
        ),
        message,
    )


def _off_torch(kl: Callable) -> float:
    """The largest difference from torch.distributions' own, in nats, for σ from 0.05 to 2.7."""
    log_sigma = torch.linspace(-3, 1, 41)[:, None]
    mu = torch.full_like(log_sigma, 0.5)
    normal = torch.distributions.Normal
    truth = torch.distributions.kl_divergence(normal(mu, log_sigma.exp()), normal(0.0, 1.0))
    return (kl(mu, log_sigma) - truth.sum(1)).abs().max().item()


repaired_kl = Exercise(
    solution=solutions.repaired_kl,
    difficulty=2,
    minutes=8,
    success="It agrees with `torch.distributions.kl_divergence` wherever you look.",
    hints=(
        "The formula of lesson 06 is here, term by term. What does the second argument hold in "
        "lesson 06, and what does it hold here?",
        "Compare with an oracle at a σ that is not 1: "
        "`torch.distributions.kl_divergence(Normal(mu, log_sigma.exp()), Normal(0., 1.)).sum(1)`, "
        "with `from torch.distributions import Normal`.",
        "The formula has σ² in two places, and log σ² = 2 log σ: so `log_sigma` enters twice, both "
        "times as `2 * log_sigma`.",
    ),
    stages=Comparison(
        probes=_gaussians,
        shape="(batch,): one price for each example",
        advice=(
            "Take one number of the code: μ = 1 and σ = 2 cost ½ (1 + 4 - log 4 - 1) = 1.307 nats. "
            "There log_sigma is log 2 = 0.693."
        ),
        gradient=("mu", "log_sigma"),
        mistakes=[
            _priced(
                lambda mu, s: 0.5 * (mu**2 + (2 * s).exp() - s - 1),
                "Half repaired. σ² is right now, but its logarithm, log σ², is 2 log σ.",
            ),
            _priced(
                lambda mu, s: 0.5 * (mu**2 + s.exp() - 2 * s - 1),
                "Half repaired. log σ² is right now, but exp(log σ) is σ, and the formula has σ².",
            ),
            _priced(
                lambda mu, s: 0.5 * (mu**2 + s.exp() ** 2 - s**2 - 1),
                "σ² is right. But the logarithm of σ² is not the square of log σ: it is 2 log σ.",
            ),
            _priced(
                lambda mu, s: 0.5 * (mu**2 + (s / 2).exp() - s / 2 - 1),
                "A factor ½ where a 2 should be: `exp(s / 2)` is what one writes to make σ of a "
                "log-variance. Here the second argument is log σ already, and σ² = exp(2 log σ).",
            ),
            _priced(
                lambda mu, s: mu**2 + (2 * s).exp() - 2 * s - 1,
                "Twice what it should be: the ½ in front is gone.",
            ),
            _priced(
                lambda mu, s: 0.5 * (mu**2 + (2 * s).exp() - 2 * s),
                "The -1 is gone: at the prior itself, μ = 0 and σ = 1, the price should be 0.",
            ),
            _priced(
                lambda mu, s: 0.5 * (mu**2 + (2 * s).exp() + 2 * s - 1),
                "The logarithm enters with a minus: narrow clouds are expensive.",
            ),
            _priced(
                lambda mu, s: -0.5 * (mu**2 + (2 * s).exp() - 2 * s - 1),
                "The sign of the whole is turned: a KL is never negative.",
            ),
            _priced(
                lambda mu, s: 0.5 * (mu**2 + s**2 - (s**2).log() - 1),
                "You take the second argument for σ itself. It is log σ, so σ² = exp(2 log σ).",
            ),
            _priced(
                lambda mu, s: 0.5 * (mu + (2 * s).exp() - 2 * s - 1),
                "μ² has become μ. It was right before.",
            ),
            _added(
                lambda prices: prices.mean(1),
                "The mean over the numbers of the code. Their prices add up: that is a sum.",
            ),
            _added(
                lambda prices: prices.sum(),
                "The batch is summed too. Keep one price for each example.",
            ),
            _added(
                lambda prices: prices,
                "You have the price of each number. Sum over them, `dim=1`.",
            ),
        ],
    ).stages,
    specimen=Specimen(
        specimens.kl,
        "it should agree with the KL of `torch.distributions` for every μ and σ. With σ between "
        "0.05 and 2.7 it is off by up to {by:.2f} nats, for one number of the code.",
        _off_torch,
    ),
)

# --- repaired_code --------------------------------------------------------------------------------


def _labelled(generator: torch.Generator) -> list[tuple]:
    def case(batch: int, features: int, hidden: int, latent: int) -> tuple:
        return (
            torch.rand(batch, features, generator=generator),
            torch.randint(10, (batch,), generator=generator),
            nn.Sequential(_linear(features + 10, hidden, generator), nn.Tanh()),
            _linear(hidden, latent, generator),
            _linear(hidden, latent, generator),
            torch.randn(batch, latent, generator=generator),
        )

    return [case(3, 4, 6, 2), case(1, 3, 5, 4), case(12, 8, 9, 3)]


def _made(draw: Callable, message: str) -> Mistake:
    """A mistake in what is made of the two heads' outputs: draw(mu, log_var, epsilon)."""

    def code(x, y, body, mu_head, log_var_head, epsilon):
        h = body(torch.cat([x, F.one_hot(y, 10).to(x)], dim=1))
        return draw(mu_head(h), log_var_head(h), epsilon)

    return Mistake(code, message)


def _entered(both: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what goes into the body: both(x, y)."""

    def code(x, y, body, mu_head, log_var_head, epsilon):
        h = body(both(x, y))
        return mu_head(h) + torch.exp(log_var_head(h) / 2) * epsilon

    return Mistake(code, message)


def _label(x: Tensor, y: Tensor) -> Tensor:
    return F.one_hot(y, 10).to(x)


def _unreached(code: Callable) -> float:
    """How many of the two heads' weights get no gradient."""
    with torch.enable_grad():
        body, heads = nn.Linear(14, 5), [nn.Linear(5, 2), nn.Linear(5, 2)]
        x, y = torch.rand(6, 4, generator=_seeded()), torch.arange(6)
        code(x, y, body, *heads, torch.randn(6, 2, generator=_seeded(1))).sum().backward()
    parameters = [p for module in (body, *heads) for p in module.parameters()]
    return float(sum(p.numel() for p in parameters if p.grad is None))


repaired_code = Exercise(
    solution=solutions.repaired_code,
    difficulty=2,
    minutes=6,
    success="A gradient reaches every weight of body and both heads.",
    hints=(
        "The function is given five things to compute with beside the noise. Tick each of them off "
        "where it is used.",
        "Let a loss flow back through networks of your own, "
        "`repaired_code(x, y, body, a, b, epsilon).sum().backward()`, and print "
        "`p.grad is None` for the parameters `p` of body, a and b.",
        "One head has two jobs, and the other has none: log σ² should be `log_var_head(h)`.",
    ),
    stages=Comparison(
        probes=_labelled,
        shape="(batch, latent): one code for each picture",
        advice=(
            "Six steps: label as a row of ten; pixels and label side by side; body; the two heads; "
            "σ = exp(log_var / 2); μ + σ ε. Print the shape after each."
        ),
        gradient=("x", "epsilon"),
        mistakes=[
            _made(
                lambda mu, log_var, e: log_var + torch.exp(mu / 2) * e,
                "The two heads have changed places.",
            ),
            _made(
                lambda mu, log_var, e: log_var + torch.exp(log_var / 2) * e,
                "Now log_var_head has both jobs. Each has its own: mu_head makes μ.",
            ),
            _made(
                lambda mu, log_var, e: mu + torch.exp(log_var) * e,
                "The heads are right now, but exp(log σ²) is σ². The noise is multiplied by σ.",
            ),
            _made(
                lambda mu, log_var, e: mu + log_var * e,
                "The heads are right now, but log σ² is not σ: exponentiate half of it.",
            ),
            _made(
                lambda mu, log_var, e: mu,
                "The noise is gone: this is the mean code, and log_var_head still has no job.",
            ),
            _made(
                lambda mu, log_var, e: mu + e,
                "The noise has σ = 1, whatever the encoder says, and log_var_head has no job.",
            ),
            _made(
                lambda mu, log_var, e: mu + torch.exp(log_var / 2) + e,
                "A plus where σ should multiply the noise.",
            ),
            _made(
                lambda mu, log_var, e: mu + torch.exp(log_var / 2) * e**2,
                "The noise is squared.",
            ),
            _entered(
                lambda x, y: torch.cat([_label(x, y), x], dim=1),
                "Label and pixels have changed places: the body expects the pixels first.",
            ),
            _entered(
                lambda x, y: torch.cat([x, 0 * _label(x, y)], dim=1),
                "The label no longer says anything: the body gets ten zeros.",
            ),
            _entered(
                lambda x, y: torch.cat([x, y[:, None].repeat(1, 10).to(x)], dim=1),
                "The label goes in as a number, ten times over. Classes have no order: a row of "
                "zeros with a one at the label's place.",
            ),
        ],
    ).stages,
    specimen=Specimen(
        specimens.code,
        "a gradient should reach every parameter. Of two small heads it misses {by:.0f} weights.",
        _unreached,
        allowed=0.0,
    ),
)

# --- repaired_elbo --------------------------------------------------------------------------------


def _lively(features: int, latent: int, seed: int, training: bool = False) -> VAE:
    """A small VAE whose clouds and drawings are far from those of a network before training."""
    model = VAE.dense(latent, (8,), input_shape=(features,), seed=seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 3
    return model.train(training).requires_grad_(False)


def _evaluations(generator: torch.Generator) -> list[tuple[VAE, Tensor, torch.Generator]]:
    seed = int(torch.randint(1000, (), generator=generator))

    def case(batch: int, features: int, latent: int, training: bool) -> tuple:
        x = torch.rand(batch, features, generator=generator)
        return _lively(features, latent, seed, training), x, _seeded(seed + batch)

    return [
        case(3, 5, 2, True),  # first, so that "never a draw" differs from the specimen at once
        case(4, 6, 3, False),
        case(1, 7, 2, False),
        case(40, 9, 5, False),
    ]


def _bound(make: Callable, message: str) -> Mistake:
    """A mistake in how the bound is made of its parts: make(model, x, mu, log_var, epsilon)."""

    def elbo(model: VAE, x: Tensor, generator: torch.Generator) -> Tensor:
        mu, log_var = model.encode(x)
        return make(model, x, mu, log_var, torch.randn(mu.shape, generator=generator))

    return Mistake(elbo, message)


def _fit(model: VAE, x: Tensor, mu: Tensor, log_var: Tensor, epsilon: Tensor) -> Tensor:
    return -bernoulli_nll(model.decode(mu + torch.exp(log_var / 2) * epsilon), x)


class _Dropped(nn.Module):
    """A dropout without chance: in training it lets the same inputs through each time."""

    def forward(self, x: Tensor) -> Tensor:
        return x * (torch.arange(x.shape[1]) % 2 == 0) * 2 if self.training else x


def _noise_is_given(answer: Answer) -> None:
    """The same noise, the same bound: in evaluation mode, where the specimen draws nothing."""
    model, x, _ = _evaluations(answer.generator())[1]
    one, two = (answer(model, x, _seeded()) for _ in range(2))
    if not torch.equal(one, two):
        raise Wrong(
            "Given the same generator with the same seed twice, your function returns two bounds. "
            "All the noise must come from the generator it is given: "
            "`torch.randn(mu.shape, generator=generator)`, as in the line above the `if`."
        )


def _mode_is_kept(answer: Answer) -> None:
    for training in (True, False):
        model = _lively(5, 2, 0, training)
        answer(model, torch.rand(3, 5, generator=answer.generator()), _seeded())
        if model.training is not training:
            raise Wrong(
                f"Your function was given a model in {'training' if training else 'evaluation'} "
                "mode and leaves it in the other. Whoever called it relies on the mode: repair the "
                "line that looks at it, and leave `train()` and `eval()` out."
            )
    for training in (True, False):
        _mode_is_heeded(answer, training)


def _mode_is_heeded(answer: Answer, training: bool) -> None:
    """With dropout, a bound that was computed in the other mode for a moment is another bound."""
    model, x = _lively(6, 2, 0), torch.rand(3, 6, generator=answer.generator())
    model.encoder.insert(0, _Dropped())
    bounds = {
        mode: answer.exercise.solution(model.train(mode), x, _seeded()) for mode in (True, False)
    }
    got = answer(model.train(training), x, _seeded())
    if torch.allclose(got, bounds[training], rtol=1e-4):
        return
    names = {True: "training", False: "evaluation"}
    if torch.allclose(got, bounds[not training], rtol=1e-4):
        raise Wrong(
            f"Your function switches the mode for a while and puts it back. A network with dropout "
            f"shows it: in {names[training]} mode you return the bound of {names[not training]} "
            "mode. Only the draw of z should be there in both; leave `train()` and `eval()` out."
        )
    raise Wrong(
        f"For a network with dropout in its encoder, in {names[training]} mode, the bound is not "
        "right. Encode once, leave `train()` and `eval()` out, and draw z in either mode."
    )


def _too_good(elbo: Callable) -> float:
    """By how many nats the evaluation differs from the mean over draws in training mode."""
    x = torch.rand(64, 12, generator=_seeded())
    model, generator = _lively(12, 4, 0), _seeded(1)
    truth = torch.stack(
        [
            _fit(model, x, *model.encode(x), torch.randn(64, 4, generator=generator))
            - gaussian_kl(*model.encode(x))
            for _ in range(400)
        ]
    )
    got = torch.stack([elbo(model, x, generator) for _ in range(400)])
    return abs(got.mean() - truth.mean()).item()


_BOUND = Comparison(
    probes=_evaluations,
    shape="(batch,): one bound for each example",
    advice=(
        "The bound is log p(x|z) - KL, with z = μ + σ ε, σ = exp(log_var / 2) and ε from "
        "`torch.randn(mu.shape, generator=generator)`, drawn once, in every mode."
    ),
    mistakes=[
        _bound(
            lambda model, x, mu, log_var, e: (
                _fit(model, x, mu, log_var, 0 * e) - gaussian_kl(mu, log_var)
            ),
            "Now z is the mean in training mode too. It should be a draw in both.",
        ),
        _bound(
            lambda model, x, mu, log_var, e: (
                _fit(model, x, mu, log_var, e * (not model.training)) - gaussian_kl(mu, log_var)
            ),
            "The condition is turned round: a draw in evaluation, and the mean in "
            "training. It should be a draw in both.",
        ),
        _bound(
            lambda model, x, mu, log_var, e: (
                _fit(model, x, mu, 2 * log_var, e) - gaussian_kl(mu, log_var)
            ),
            "The draw is there, but exp(log_var) is the variance. The noise is multiplied "
            "by σ = exp(log_var / 2), as in the line that you were given.",
        ),
        _bound(
            lambda model, x, mu, log_var, e: (
                _fit(model, x, mu, 0 * log_var, e) - gaussian_kl(mu, log_var)
            ),
            "The noise is added with σ = 1, whatever the encoder says.",
        ),
        _bound(
            lambda model, x, mu, log_var, e: (
                -(_fit(model, x, mu, log_var, e) - gaussian_kl(mu, log_var))
            ),
            "This is minus the bound, what training makes small. The bound itself is "
            "wanted: higher is better.",
        ),
        _bound(
            lambda model, x, mu, log_var, e: (
                _fit(model, x, mu, log_var, e) + gaussian_kl(mu, log_var)
            ),
            "The KL has the wrong sign: a dear code lowers the bound.",
        ),
        _bound(
            lambda model, x, mu, log_var, e: _fit(model, x, mu, log_var, e),
            "The KL is gone. Without noise one may not charge for the cloud, but here "
            "there is noise again, and the cloud has its price.",
        ),
        _bound(
            lambda model, x, mu, log_var, e: (
                _fit(model, x, mu, log_var, 0 * e) - gaussian_kl(mu, log_var) * model.training
            ),
            "z is the mean, and the KL is left out in evaluation. That is a reconstruction "
            "and no bound: the way out is to draw z, not to drop the price.",
        ),
        _bound(
            lambda model, x, mu, log_var, e: (
                _fit(model, x, mu, log_var, e) - gaussian_kl(mu, log_var)
            ).mean(),
            "The batch is averaged too. Keep one bound for each example.",
        ),
        _bound(
            lambda model, x, mu, log_var, e: (
                (_fit(model, x, mu, log_var, e) + _fit(model, x, mu, log_var, 0 * e)) / 2
                - gaussian_kl(mu, log_var)
            ),
            "Half of it still comes from z = μ. Only draws from q(z|x) give a bound.",
        ),
    ],
)


repaired_elbo = Exercise(
    solution=solutions.repaired_elbo,
    difficulty=2,
    minutes=6,
    success="Two evaluations differ, and their mean is that of training mode.",
    hints=(
        "What does the function do in training mode that it does not do in evaluation mode? Which "
        "of the two is the formula of lesson 06?",
        "Evaluate twice with two generators: `repaired_elbo(model.eval(), x, g)`. The bound is "
        "estimated from a draw, so two draws should give two numbers.",
        "An ELBO needs a z from q(z|x) in every mode. Take the condition out of the line that "
        "makes z, with all that comes after the `if`.",
    ),
    stages=(
        *_and_before_value(
            _BOUND.stages,
            Stage("noise", _noise_is_given),
        ),
        Stage("mode", _mode_is_kept),
    ),
    specimen=Specimen(
        specimens.evaluated_elbo,
        "on average over the noise, evaluation should give what training mode gives. For a small "
        "network it differs by {by:.2f} nats.",
        _too_good,
        allowed=0.5,  # six standard errors of two means over 25,600 draws each
    ),
)

# --- repaired_quantization ------------------------------------------------------------------------


def _assigned(generator: torch.Generator) -> list[tuple[Tensor, Tensor, float]]:
    def case(*shape: int, commitment: float) -> tuple[Tensor, Tensor, float]:
        z, e = torch.randn(2, *shape, generator=generator)
        return z, e + 0.3, commitment

    return [
        case(3, 2, commitment=0.25),
        case(2, 4, 3, 5, commitment=0.6),
        case(1, 6, commitment=2.0),
        case(7, 3, commitment=0.0),
    ]


def _terms(make: Callable, message: str) -> Mistake:
    """A mistake in how the two terms are made: make(z, sg(z), e, sg(e), β)."""
    return Mistake(lambda z, e, beta: make(z, z.detach(), e, e.detach(), beta), message)


def _apart(a: Tensor, b: Tensor) -> Tensor:
    return ((a - b) ** 2).sum(-1)


def _codebook_moves(quantization: Callable) -> float:
    """The relative change of the codebook's gradient when β becomes four times as large."""
    gradients = []
    for beta in (0.25, 1.0):
        with torch.enable_grad():
            z, e = torch.randn(2, 20, 4, generator=_seeded())
            e.requires_grad_()
            (gradient,) = torch.autograd.grad(quantization(z, e, beta).sum(), e)
        gradients.append(gradient)
    return ((gradients[1] - gradients[0]).norm() / gradients[0].norm()).item()


# Who is moved by mistake, and with which weights: those of the codebook and of the encoder.
MOVES: list[tuple[Callable[[float], tuple[float, float]], str]] = [
    (
        lambda beta: (1 + beta, 1 + beta),
        "Without any `.detach()` each term moves both, and β is no longer the encoder's alone.",
    ),
    (
        lambda beta: (1 + beta, 0),
        "Both terms move the codebook, and the encoder gets no gradient at all: nothing holds it "
        "to what it chose.",
    ),
    (
        lambda beta: (0, 1 + beta),
        "Both terms move the encoder, and the codebook gets no gradient: it would stay as it was "
        "drawn.",
    ),
    (
        lambda beta: (1 + beta, beta),
        "In the second term both move, so β pulls at the codebook as well. Hold e still there.",
    ),
    (
        lambda beta: (1, 1 + beta),
        "In the first term both move, so the encoder is pulled with weight 1 + β. Hold z still "
        "there.",
    ),
    (
        lambda beta: (1, 1),
        "Each term moves the right one, but in the gradient both have the same weight: β has to "
        "multiply the encoder's.",
    ),
    (lambda beta: (0, 0), "Everything is detached, and nothing moves."),
]


def _pulls(answer: Answer, z: Tensor, e: Tensor, beta: float) -> tuple[float, float]:
    """How strongly the codebook is drawn to the encoder, and the encoder to the codebook."""
    z, e = z.clone().requires_grad_(), e.clone().requires_grad_()
    total = answer(z, e, beta).sum()
    if not total.requires_grad:
        return 0.0, 0.0
    gradients = torch.autograd.grad(total, (e, z), allow_unused=True)
    apart = (2 * (e - z).detach(), 2 * (z - e).detach())
    return tuple(
        0.0 if gradient is None else ((gradient * way).sum() / (way * way).sum()).item()
        for gradient, way in zip(gradients, apart, strict=True)
    )


def _right_one_moves(answer: Answer) -> None:
    trials = _assigned(answer.generator())
    got = [_pulls(answer, *trial) for trial in trials]

    def agrees(weights: Callable[[float], tuple[float, float]]) -> bool:
        return all(
            math.dist(pull, weights(beta)) < 1e-3
            for pull, (_, _, beta) in zip(got, trials, strict=True)
        )

    if agrees(lambda beta: (1, beta)):
        return
    for weights, message in MOVES:
        if agrees(weights):
            raise Wrong(message)
    codebook, encoder = got[0]
    raise Wrong(
        f"The value is right, but not who moves. With β = {trials[0][2]:g} the codebook's gradient "
        f"should have the weight 1 and the encoder's the weight β; yours have {codebook:.3g} and "
        f"{encoder:.3g}. Look at what `.detach()` holds still in each term."
    )


repaired_quantization = Exercise(
    solution=solutions.repaired_quantization,
    difficulty=3,
    minutes=8,
    success="Whatever β is, the codebook gets the same gradient; the encoder's follows β.",
    hints=(
        "The value is right for every input. So look at what is not in the value: who is held "
        "still in which term?",
        "Ask who moves: with `e.requires_grad_()`, "
        "`torch.autograd.grad(repaired_quantization(z, e, 0.25).sum(), e)`, and the same with "
        "β = 1. Does the codebook mind?",
        "`.detach()` stands on the wrong partner in both terms. In the first, which β does not "
        "touch, z is held still, so that e moves; in the second it is the other way round.",
    ),
    stages=(
        *Comparison(
            probes=_assigned,
            shape="the shape of z without its last axis: one number for each vector",
            advice=(
                "Both terms have the same value, the squared distance of z and e; the second is "
                "multiplied by β. What tells them apart is which of the two is detached."
            ),
            mistakes=[
                _terms(
                    lambda z, zs, e, es, b: b * (_apart(zs, e) + _apart(z, es)),
                    "β multiplies both terms. It belongs to the encoder's alone: that is how one "
                    "says who should move faster.",
                ),
                _terms(
                    lambda z, zs, e, es, b: _apart(zs, e) + _apart(z, es),
                    "β has no effect any more. It is the weight of the second term.",
                ),
                _terms(
                    lambda z, zs, e, es, b: ((zs - e) ** 2).mean(-1) + b * ((z - es) ** 2).mean(-1),
                    "The mean over the numbers of a vector. Their squares are summed.",
                ),
                _terms(
                    lambda z, zs, e, es, b: (_apart(zs, e) + b * _apart(z, es)).mean(),
                    "The mean over all vectors is taken. Keep one number for each.",
                ),
                _terms(
                    lambda z, zs, e, es, b: _apart(zs, e) - b * _apart(z, es),
                    "The encoder is pushed away from what it chose: the sign of the second term.",
                ),
            ],
        ).stages,
        Stage("gradient", _right_one_moves),
    ),
    specimen=Specimen(
        specimens.quantization,
        "β belongs to the encoder, so a β four times as large should leave the codebook's gradient "
        "as it was. It changes by {by:.0%}.",
        _codebook_moves,
    ),
)

# --- repaired_revival -----------------------------------------------------------------------------


def _units(generator: torch.Generator) -> list[tuple[Tensor, ...]]:
    def case(batch: int, units: int, features: int) -> tuple[Tensor, ...]:
        return (
            torch.rand(batch, features, generator=generator),
            torch.rand(batch, units, generator=generator),
            torch.rand(batch, units, generator=generator),
            torch.randn(units, features, generator=generator),
            torch.randn(features, generator=generator) + 0.5,
        )

    return [
        tuple(part.mul(10).round().div(10) for part in case(2, 3, 4)),
        case(5, 7, 3),
        case(1, 4, 6),
        case(20, 6, 6),
    ]


def _drawn(left_over: Callable, drawn: Callable, message: str) -> Mistake:
    """A mistake in what is left over, (x, code·weight, bias), or drawn, (dead·weight, bias)."""

    def error(x: Tensor, code: Tensor, dead: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return squared_error(
            drawn(dead @ weight, bias).expand_as(x), left_over(x, code @ weight, bias)
        )

    return Mistake(error, message)


def _error_of_dead(make: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in how the right differences are put together."""
    return Mistake(
        lambda x, code, dead, weight, bias: make(dead @ weight - (x - code @ weight - bias)),
        message,
    )


def _silence_pays(revival: Callable) -> float:
    """What dead units that do nothing pay where nothing is left over: 0 would be right."""
    code = torch.rand(30, 5, generator=_seeded())
    weight, bias = torch.randn(5, 8, generator=_seeded(1)), torch.full((8,), 0.7)
    x = code @ weight + bias
    return revival(x, code, torch.zeros(30, 5), weight, bias).mean().item()


def _rows_learn(answer: Answer) -> None:
    """A gradient reaches weight through the dead units; what is left over may be held still."""
    for x, code, dead, weight, bias in _units(answer.generator()):
        weight.requires_grad_()
        found = answer(x, code, dead, weight, bias)
        if not found.requires_grad:
            raise Wrong(CUT_THREAD.format(name="weight"))
        (got,) = torch.autograd.grad(found.sum(), weight)
        left_over = x - (code @ weight + bias)
        accepted = [
            torch.autograd.grad(squared_error(dead @ weight, target).sum(), weight)[0]
            for target in (left_over, left_over.detach())
        ]
        if not any(torch.allclose(got, right, rtol=1e-3, atol=1e-4) for right in accepted):
            raise Wrong(
                "The numbers are right, but not how they depend on `weight`: the dead units should "
                "learn to draw with it. Detach nothing of what they draw."
            )


_REVIVAL = Comparison(
    probes=_units,
    shape="(batch,): one error for each example",
    advice=(
        "Write the two things to be compared on paper: x - (code · weight + bias), and what "
        "the dead units add to a drawing that is there already."
    ),
    gradient="dead",
    mistakes=[
        _drawn(
            lambda x, living, bias: x - living,
            lambda dead, bias: dead,
            "The bias is gone from the comparison, or is taken off on both sides. "
            "The living units draw code · weight + bias, and that is what is taken off x; the "
            "dead units draw without it.",
        ),
        _drawn(
            lambda x, living, bias: x,
            lambda dead, bias: dead,
            "The dead units are to draw x by themselves, without bias. They are asked for what "
            "the others left over.",
        ),
        _drawn(
            lambda x, living, bias: x,
            lambda dead, bias: dead + bias,
            "The dead units are to draw all of x by themselves. They are asked for what the "
            "others left over.",
        ),
        _drawn(
            lambda x, living, bias: living + bias - x,
            lambda dead, bias: dead,
            "What is left over has the wrong sign: it is x - x̂.",
        ),
        _drawn(
            lambda x, living, bias: x - living - bias,
            lambda dead, bias: 0 * dead,
            "The dead units have no part in it: this is the error of the living ones.",
        ),
        _drawn(
            lambda x, living, bias: living + bias,
            lambda dead, bias: dead,
            "The dead units are to copy what the living ones draw. They are asked for what is "
            "missing in it.",
        ),
        _drawn(
            lambda x, living, bias: x - living - bias,
            lambda dead, bias: dead + 2 * bias,
            "The bias is in it more often than before. It should not be in what the dead units "
            "draw at all.",
        ),
        _error_of_dead(
            lambda difference: (difference**2).mean(1),
            "The mean over the features. Their squares are summed.",
        ),
        _error_of_dead(
            lambda difference: (difference**2).sum(),
            "The batch is summed too. Keep one error for each example.",
        ),
        _error_of_dead(
            lambda difference: difference.abs().sum(1),
            "These are absolute differences. The squares are wanted.",
        ),
    ],
)


repaired_revival = Exercise(
    solution=solutions.repaired_revival,
    difficulty=3,
    minutes=10,
    success="Where nothing is left over, silent units are perfect.",
    hints=(
        "The living units have drawn something already. Does what is left over still contain "
        "everything that a decoder adds?",
        "Let the living units draw x exactly, and the dead ones be silent: with "
        "`x = code @ weight + bias`, what should `repaired_revival(x, code, 0 * dead, weight, "
        "bias)` be?",
        "The bias is in x̂, so what is left over has it taken off already. The dead units add only "
        "their own part to it, `dead @ weight`.",
    ),
    stages=(
        *_REVIVAL.stages,
        Stage("weight", _rows_learn),
    ),
    specimen=Specimen(
        specimens.revival,
        "where the living units draw x exactly, silent units should pay nothing. Here they pay "
        "{by:.2f}.",
        _silence_pays,
    ),
)

# --- repaired_contraction -------------------------------------------------------------------------


def _layers(generator: torch.Generator) -> list[tuple[Tensor, Tensor, Tensor]]:
    def case(batch: int, units: int, d: int) -> tuple[Tensor, Tensor, Tensor]:
        return (
            torch.randn(batch, d, generator=generator),
            torch.randn(units, d, generator=generator),
            0.3 * torch.randn(units, generator=generator),
        )

    return [
        tuple(part.mul(10).round().div(10) + 0.03 for part in case(2, 4, 3)),
        case(6, 4, 5),
        case(1, 7, 3),
        case(30, 6, 6),
    ]


def _slopes(slope: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in the slope of the unit, given W x + b; what is made of it is right."""

    def penalty(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return slope(x @ weight.T + bias) ** 2 @ (weight**2).sum(1)

    return Mistake(penalty, message)


def _norms(make: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the right slopes, (batch, units), and the weights."""
    return Mistake(lambda x, weight, bias: make((x @ weight.T + bias > 0).to(x), weight), message)


def _off_autograd(contraction: Callable) -> float:
    """The mean difference from autograd's own Jacobian, as a share of that."""
    x, weight = torch.randn(2, 50, 8, generator=_seeded()) * 8**-0.25
    bias = torch.zeros(50)
    truth = jacobian_penalty(lambda x: torch.relu(x @ weight.T + bias), x)
    return ((contraction(x, weight, bias) - truth).abs().mean() / truth.mean()).item()


repaired_contraction = Exercise(
    solution=solutions.repaired_contraction,
    difficulty=3,
    minutes=10,
    success="It is autograd's Jacobian, to the last digit.",
    hints=(
        "The formula of lesson 05 is here, term by term. For which layer was it derived?",
        "Ask autograd: `jacobian_penalty(lambda x: torch.relu(x @ weight.T + bias), x)` of the "
        "package knows no formula and needs none.",
        "`h * (1 - h)` is the slope of a sigmoid. That of a ReLU is 1 where its output is above 0, "
        "and 0 elsewhere.",
    ),
    stages=Comparison(
        probes=_layers,
        shape="(batch,): one number for each example",
        advice=(
            "For one unit: its output is w · x + b where that is positive, so its derivatives are "
            "w there and 0 elsewhere. Square them, and sum over inputs and units."
        ),
        gradient="weight",
        mistakes=[
            _slopes(
                lambda a: a.sigmoid() * (1 - a.sigmoid()),
                "Now it is right for another layer: h = sigmoid(...). The layer here is a ReLU; "
                "leave it, and repair the slope.",
            ),
            _slopes(
                lambda a: torch.relu(a),
                "The slope of a ReLU is not its output: however large that is, the slope is 1.",
            ),
            _slopes(
                lambda a: torch.ones_like(a),
                "You count every unit with slope 1. Those whose output is 0 do not answer at all.",
            ),
            _slopes(
                lambda a: (a <= 0).to(a),
                "The condition is turned round: you count the units that are silent.",
            ),
            _slopes(
                lambda a: 1 - torch.tanh(a) ** 2,
                "This is the slope of tanh. The layer here is a ReLU.",
            ),
            _slopes(
                lambda a: torch.relu(a).sign() * (1 - torch.relu(a).sign()),
                "This is always 0: `h * (1 - h)` is the sigmoid's slope, and where the output is "
                "replaced by 0 or 1 it vanishes.",
            ),
            _norms(
                lambda slope, weight: slope @ weight.sum(1) ** 2,
                "The weights of a unit are summed and then squared. First the squares, then the "
                "sum: otherwise positive and negative ones cancel.",
            ),
            _norms(
                lambda slope, weight: ((slope @ weight) ** 2).sum(1),
                "The units are summed before squaring, so that they cancel each other. Each "
                "derivative is squared by itself.",
            ),
            _norms(
                lambda slope, weight: (slope @ (weight**2).sum(1)).sqrt(),
                "You have taken the root: that is the norm. The squared norm is wanted.",
            ),
            _norms(
                lambda slope, weight: 0.5 * slope @ (weight**2).sum(1),
                "Half of it. A ½ belongs in front of some squared errors; the squared norm of the "
                "Jacobian has none.",
            ),
            _norms(
                lambda slope, weight: slope @ (weight**2).mean(1),
                "The mean over the inputs. The squares are summed.",
            ),
            _norms(
                lambda slope, weight: (slope @ (weight**2).sum(1)).mean(),
                "The batch is averaged too. Keep one number for each example.",
            ),
            _norms(
                lambda slope, weight: slope.sum(1) * (weight**2).sum(),
                "Each unit that answers is charged for the weights of all units. It has its own "
                "row of weight.",
            ),
        ],
    ).stages,
    specimen=Specimen(
        specimens.contraction,
        "it should be what autograd computes without any formula. On average it is off by "
        "{by:.0%} of that.",
        _off_autograd,
    ),
)

# --- repaired_strangeness -------------------------------------------------------------------------

CALLS, DRAWS, REPEATS = 50, 8, 2000


def _wide(seed: int) -> VAE:
    """A small VAE with wide clouds and a bent decoder: whatever is averaged, it shows."""
    model = _lively(9, 3, seed)
    model.encoder[-1].weight[3:] *= 0.1
    model.encoder[-1].bias[3:] = torch.tensor([0.2, 1.5, 2.5])  # σ = 1.1, 2.1 and 3.5
    return model


def _narrow(seed: int) -> VAE:
    """A small VAE with narrow clouds, σ about 0.3 for every picture: σ² for σ would show."""
    model = _lively(9, 3, seed)
    model.encoder[-1].weight[3:] *= 0.1
    model.encoder[-1].bias[3:] = -2.5
    return model


def _strange(answer: Answer, make: Callable[[int], VAE]) -> tuple[VAE, Tensor]:
    """A small VAE whose draws matter, and pictures for it."""
    seed = int(torch.randint(1000, (), generator=answer.generator()))
    return make(seed), torch.rand(6, 9, generator=answer.generator())


def _has_the_form(answer: Answer) -> None:
    model, x = _strange(answer, _wide)
    got = answer(model, x, 3, _seeded())
    if got is None and returns_nothing(answer.function):
        raise Unsolved
    expect_type(got, torch.zeros(len(x)))
    expect_shape(got, torch.zeros(len(x)), "(batch,): one number for each picture", {"x": x})


def _logits(model: VAE, z: Tensor) -> Tensor:
    """What is drawn from codes with any number of axes before the last."""
    return model.decode(z.flatten(0, -2)).reshape(*z.shape[:-1], -1)


def _cost(logits: Tensor, x: Tensor) -> Tensor:
    """-log p(x|z) where logits has further axes before those of x."""
    x = x.expand(logits.shape)
    return bernoulli_nll(logits.flatten(0, -2), x.flatten(0, -2)).reshape(logits.shape[:-1])


def _confusions(model: VAE, x: Tensor) -> list[tuple[Tensor, str]]:
    """What many calls would return, (REPEATS, batch), for each thing that people compute instead.

    The first is right, and has no message.
    """
    mu, log_var = model.encode(x)
    noise = torch.randn(REPEATS, DRAWS, *mu.shape, generator=_seeded(77))
    z = mu + torch.exp(log_var / 2) * noise
    logits = _logits(model, z)
    costs = _cost(logits, x).double()
    mean = costs.mean(1)
    pictures = logits.sigmoid().mean(1).clamp(1e-6, 1 - 1e-6)

    def other(z: Tensor) -> Tensor:
        return _cost(_logits(model, z), x).double().mean(1)

    return [
        (mean, ""),
        (
            -mean,
            "The sign is turned: this is E[log p(x|z)], which is higher for ordinary pictures. "
            "Strangeness is minus that.",
        ),
        (DRAWS * mean, "The sum over the draws. Divide by how many there are."),
        (mean / DRAWS, "You divide by the number of draws twice."),
        (
            costs[:, -1] / DRAWS,
            "Only the last draw is left: each round of the loop begins anew where it should add to "
            "the rounds before, `total = total + ...`.",
        ),
        (
            _cost(logits.mean(1), x).double(),
            "You average the logits of the draws and judge their mean. A decoder is bent, and so "
            "is the logarithm: take -log p(x|z) of each draw, and average these.",
        ),
        (
            _cost(pictures.logit(), x).double(),
            "You average the pictures that the draws give and judge the mean picture. What is "
            "wanted is the mean of the judgements, -log p(x|z) of each draw.",
        ),
        (
            _cost(_logits(model, z.mean(1)), x).double(),
            "You average the codes and draw one picture from their mean. Each draw is decoded and "
            "judged by itself, and the judgements are averaged.",
        ),
        (
            other(noise),
            "The codes come from the prior, N(0, I): they have nothing to do with x. Draw them "
            "from q(z|x), with the μ and σ that the encoder gives.",
        ),
        (
            other(mu + noise),
            "The noise has σ = 1, whatever the encoder says: multiply it by exp(log_var / 2).",
        ),
        (
            other(mu + torch.exp(log_var) * noise),
            "The noise is multiplied by exp(log_var), which is σ². `reparameterize` did it right: "
            "σ = exp(log_var / 2).",
        ),
        (
            -(-costs).exp().mean(1).log(),
            "You average the densities and take the logarithm afterwards. That estimates another "
            "number, and in 784 dimensions densities are 0 to the computer: average the "
            "logarithms.",
        ),
        (
            (-costs).exp().mean(1),
            "You average the densities, exp(log p). They span many powers of ten, so that one draw "
            "counts and the others do not; take the mean of -log p.",
        ),
        (-(-costs).exp().mean(1), "You average the densities, with a minus. Take -log p."),
        (
            mean + gaussian_kl(mu, log_var),
            "The KL is added. With it the number is minus the ELBO; here only the drawing is "
            "asked for.",
        ),
        (costs.amin(1), "The best of the draws. The mean of all is wanted."),
        (costs.amax(1), "The worst of the draws. The mean of all is wanted."),
        (costs.median(1).values, "The median of the draws. Their mean is wanted."),
    ]


def _away(calls: Tensor, values: Tensor) -> float:
    """How far two means over calls are apart, in standard errors, for the picture where most."""
    # Draws may be shared within a call (the specimen's are): the scatter of calls says how sure.
    error = (calls.var(0) / len(calls) + values.var(0) / len(values)).sqrt()
    return ((calls.mean(0) - values.mean(0)) / (error + 1e-9)).abs().amax().item()


def _mean_is_right(answer: Answer) -> None:
    """The mean of many calls against what many calls should give, or give by mistake."""
    model, x = _strange(answer, _wide)
    calls = torch.stack([answer(model, x, DRAWS, _seeded(seed)) for seed in range(CALLS)]).double()
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
    if not torch.equal(answer(model, x, DRAWS, _seeded()), answer(model, x, DRAWS, _seeded())):
        raise Wrong(
            "Given the same generator with the same seed twice, your function returns two answers: "
            "some of its noise comes from elsewhere. Hand `generator` on to what draws."
        )
    (right, _), *wrong = _confusions(model, x)
    if _away(calls, right) < 6:
        return
    # Named is what agrees for two networks, the second with narrow clouds; of several the one whose
    # scatter agrees too, and then the nearest.
    second, others = _strange(answer, _narrow)
    again = torch.stack([answer(second, others, DRAWS, _seeded(seed)) for seed in range(CALLS)])
    there = [values for values, _ in _confusions(second, others)[1:]]
    fitting = [
        ((calls.std(0) / values.std(0)).log().mean().abs() > 0.4, _away(calls, values), message)
        for (values, message), too in zip(wrong, there, strict=True)
        if _away(calls, values) < 5 and _away(again.double(), too) < 5
    ]
    if fitting:
        raise Wrong(min(fitting)[-1])
    raise Wrong(
        f"On average over many calls, for a picture whose strangeness is "
        f"{right.mean(0)[0]:.3f} nats, your function returns {calls.mean(0)[0]:.3f}. Each draw "
        "needs z = μ + σ ε with σ = exp(log_var / 2), and what is averaged is -log p(x|z), "
        "`bernoulli_nll(model.decode(z), x)`."
    )


def _scatter(strangeness: Callable, model: VAE, x: Tensor, draws: int, calls: int) -> Tensor:
    """The standard deviation over calls, the mean of it over pictures."""
    got = torch.stack([strangeness(model, x, draws, _seeded(seed)) for seed in range(calls)])
    return got.std(0).mean()


def _draws_differ(answer: Answer) -> None:
    """With sixteen draws a quarter of the scatter is left: less than 40 %, and more than 12 %."""
    model, x = _strange(answer, _narrow)
    one = _scatter(answer, model, x, 1, 24)
    mu, log_var = model.encode(x)
    z = mu + torch.exp(log_var / 2) * torch.randn(400, *mu.shape, generator=_seeded(77))
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
    model, x = _narrow(0), torch.rand(6, 9, generator=_seeded())
    one, many = (_scatter(strangeness, model, x, draws, 60) for draws in (1, 36))
    return (many / one).item()


repaired_strangeness = Exercise(
    solution=solutions.repaired_strangeness,
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
        specimens.strangeness,
        "36 draws instead of one should leave 1/√36, a sixth, of the scatter. They leave {by:.0%}.",
        _repeated,
        allowed=0.25,
    ),
)

# --- repaired_ndcg --------------------------------------------------------------------------------


def _rankings(generator: torch.Generator) -> list[tuple[list[int], list[int], int]]:
    def case(items: int, wanted: int, k: int) -> tuple[list[int], list[int], int]:
        ranked = torch.randperm(items, generator=generator).tolist()
        return ranked, torch.randperm(items, generator=generator)[:wanted].tolist(), k

    return [
        ([4, 1, 7, 9, 3], [1, 9, 3, 5], 4),
        ([3, 8, 6], [3, 5, 7], 3),  # one hit, in the first place
        ([5, 2, 8, 1, 0, 7], [2, 1], 6),  # fewer wanted than places
        ([1, 2, 3, 4], [9], 3),  # no hit at all
        ([6, 2, 4, 8, 0], [2, 6, 4], 3),  # perfect
        case(30, 6, 10),
        case(50, 20, 12),
        case(12, 3, 12),
    ]


def _gains(hits: list[float], discount: Callable[[int], float]) -> float:
    return sum(hit * discount(rank) for rank, hit in enumerate(hits, start=1))


def _log_discount(rank: int) -> float:
    return 1 / math.log2(rank + 1)


def _ranked(
    ideal: Callable[[list[int], list[int], int], list[float]],
    message: str,
    discount: Callable[[int], float] = _log_discount,
) -> Mistake:
    """A mistake in the best ranking, a list of hits, or in what a hit at a rank is worth."""

    def ndcg(ranked: list[int], wanted: list[int], k: int) -> float:
        hits = [float(item in wanted) for item in ranked[:k]]
        best = _gains(ideal(ranked, wanted, k), discount)
        return _gains(hits, discount) / best if best else 0.0

    return Mistake(ndcg, message)


def _best(ranked: list[int], wanted: list[int], k: int) -> list[float]:
    return [1.0] * min(k, len(wanted))


def _hits(ranked: list[int], wanted: list[int], k: int) -> list[float]:
    return [float(item in wanted) for item in ranked[:k]]


def _one_of_five(ndcg: Callable) -> float:
    """By how much a list that has one of five wanted items, in the first place, scores too high."""
    return abs(ndcg([0, 10, 11, 12, 13], [0, 1, 2, 3, 4], 5) - 1 / _gains([1.0] * 5, _log_discount))


repaired_ndcg = Exercise(
    solution=solutions.repaired_ndcg,
    difficulty=3,
    minutes=10,
    success="Only a list in which nothing better was possible scores 1.",
    hints=(
        "Which ranking does the divisor stand for? Whose hits are in it?",
        "A list that finds one of five wanted items, in the first place: "
        "`repaired_ndcg([0, 10, 11, 12, 13], [0, 1, 2, 3, 4], 5)`. Is that as good as it gets?",
        "The best ranking sorts everything that is wanted to the front, and not only what was "
        "found: its hits are `[1.0] * min(k, len(wanted))`.",
    ),
    stages=Comparison(
        probes=_rankings,
        shape=None,
        advice=(
            "For k = 3 and two wanted items of which one is found, at rank 2: gain 1/log2(3) = "
            "0.631, ideal 1 + 0.631 = 1.631, score 0.387."
        ),
        mistakes=[
            _ranked(
                lambda ranked, wanted, k: [1.0] * k,
                "The ideal fills all k places with hits, even if fewer items are wanted. Then "
                "nobody with few wishes could ever be served perfectly: `min(k, len(wanted))`.",
            ),
            _ranked(
                lambda ranked, wanted, k: [1.0] * len(wanted),
                "The ideal counts all wanted items, even if there are more than k places. Then no "
                "list of k could be perfect: `min(k, len(wanted))`.",
            ),
            _ranked(
                lambda ranked, wanted, k: sorted(
                    (float(item in wanted) for item in ranked), reverse=True
                )[:k],
                "The ideal sorts the wanted items of the *whole* ranking to the front. Better, but "
                "items that the ranking does not contain at all are wanted too, and are missing.",
            ),
            _ranked(
                lambda ranked, wanted, k: [1.0],
                "You divide by 1: this is the gain itself. Divide by that of the best ranking.",
            ),
            Mistake(
                lambda ranked, wanted, k: sum(_hits(ranked, wanted, k)) / len(wanted),
                "This is the recall, the share of what was wanted. NDCG also asks how far up the "
                "hits are.",
            ),
            Mistake(
                lambda ranked, wanted, k: sum(_hits(ranked, wanted, k)) / min(k, len(wanted)),
                "This counts hits, wherever they are. NDCG discounts them by their rank.",
            ),
            Mistake(
                lambda ranked, wanted, k: sum(_hits(ranked, wanted, k)) / k,
                "This is the precision, the share of the k places that are hits.",
            ),
            _ranked(
                _best,
                "The logarithm is the natural one, and its argument is the rank: log(1) = 0 for "
                "the first. It is log2(rank + 1).",
                lambda rank: 1 / math.log(rank) if rank > 1 else 1.0,
            ),
            _ranked(
                _best,
                "The discount is 1/rank. It is 1/log2(rank + 1), which falls more gently.",
                lambda rank: 1 / rank,
            ),
            _ranked(
                _best,
                "The ranks begin at 0 in one of the sums, or 1 is added once too often: the first "
                "place gains 1/log2(2) = 1.",
                lambda rank: 1 / math.log2(rank + 2),
            ),
            Mistake(
                lambda ranked, wanted, k: (
                    _gains(_best(ranked, wanted, k), _log_discount)
                    / (_gains(_hits(ranked, wanted, k), _log_discount) or math.inf)
                ),
                "The fraction is upside down: gain over ideal.",
            ),
        ],
    ).stages,
    specimen=Specimen(
        specimens.ndcg,
        "only the best possible ranking should score 1. A list that finds one of five wanted "
        "items, in the first place, scores {by:.2f} too much.",
        _one_of_five,
    ),
)

# --- repaired_information_gap ---------------------------------------------------------------------


def _tables(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    def case(n: int, latent: int, factors: int, levels: int) -> tuple[Tensor, Tensor]:
        columns = [torch.randint(levels + j, (n,), generator=generator) for j in range(factors)]
        values = torch.stack(columns, dim=1)
        codes = torch.randn(n, latent, generator=generator)
        for j in range(latent):  # each number knows one factor, more or less well
            codes[:, j] += (1 + j) * values[:, j % factors]
        return codes, values

    return [
        case(60, 3, 2, 2),
        case(200, 5, 3, 4),
        case(150, 2, 2, 5),
        case(101, 4, 1, 3),
        case(300, 6, 4, 2),
    ]


def _known(codes: Tensor, factors: Tensor) -> Tensor:
    return mutual_information(codes, factors)


def _gap(make: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the information, (latent, factors), and the entropies."""
    return Mistake(
        lambda codes, factors: make(_known(codes, factors), factor_entropy(factors)).item(),
        message,
    )


def _two(known: Tensor) -> Tensor:
    return known.topk(2, dim=0).values


def _short_of_one(gap: Callable) -> float:
    """How far below 1 the gap of a perfect code is: its numbers are the factors, in other order."""
    factors = torch.randint(4, (600, 3), generator=_seeded())
    return 1 - gap(factors[:, [2, 0, 1]].float(), factors)


repaired_information_gap = Exercise(
    solution=solutions.repaired_information_gap,
    difficulty=3,
    minutes=10,
    success="A perfect code has a gap of 1, in whatever order its numbers are.",
    hints=(
        "The last two lines are those of lesson 10, and they are right. Follow a single value of "
        "`codes`, say `codes[1, 0]`: in which row, and in which place of it, does it end up?",
        "Make a perfect code: its numbers are the factors, in another order. "
        "`repaired_information_gap(factors[:, [2, 0, 1]].float(), factors)` should be 1.",
        "`reshape` gives a matrix another shape and leaves the values in the order in which they "
        "were read; rows do not become columns. `codes.T` turns it round.",
    ),
    stages=Comparison(
        probes=_tables,
        shape=None,
        advice=(
            "`rows` should have one row for each number of the code, with the values of all n "
            "examples in the order of the examples: check that `rows[1, 0]` is `codes[0, 1]`."
        ),
        tolerance=1e-3,
        mistakes=[
            _gap(
                lambda known, entropy: (known.amax(0) / entropy).mean(),
                "This is what the best number knows. The second best is not taken off, so a code "
                "in which two numbers know the same would look as good.",
            ),
            _gap(
                lambda known, entropy: (_two(known)[0] - _two(known)[1]).mean(),
                "The gap in nats. Divide each by the entropy of its factor, so that factors with "
                "few values count as much as others.",
            ),
            _gap(
                lambda known, entropy: (_two(known)[0] - _two(known)[1]).mean() / entropy.mean(),
                "You divide the mean gap by the mean entropy. Each factor's gap is divided by its "
                "own entropy, before the mean.",
            ),
            _gap(
                lambda known, entropy: ((_two(known)[0] - _two(known)[1]) / entropy).sum(),
                "The sum over the factors. Their mean is wanted, so that 1 is the best.",
            ),
            _gap(
                lambda known, entropy: ((_two(known)[0] - _two(known)[1]) / entropy).amax(),
                "The gap of the best factor. The mean over all factors is wanted.",
            ),
            _gap(
                lambda known, entropy: ((_two(known)[1] - _two(known)[0]) / entropy).mean(),
                "The sign is turned: the best less the second best.",
            ),
            _gap(
                lambda known, entropy: (
                    (known.amax(0) - known.sort(dim=0).values[0]) / entropy
                ).mean(),
                "The best less the *worst* number. It is the second best that must not know the "
                "factor too.",
            ),
            _gap(
                lambda known, entropy: ((known.amax(0) - known.mean(0)) / entropy).mean(),
                "The best number less the mean of all. Compare it with the second best.",
            ),
            _gap(
                lambda known, entropy: (1 - _two(known)[1] / _two(known)[0]).mean(),
                "You divide by what the best number knows. Then a code that knows next to nothing "
                "could reach 1: divide by the entropy of the factor.",
            ),
            Mistake(
                lambda codes, factors: (
                    (
                        (_two(_known(codes.flip(0), factors)) * torch.tensor([[1.0], [-1.0]])).sum(
                            0
                        )
                        / factor_entropy(factors)
                    )
                    .mean()
                    .item()
                ),
                "The examples are in reverse order: row i of the codes no longer belongs to row i "
                "of the factors.",
            ),
        ],
    ).stages,
    specimen=Specimen(
        specimens.information_gap,
        "a perfect code, whose numbers are the factors themselves in another order, should have a "
        "gap of 1. It falls short of that by {by:.2f}.",
        _short_of_one,
        allowed=0.05,  # counting 600 examples finds a little information everywhere
    ),
)

# --- repaired_verdict -----------------------------------------------------------------------------

Sampler = Callable[[Tensor, Tensor, torch.Generator], Tensor]


def _epsilon(mu: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(mu.shape, generator=generator)


RIGHT_SAMPLERS: list[tuple[str, Sampler]] = [
    ("the one of lesson 07, μ + exp(log_var / 2) ε", reparameterize),
    ("μ + √exp(log_var) ε", lambda m, v, g: m + v.exp().sqrt() * _epsilon(m, g)),
    (
        "μ - exp(log_var / 2) ε, which is as good",
        lambda m, v, g: m - (v / 2).exp() * _epsilon(m, g),
    ),
]

WRONG_SAMPLERS: list[tuple[str, Sampler]] = [
    (
        "μ + exp(log_var) ε, where the ½ is lost and the variance stands for σ",
        lambda m, v, g: m + v.exp() * _epsilon(m, g),
    ),
    ("μ + ε, which takes no notice of log_var", lambda m, v, g: m + _epsilon(m, g)),
    (
        "μ + exp(-log_var / 2) ε, with the sign turned",
        lambda m, v, g: m + (-v / 2).exp() * _epsilon(m, g),
    ),
    (
        "μ + exp(log_var / 4) ε, with the ½ taken twice",
        lambda m, v, g: m + (v / 4).exp() * _epsilon(m, g),
    ),
    ("μ alone, without any noise", lambda m, v, g: m.clone()),
    ("exp(log_var / 2) ε, without μ", lambda m, v, g: (v / 2).exp() * _epsilon(m, g)),
    ("μ + log_var ε, without exp", lambda m, v, g: m + v * _epsilon(m, g)),
    (
        "μ + exp(log_var / 2) (ε + 0.3), whose noise has another mean",
        lambda m, v, g: m + (v / 2).exp() * (_epsilon(m, g) + 0.3),
    ),
    (
        "μ + exp(log_var / 2) u, where u comes from `torch.rand`, from 0 to 1",
        lambda m, v, g: m + (v / 2).exp() * torch.rand(m.shape, generator=g),
    ),
]


def _judged(answer: Answer, sample: Sampler) -> bool:
    """The verdict of the answer on a sampler."""
    verdict = answer(sample)
    if verdict is None and returns_nothing(answer.function):
        raise Unsolved
    if isinstance(verdict, Tensor) and verdict.numel() == 1 and verdict.dtype == torch.bool:
        return bool(verdict)
    if not isinstance(verdict, bool | np.bool_):
        raise Wrong(
            f"Your function returned {describe_type(verdict)}; expected True or False. A "
            "comparison such as `abs(noise.mean()) < 0.05` gives one; two are joined by `and`."
        )
    return bool(verdict)


def _gives_a_verdict(answer: Answer) -> None:
    _judged(answer, reparameterize)


def _accepts_right_ones(answer: Answer) -> None:
    refused = [name for name, sample in RIGHT_SAMPLERS if not _judged(answer, sample)]
    if not refused:
        return
    passed = [name for name, sample in WRONG_SAMPLERS if _judged(answer, sample)]
    advice = (
        "Take the means off, divide by the true σ = exp(log_var / 2), and what is left should have "
        "mean 0 and deviation 1; leave room for the chance in it, a few times 1/√n for n numbers."
    )
    if len(refused) == len(RIGHT_SAMPLERS) and not passed:
        raise Wrong(f"Your test says no to everything, to right samplers too. {advice}")
    for name, message in (
        (WRONG_SAMPLERS[0][0], "It divides the noise by the variance, exp(log_var)."),
        (WRONG_SAMPLERS[1][0], "It compares the noise with 1 before σ is divided out."),
    ):
        if len(refused) == len(RIGHT_SAMPLERS) and name in passed:
            raise Wrong(f"Your test turns away the right samplers, and accepts {name}. {message}")
    raise Wrong(f"Your test turns away a right sampler: {refused[0]}. {advice}")


def _rejects_wrong_ones(answer: Answer) -> None:
    passed = [name for name, sample in WRONG_SAMPLERS if _judged(answer, sample)]
    if len(passed) == len(WRONG_SAMPLERS):
        raise Wrong(
            "Your test says yes to everything, to samplers without noise too. A test that cannot "
            "fail tests nothing."
        )
    if passed:
        others = f", and {len(passed) - 1} more like it" if len(passed) > 1 else ""
        raise Wrong(
            f"Your test lets a wrong sampler through: {passed[0]}{others}. Choose means and "
            "log-variances for which it would draw something visibly different, and look at the "
            "noise after dividing by the true σ."
        )


def _at_other_times(answer: Answer) -> None:
    """Chance must not decide: right samplers with many noises of their own are accepted."""

    def normal(m: Tensor, v: Tensor, g: torch.Generator) -> Tensor:
        return torch.distributions.Normal(m, (v / 2).exp()).sample()  # noise of its own each time

    refused = sum(not _judged(answer, normal) for _ in range(20))
    if refused:
        raise Wrong(
            f"Chance decides: in {refused} of 20 runs with other noise your test turns away a "
            "sampler. Draw more numbers, or leave more room: the mean of n numbers scatters by "
            "1/√n, and six times that is a good margin."
        )


def _let_through(verdict: Callable) -> float:
    """How many wrong samplers pass the test, and right ones do not."""
    passed = sum(bool(verdict(sample)) for _, sample in WRONG_SAMPLERS)
    return float(passed + sum(not verdict(sample) for _, sample in RIGHT_SAMPLERS))


repaired_verdict = Exercise(
    solution=solutions.repaired_verdict,
    difficulty=4,
    minutes=12,
    success="Three right samplers pass, nine wrong ones do not, and chance has no say.",
    hints=(
        "This is a test, and its mistake is that it says yes too often. For which log-variances "
        "does it look?",
        "Try it on a sampler that you know to be wrong: "
        "`repaired_verdict(lambda mu, log_var, g: mu + torch.exp(log_var) * torch.randn(mu.shape, "
        "generator=g))`. It should be False.",
        "Near σ = 1 every formula looks right. Draw means and log-variances of size 1, without "
        "the 0.1, and divide the noise by the true σ, `torch.exp(log_var / 2)`, before you "
        "look at its mean and deviation.",
    ),
    stages=(
        Stage("type", _gives_a_verdict),
        Stage("accepts", _accepts_right_ones),
        Stage("rejects", _rejects_wrong_ones),
        Stage("steady", _at_other_times),
    ),
    specimen=Specimen(
        specimens.verdict,
        "a test should fail for what is wrong. Of nine wrong samplers it lets {by:.0f} through.",
        _let_through,
        allowed=0.0,
    ),
)
