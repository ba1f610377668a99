"""`repaired_elbo`, lesson 15: a bound that forgot to draw in evaluation."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.exercises.checking.answer import Answer, Wrong, generator_at
from course_utils.exercises.checking.compare import Comparison, Mistake, before_value
from course_utils.exercises.checking.exercise import Exercise, Specimen, Stage
from course_utils.exercises.lessons.lesson_15._small_networks import lively_vae
from course_utils.losses import bernoulli_nll, gaussian_kl
from course_utils.models import VAE


def repaired_elbo(
    model: VAE, x: Float[Tensor, "batch *features"], generator: torch.Generator
) -> Float[Tensor, " batch"]:
    """The evidence lower bound of each example, in nats, estimated from one draw of its code.

    The noise comes from generator: torch.randn(mu.shape, generator=generator). It is for models in
    training mode and for models in evaluation mode, and leaves the mode as it is.
    """
    mu, log_var = model.encode(x)
    epsilon = torch.randn(mu.shape, generator=generator)
    z = mu + torch.exp(log_var / 2) * epsilon
    return -bernoulli_nll(model.decode(z), x) - gaussian_kl(mu, log_var)


def specimen(
    model: VAE, x: Float[Tensor, "batch *features"], generator: torch.Generator
) -> Float[Tensor, " batch"]:
    mu, log_var = model.encode(x)
    epsilon = torch.randn(mu.shape, generator=generator)
    z = mu + torch.exp(log_var / 2) * epsilon if model.training else mu
    return -bernoulli_nll(model.decode(z), x) - gaussian_kl(mu, log_var)


def _evaluations(generator: torch.Generator) -> list[tuple[VAE, Tensor, torch.Generator]]:
    seed = int(torch.randint(1000, (), generator=generator))

    def case(batch: int, features: int, latent: int, training: bool) -> tuple:
        x = torch.rand(batch, features, generator=generator)
        return lively_vae(features, latent, seed, training), x, generator_at(seed + batch)

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
    one, two = (answer(model, x, generator_at()) for _ in range(2))
    if not torch.equal(one, two):
        raise Wrong(
            "Given the same generator with the same seed twice, your function returns two bounds. "
            "All the noise must come from the generator it is given: "
            "`torch.randn(mu.shape, generator=generator)`, as in the line above the `if`."
        )


def _mode_is_kept(answer: Answer) -> None:
    for training in (True, False):
        model = lively_vae(5, 2, 0, training)
        answer(model, torch.rand(3, 5, generator=answer.generator()), generator_at())
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
    model, x = lively_vae(6, 2, 0), torch.rand(3, 6, generator=answer.generator())
    model.encoder.insert(0, _Dropped())
    bounds = {mode: answer.solution(model.train(mode), x, generator_at()) for mode in (True, False)}
    got = answer(model.train(training), x, generator_at())
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
    x = torch.rand(64, 12, generator=generator_at())
    model, generator = lively_vae(12, 4, 0), generator_at(1)
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


exercise = Exercise(
    solution=repaired_elbo,
    place=5,
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
        *before_value(
            _BOUND.stages,
            Stage("noise", _noise_is_given),
        ),
        Stage("mode", _mode_is_kept),
    ),
    specimen=Specimen(
        specimen,
        "on average over the noise, evaluation should give what training mode gives. For a small "
        "network it differs by {by:.2f} nats.",
        _too_good,
        allowed=0.5,  # six standard errors of two means over 25,600 draws each
    ),
)
