"""The losses against torch.distributions, closed forms and finite differences."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Normal

from course_utils import bernoulli_nll, gaussian_nll, load_images, squared_error

LOSSES = (squared_error, bernoulli_nll, gaussian_nll)
SHAPES = ((5,), (5, 784), (5, 1, 28, 28), (5, 3, 2))

every_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda f: f.__name__)


def draw(*shape, seed=0, spread=3.0):
    """A prediction on the whole real line and a grey target, in float64."""
    generator = torch.Generator().manual_seed(seed)
    prediction = spread * torch.randn(*shape, generator=generator, dtype=torch.float64)
    return prediction, torch.rand(*shape, generator=generator, dtype=torch.float64)


def binary_entropy(x):
    return -(torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x))


@every_loss
@pytest.mark.parametrize("shape", SHAPES)
def test_one_number_per_example(loss, shape):
    prediction, x = draw(*shape)
    values = loss(prediction, x)
    assert values.shape == shape[:1]
    one_by_one = [loss(prediction[i : i + 1], x[i : i + 1]) for i in range(len(x))]
    torch.testing.assert_close(values, torch.cat(one_by_one), rtol=1e-12, atol=0)


@every_loss
def test_features_are_summed_and_not_averaged(loss):
    prediction, x = draw(4, 6)
    twice = loss(torch.cat([prediction, prediction], 1), torch.cat([x, x], 1))
    torch.testing.assert_close(twice, 2 * loss(prediction, x), rtol=1e-12, atol=0)


@every_loss
def test_images_and_their_rows_cost_the_same(loss):
    prediction, x = draw(3, 1, 28, 28)
    assert torch.equal(loss(prediction, x), loss(prediction.flatten(1), x.flatten(1)))


@every_loss
@given(batch=st.integers(1, 9), features=st.integers(1, 9), seed=st.integers(0, 10**6))
def test_a_batch_twice_gives_each_loss_twice(loss, batch, features, seed):
    # Property 2. Bitwise would depend on how a sum is vectorised; 1e-12 relative does not.
    prediction, x = draw(batch, features, seed=seed)
    once = loss(prediction, x)
    twice = loss(torch.cat([prediction, prediction]), torch.cat([x, x]))
    torch.testing.assert_close(twice, torch.cat([once, once]), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(twice.mean(), once.mean(), rtol=1e-12, atol=1e-12)


@every_loss
@pytest.mark.parametrize("shapes", [((4, 3), (4, 1)), ((4, 1, 28, 28), (4, 784)), ((4,), (4, 1))])
def test_different_shapes_are_refused_and_both_are_named(loss, shapes, unchecked):
    a, b = (torch.zeros(shape) for shape in shapes)
    with pytest.raises(ValueError, match="expected the same shape") as error:
        loss(a, b)
    assert str(shapes[0]) in str(error.value) and str(shapes[1]) in str(error.value)


@every_loss
def test_gradients_agree_with_finite_differences(loss):
    prediction, x = draw(3, 4, spread=2.0)
    assert torch.autograd.gradcheck(lambda p: loss(p, x), prediction.requires_grad_())


def test_squared_error_is_the_squared_distance():
    x_hat, x = draw(7, 50)
    expected = torch.linalg.vector_norm(x_hat - x, dim=1) ** 2
    torch.testing.assert_close(squared_error(x_hat, x), expected, rtol=1e-12, atol=0)
    assert torch.equal(squared_error(x, x), torch.zeros(7, dtype=x.dtype))


def test_bernoulli_on_binary_x_is_minus_the_log_probability():
    # Property 4, first half.
    logits, grey = draw(20, 30)
    x = (grey > 0.5).double()
    expected = -Bernoulli(logits=logits).log_prob(x).sum(1)
    torch.testing.assert_close(bernoulli_nll(logits, x), expected, rtol=1e-12, atol=0)


def test_bernoulli_on_grey_x_is_the_entropy_plus_the_divergence():
    # Property 4, second half: what no model can remove, and what a better one does.
    logits, x = draw(20, 30)
    divergence = torch.distributions.kl_divergence(Bernoulli(probs=x), Bernoulli(logits=logits))
    expected = (binary_entropy(x) + divergence).sum(1)
    torch.testing.assert_close(bernoulli_nll(logits, x), expected, rtol=1e-10, atol=0)


def test_bernoulli_is_smallest_where_the_probability_is_the_pixel():
    _, x = draw(20, 30)
    best = bernoulli_nll(x.logit(), x)
    torch.testing.assert_close(best, binary_entropy(x).sum(1), rtol=1e-10, atol=0)
    for step in (-0.1, 0.1):
        assert (bernoulli_nll(x.logit() + step, x) > best).all()


def test_bernoulli_gradient_is_probability_minus_pixel():
    logits, x = draw(8, 9)
    logits.requires_grad_()
    bernoulli_nll(logits, x).sum().backward()
    torch.testing.assert_close(logits.grad, logits.detach().sigmoid() - x, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_bernoulli_is_exact_and_finite_at_extreme_logits(dtype):
    logits = torch.tensor([[1e4], [1e4], [-1e4], [-1e4]], dtype=dtype, requires_grad=True)
    x = torch.tensor([[0.0], [1.0], [0.0], [1.0]], dtype=dtype)
    values = bernoulli_nll(logits, x)
    assert values.tolist() == [1e4, 0.0, 0.0, 1e4]
    values.sum().backward()
    assert logits.grad.flatten().tolist() == [1.0, 0.0, 0.0, -1.0]


@given(logit=st.floats(-1e4, 1e4), x=st.floats(0, 1))
def test_bernoulli_is_never_negative(logit, x):
    value = bernoulli_nll(torch.tensor([[logit]]), torch.tensor([[x]])).item()
    # float32 carries 24 bits: x · logit may be rounded by this much.
    assert math.isfinite(value) and value >= -abs(logit) * 2**-23


@pytest.mark.parametrize("sigma", [0.1, 1.0, 7.5, torch.tensor(0.3)])
def test_gaussian_is_minus_the_log_density(sigma):
    mean, x = draw(6, 40)
    expected = -Normal(mean, torch.as_tensor(sigma, dtype=x.dtype)).log_prob(x).sum(1)
    torch.testing.assert_close(gaussian_nll(mean, x, sigma), expected, rtol=1e-6, atol=0)


def test_gaussian_with_sigma_one_is_half_the_squared_error_and_a_constant():
    mean, x = draw(6, 40)
    expected = 0.5 * squared_error(mean, x) + 20 * math.log(2 * math.pi)
    torch.testing.assert_close(gaussian_nll(mean, x), expected, rtol=1e-12, atol=0)


def test_the_best_variance_is_the_mean_squared_error():
    # Property 5: at the optimum the loss is D/2 · ln(2πe s²), and its slope in sigma is zero.
    mean, x = draw(50, 40)
    mean_squared_error = squared_error(mean, x).mean() / 40
    sigma = mean_squared_error.sqrt().requires_grad_()
    best = gaussian_nll(mean, x, sigma).mean()
    expected = 20 * torch.log(2 * math.pi * math.e * mean_squared_error)
    torch.testing.assert_close(best, expected, rtol=1e-12, atol=0)
    best.backward()
    assert abs(sigma.grad.item()) < 1e-10
    for factor in (0.98, 1.02):
        assert gaussian_nll(mean, x, sigma.item() * factor).mean() > best


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan])
def test_gaussian_wants_a_positive_sigma(sigma):
    with pytest.raises(ValueError, match="expected a positive standard deviation"):
        gaussian_nll(torch.zeros(2, 3), torch.zeros(2, 3), sigma)


def test_mnist_has_an_irreducible_cross_entropy():
    """45.53 nats per test image remain for a perfect model; the test set's mean image has 205.65.

    (The mean image of the training set, which is what a model could know, has 205.80.)
    """
    from course_utils.data import missing_files

    if missing_files("mnist"):
        pytest.skip("MNIST is not in the data folder")
    images = load_images("mnist")
    x = images.test.flatten(1).double()
    assert binary_entropy(x).sum(1).mean().item() == pytest.approx(45.53, abs=0.01)
    for known, nats in ((images.test, 205.65), (images.train, 205.80)):
        # Some pixels are black in every image; a probability of 1e-9 for them costs nothing.
        mean_image = known.flatten(1).double().mean(0).clamp(1e-9, 1 - 1e-9)
        logits = mean_image.logit().expand_as(x)
        assert bernoulli_nll(logits, x).mean().item() == pytest.approx(nats, abs=0.01)
