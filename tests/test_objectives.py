"""Objectives: which terms they name, and what each of them is."""

import inspect
import math

import pytest
import torch
from torch import nn

from course_utils import (
    VAE,
    Autoencoder,
    bernoulli_nll,
    bernoulli_reconstruction,
    gaussian_kl,
    gaussian_kl_per_dimension,
    linear_warmup,
    negative_elbo,
    reconstruction,
    squared_error,
    weight_decay,
)

OBJECTIVES = (reconstruction, bernoulli_reconstruction, weight_decay(reconstruction, 0.1))


@pytest.fixture
def x():
    return torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("build", [Autoencoder.linear, lambda k: Autoencoder.dense(k, (9,))])
def test_each_example_has_its_loss_and_the_gradient_goes_everywhere(objective, build, x):
    model = build(3)
    terms = objective(model, x)
    assert terms["loss"].shape == (6,)
    assert all(term.shape in ((6,), ()) for term in terms.values())
    terms["loss"].mean().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in model.parameters())


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_batch_twice_has_the_same_mean_loss(objective, x):
    # Property 2, for objectives; float32, so a few units in the last place.
    model = Autoencoder.dense(3, (9,))
    once = objective(model, x)["loss"].mean()
    twice = objective(model, torch.cat([x, x]))["loss"].mean()
    torch.testing.assert_close(twice, once, rtol=1e-5, atol=0)


def test_reconstruction_is_the_error_of_what_is_drawn(x):
    for model in (Autoencoder.dense(3, (9,)), Autoencoder.linear(3)):
        expected = squared_error(model.reconstruct(x), x)
        torch.testing.assert_close(reconstruction(model, x)["loss"].detach(), expected)


def test_bernoulli_reconstruction_takes_the_logits(x):
    model = Autoencoder.dense(3, (9,))
    assert torch.equal(
        bernoulli_reconstruction(model, x)["loss"], bernoulli_nll(model(x).logits, x)
    )


def test_weight_decay_adds_the_squares_of_the_weights_and_not_of_the_biases(x):
    model = Autoencoder.conv(3, (2, 3))
    weights = [
        module.weight
        for module in model.modules()
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d | torch.nn.ConvTranspose2d)
    ]
    assert len(weights) == 6
    squares = sum((weight**2).sum() for weight in weights)
    model.eval()
    terms = weight_decay(reconstruction, 0.25)(model, x)
    torch.testing.assert_close(terms["weights"], squares)
    expected = reconstruction(model, x)["loss"] + 0.25 * squares
    torch.testing.assert_close(terms["loss"], expected)


def test_weight_decay_of_nothing_changes_nothing(x):
    model = Autoencoder.linear(3)
    decayed = weight_decay(reconstruction, 0.0)(model, x)["loss"]
    assert torch.equal(decayed, reconstruction(model, x)["loss"])


def test_weight_decay_wants_a_weight_that_decays():
    with pytest.raises(ValueError, match="weight is -1; expected 0 or more"):
        weight_decay(reconstruction, -1.0)


def test_weight_decay_passes_on_what_a_schedule_needs_to_know(x):
    # It once kept the progress to itself, and a warm-up inside it never warmed up.
    model = VAE.dense(2, (5,))
    decayed = weight_decay(negative_elbo(beta=lambda progress: progress), 0.0)
    assert "progress" in inspect.signature(decayed).parameters
    for progress in (0.0, 0.4):
        terms = decayed(model, x, progress=progress)
        expected = terms["reconstruction"] + progress * terms["kl"]
        torch.testing.assert_close(terms["loss"], expected)
    assert "progress" not in inspect.signature(weight_decay(reconstruction, 0.1)).parameters


# --- the negative evidence lower bound ----------------------------------------------------------


@pytest.mark.parametrize("build", [VAE.dense, VAE.conv], ids=["dense", "conv"])
@pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
def test_the_bound_is_reconstruction_plus_beta_times_kl(build, beta, x):
    model = build(3).eval()
    torch.manual_seed(1)
    terms = negative_elbo(beta)(model, x)
    torch.manual_seed(1)
    out = model(x)
    assert list(terms) == ["loss", "reconstruction", "kl"]
    assert all(term.shape == (6,) for term in terms.values())
    torch.testing.assert_close(terms["kl"], gaussian_kl(out.mu, out.log_var))
    torch.testing.assert_close(terms["reconstruction"], bernoulli_nll(out.logits, x))
    torch.testing.assert_close(terms["loss"], terms["reconstruction"] + beta * terms["kl"])


def test_the_bound_of_a_batch_twice():
    # Property 2. A decoder that does not listen to z, as each copy has a draw of its own.
    x = torch.rand(6, 5, generator=torch.Generator().manual_seed(0))
    model = VAE.dense(3, (9,), input_shape=(5,))
    model.decoder[0].weight.data.zero_()
    for objective in (negative_elbo(2.0), negative_elbo(2.0, free_bits=0.01)):
        once, twice = objective(model, x), objective(model, torch.cat([x, x]))
        for name in once:
            torch.testing.assert_close(twice[name].mean(), once[name].mean())


def test_a_schedule_of_beta_is_asked_and_without_progress_it_is_at_its_end(x):
    model = VAE.dense(2, (5,))
    objective = negative_elbo(linear_warmup(0.5, end=3.0))
    for told, beta in (({"progress": 0.0}, 0.0), ({"progress": 0.25}, 1.5), ({}, 3.0)):
        terms = objective(model, x, **told)
        torch.testing.assert_close(terms["loss"], terms["reconstruction"] + beta * terms["kl"])


def gradient(model, loss, seed=0):
    """Of every parameter, in one vector; the same draw of z for the same seed."""
    torch.manual_seed(seed)
    gradients = torch.autograd.grad(loss(model), list(model.parameters()))
    return torch.cat([each.flatten() for each in gradients])


def mean_squared(logits, x):
    return ((logits - x) ** 2).mean(1)


def mean_cross_entropy(logits, x):
    return nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").mean(1)


D, LATENT, WEIGHT = 12, 3, 0.7


@pytest.mark.parametrize(
    ("output", "error", "kl", "beta"),
    [
        ("linear", mean_squared, torch.sum, WEIGHT * D / 2),
        ("linear", mean_squared, torch.mean, WEIGHT * D / (2 * LATENT)),
        ("sigmoid", mean_cross_entropy, torch.sum, WEIGHT * D),
        ("sigmoid", mean_cross_entropy, torch.mean, WEIGHT * D / LATENT),
        ("linear", lambda logits, x: D * mean_squared(logits, x), torch.sum, WEIGHT / 2),
    ],
    ids=["MSE mean, KL sum", "MSE mean, KL mean", "BCE mean, KL sum", "BCE mean, KL mean", "no ½"],
)
def test_what_other_reductions_make_of_beta(output, error, kl, beta):
    # Property 3, and its relatives: a gradient in the same direction as that of another β.
    model = VAE.dense(LATENT, (8,), input_shape=(D,), output=output).double()
    x = torch.rand(7, D, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def theirs(model):
        logits, mu, log_var, _ = model(x)
        cost = kl(gaussian_kl_per_dimension(mu, log_var), dim=1)
        return (error(logits, x) + WEIGHT * cost).mean()

    ours = gradient(model, lambda model: negative_elbo(beta)(model, x)["loss"].mean())
    other = gradient(model, theirs)
    scale = ours.norm() / other.norm()
    torch.testing.assert_close(ours, scale * other, rtol=1e-9, atol=1e-12)


# Free bits. An encoder that passes on what it is given: x is μ, and then log σ².


def codes(*mu):
    """A batch of means, each with variance 1, so that each KL is μ² / 2."""
    mu = torch.tensor(mu, dtype=torch.float64)
    return torch.cat([mu, torch.zeros_like(mu)], 1).requires_grad_()


def spoken(latent):
    return VAE(nn.Identity(), nn.Linear(latent, 2 * latent), output="linear").double()


BATCH = codes([0.2, 2.0, 0.0], [1.8, 1.0, 0.0])  # KL 0.02, 1.62 | 2, 0.5 | 0, 0: means .82, 1.25, 0


def test_free_bits_are_the_larger_of_the_floor_and_the_mean_over_the_batch():
    # Property 13: the maximum is over the batch's mean. Taken for each example, dimension 0 would
    # cost (1 + 1.62) / 2, and dimension 1 (2 + 1) / 2.
    terms = negative_elbo(beta=2.0, free_bits=1.0)(spoken(3), BATCH)
    paid = (terms["loss"] - terms["reconstruction"]) / 2.0
    assert paid.tolist() == pytest.approx([1.0 + 1.25 + 1.0] * 2)
    assert terms["kl"].tolist() == pytest.approx([2.02, 2.12]), "what is shown is the KL itself"


def test_a_dimension_below_the_floor_gets_no_gradient():
    # Property 13.
    terms = negative_elbo(beta=2.0, free_bits=1.0)(spoken(3), BATCH)
    paid = (terms["loss"] - terms["reconstruction"]).mean()
    (slope,) = torch.autograd.grad(paid, BATCH)
    expected = torch.zeros(2, 6, dtype=torch.float64)
    expected[:, 1] = 2.0 * BATCH[:, 1].detach() / 2  # β μ / batch
    torch.testing.assert_close(slope, expected)


def test_without_free_bits_every_nat_is_paid():
    terms = negative_elbo(beta=2.0)(spoken(3), BATCH)
    torch.testing.assert_close(terms["loss"], terms["reconstruction"] + 2.0 * terms["kl"])


@pytest.mark.parametrize("value", [-0.5, math.nan])
def test_prices_are_not_negative(value):
    with pytest.raises(ValueError, match=f"beta is {value:g}; expected 0 or more, or a schedule"):
        negative_elbo(beta=value)
    with pytest.raises(ValueError, match=f"free_bits is {value:g}; expected nats"):
        negative_elbo(free_bits=value)
