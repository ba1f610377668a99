"""Objectives: which terms they name, and what each of them is."""

import pytest
import torch

from course_utils import (
    Autoencoder,
    bernoulli_nll,
    bernoulli_reconstruction,
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
