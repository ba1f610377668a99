"""`repaired_code`, lesson 15: one head where there should be two."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises.checking.answer import generator_at
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Specimen
from course_utils.exercises.lessons.lesson_15._small_networks import linear_layer


def repaired_code(
    x: Float[Tensor, "batch features"],
    y: Int[Tensor, " batch"],
    body: nn.Module,
    mu_head: nn.Module,
    log_var_head: nn.Module,
    epsilon: Float[Tensor, "batch latent"],
) -> Float[Tensor, "batch latent"]:
    """One draw z = μ + σ ε of a conditional VAE's code, for each picture x with its label y.

    Pixels and label (a row of ten, with a one at its place) go into body together. From what comes
    out mu_head makes μ, and log_var_head makes log σ². epsilon is the noise.
    """
    label = F.one_hot(y, 10).to(x)
    h = body(torch.cat([x, label], dim=1))
    mu = mu_head(h)
    log_var = log_var_head(h)
    return mu + torch.exp(log_var / 2) * epsilon


def specimen(
    x: Float[Tensor, "batch features"],
    y: Int[Tensor, " batch"],
    body: nn.Module,
    mu_head: nn.Module,
    log_var_head: nn.Module,
    epsilon: Float[Tensor, "batch latent"],
) -> Float[Tensor, "batch latent"]:
    label = F.one_hot(y, 10).to(x)
    h = body(torch.cat([x, label], dim=1))
    mu = mu_head(h)
    log_var = mu_head(h)
    return mu + torch.exp(log_var / 2) * epsilon


def _labelled(generator: torch.Generator) -> list[tuple]:
    def case(batch: int, features: int, hidden: int, latent: int) -> tuple:
        return (
            torch.rand(batch, features, generator=generator),
            torch.randint(10, (batch,), generator=generator),
            nn.Sequential(linear_layer(features + 10, hidden, generator), nn.Tanh()),
            linear_layer(hidden, latent, generator),
            linear_layer(hidden, latent, generator),
            torch.randn(batch, latent, generator=generator),
        )

    return [case(3, 4, 6, 2), case(1, 3, 5, 4), case(12, 8, 9, 3)]


def _label(x: Tensor, y: Tensor) -> Tensor:
    return F.one_hot(y, 10).to(x)


def _made(draw: Callable, message: str) -> Mistake:
    """A mistake in what is made of the two heads' outputs: draw(mu, log_var, epsilon)."""

    def code(x, y, body, mu_head, log_var_head, epsilon):
        h = body(torch.cat([x, _label(x, y)], dim=1))
        return draw(mu_head(h), log_var_head(h), epsilon)

    return Mistake(code, message)


def _entered(both: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what goes into the body: both(x, y)."""

    def code(x, y, body, mu_head, log_var_head, epsilon):
        h = body(both(x, y))
        return mu_head(h) + torch.exp(log_var_head(h) / 2) * epsilon

    return Mistake(code, message)


def _unreached(code: Callable) -> float:
    """How many of the two heads' weights get no gradient."""
    with torch.enable_grad():
        body, heads = nn.Linear(14, 5), [nn.Linear(5, 2), nn.Linear(5, 2)]
        x, y = torch.rand(6, 4, generator=generator_at()), torch.arange(6)
        code(x, y, body, *heads, torch.randn(6, 2, generator=generator_at(1))).sum().backward()
    parameters = [p for module in (body, *heads) for p in module.parameters()]
    return float(sum(p.numel() for p in parameters if p.grad is None))


exercise = Exercise(
    solution=repaired_code,
    place=4,
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
        specimen,
        "a gradient should reach every parameter. Of two small heads it misses {by:.0f} weights.",
        _unreached,
        allowed=0.0,
    ),
)
