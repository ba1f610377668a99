"""The losses against torch.distributions, closed forms and finite differences."""

import math
from itertools import combinations, pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.distributions import (
    Bernoulli,
    Categorical,
    Independent,
    MixtureSameFamily,
    Normal,
    kl_divergence,
)

from course_utils import (
    Autoencoder,
    bernoulli_nll,
    gaussian_kl,
    gaussian_kl_per_dimension,
    gaussian_log_density,
    gaussian_nll,
    importance_weighted_bound,
    jacobian_penalty,
    kl_sparsity,
    l1,
    load_images,
    mixture_log_density,
    one_layer_penalty,
    residual_kl,
    squared_error,
    top_k,
)
from course_utils._running import seeded

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
    divergence = kl_divergence(Bernoulli(probs=x), Bernoulli(logits=logits))
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
    # Property 5: at the optimum the loss is D/2 · log(2πe s²), and its slope in sigma is zero.
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


# Sparse codes.


@pytest.mark.parametrize("shape", SHAPES)
def test_l1_is_the_first_norm_of_each_code(shape):
    code, _ = draw(*shape)
    expected = torch.linalg.vector_norm(code.reshape(len(code), -1), ord=1, dim=1)
    torch.testing.assert_close(l1(code), expected, rtol=1e-12, atol=0)


def test_l1_pulls_with_the_same_strength_at_every_size_and_not_at_zero():
    code = torch.tensor([[1e-3, -5.0, 0.0]], requires_grad=True)
    l1(code).sum().backward()
    assert code.grad.tolist() == [[1.0, -1.0, 0.0]]


every_target = pytest.mark.parametrize("target", [0.05, 0.2, 0.7])


@every_target
def test_kl_sparsity_is_the_divergence_between_coins(target):
    # Property 18.
    _, activations = draw(20, 30)
    wanted = Bernoulli(probs=torch.tensor(target, dtype=torch.float64))
    expected = kl_divergence(wanted, Bernoulli(probs=activations.mean(0))).sum()
    assert kl_sparsity(activations, target).shape == ()
    torch.testing.assert_close(kl_sparsity(activations, target), expected, rtol=1e-12, atol=0)


@every_target
def test_kl_sparsity_is_zero_where_every_mean_is_the_target(target):
    # Each example is far from the target; the means are not.
    low = target - 0.9 * min(target, 1 - target)
    high = 2 * target - low
    rows = torch.tensor([[low, high, target], [high, low, target]], dtype=torch.float64)
    rows.requires_grad_()
    value = kl_sparsity(rows, target)
    assert abs(value.item()) < 1e-12
    value.backward()
    assert rows.grad.abs().max() < 1e-12


@given(mean=st.floats(0, 1), target=st.floats(0.001, 0.999))
def test_kl_sparsity_is_never_negative(mean, target):
    value = kl_sparsity(torch.full((2, 3), mean, dtype=torch.float64), target).item()
    assert math.isfinite(value) and value > -1e-12
    if abs(mean - target) > 1e-3:
        assert value > 1e-7


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_kl_sparsity_is_finite_for_units_that_are_always_off_or_on(dtype):
    units = torch.tensor([[0.0, 1.0], [0.0, 1.0]], dtype=dtype, requires_grad=True)
    value = kl_sparsity(units, 0.2)
    off, on = (kl_divergence(Bernoulli(0.2), Bernoulli(p)).item() for p in (1e-6, 1 - 1e-6))
    assert value.item() == pytest.approx(off + on, rel=0.02)  # 1 - 1e-6 is coarse in float32
    value.backward()
    assert torch.equal(units.grad, torch.zeros(2, 2, dtype=dtype))


@every_target
def test_kl_sparsity_pulls_each_mean_to_the_target(target):
    _, activations = draw(20, 30)
    activations.requires_grad_()
    kl_sparsity(activations, target).backward()
    mean = activations.detach().mean(0)
    slope = (mean - target) / (mean * (1 - mean))  # of one unit's divergence, by its mean
    expected = (slope / 20).expand(20, 30)
    torch.testing.assert_close(activations.grad, expected, rtol=1e-9, atol=0)
    for step in (1e-3, -1e-3):  # against the slope the divergence falls
        moved = activations.detach() - step * slope.sign()
        better = kl_sparsity(moved, target) < kl_sparsity(activations, target)
        assert bool(better) is (step > 0)


def test_kl_sparsity_belongs_to_the_batch_and_not_to_its_examples():
    _, activations = draw(20, 30)
    value = kl_sparsity(activations)
    twice = kl_sparsity(torch.cat([activations, activations]))
    torch.testing.assert_close(twice, value, rtol=1e-12, atol=0)
    # Other examples, with the same means.
    unlike = torch.stack([column.roll(i) for i, column in enumerate(activations.unbind(1))], 1)
    torch.testing.assert_close(kl_sparsity(unlike), value, rtol=1e-12, atol=0)
    one_by_one = torch.stack([kl_sparsity(row) for row in activations.split(1)])
    assert one_by_one.mean() > 1.1 * value


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1, math.nan])
def test_kl_sparsity_wants_a_target_between_0_and_1(target):
    with pytest.raises(ValueError, match=f"target is {target:g}; expected a mean activation"):
        kl_sparsity(torch.full((2, 3), 0.5), target)


@given(
    rows=st.integers(1, 5),
    units=st.integers(1, 8),
    seed=st.integers(0, 10**6),
    data=st.data(),
)
def test_top_k_keeps_exactly_k_of_the_largest_under_ties(rows, units, seed, data):
    # Property 19. Of ±1, ±2 and ±3, so that magnitudes tie in almost every row.
    k = data.draw(st.integers(1, units))
    generator = torch.Generator().manual_seed(seed)
    code = torch.randint(1, 4, (rows, units), generator=generator).double()
    code *= 2 * torch.randint(2, (rows, units), generator=generator) - 1
    before = code.clone()
    sparse = top_k(code, k)
    assert torch.equal(code, before)
    kept = sparse != 0
    assert kept.sum(1).tolist() == [k] * rows
    assert torch.equal(sparse[kept], code[kept])  # signs and all
    smallest_kept = code.abs().where(kept, math.inf).amin(1)
    largest_dropped = code.abs().where(~kept, -math.inf).amax(1)
    assert (smallest_kept >= largest_dropped).all()


def test_the_gradient_of_top_k_passes_through_what_is_kept_and_nothing_else():
    code, weights = draw(6, 9)
    code[0] = 1.0  # a tie of all nine
    code[1] = 0.0  # kept zeros pass their gradient too
    code.requires_grad_()
    sparse = top_k(code, 4)
    (sparse * weights).sum().backward()
    kept = code.grad != 0
    assert kept.sum(1).tolist() == [4] * 6
    assert torch.equal(code.grad[kept], weights[kept])
    assert (sparse[~kept] == 0).all()


def test_top_k_of_the_whole_width_is_the_identity():
    code, weights = draw(6, 9)
    code.requires_grad_()
    sparse = top_k(code, 9)
    assert torch.equal(sparse, code)
    (sparse * weights).sum().backward()
    assert torch.equal(code.grad, weights)


@pytest.mark.parametrize("k", [0, 4, -1])
def test_top_k_wants_a_k_that_the_units_can_give(k):
    with pytest.raises(ValueError, match=f"k is {k}; expected 1 to 3, the number of units"):
        top_k(torch.zeros(2, 3), k)


# The contractive penalty.

FEATURES = 5
PARTS = {
    "linear": lambda: nn.Linear(FEATURES, 4),
    "one sigmoid layer": lambda: nn.Sequential(nn.Linear(FEATURES, 4), nn.Sigmoid()),
    "one ReLU layer": lambda: nn.Sequential(nn.Linear(FEATURES, 4), nn.ReLU()),
    "two sigmoid layers": lambda: nn.Sequential(
        nn.Linear(FEATURES, 6), nn.Sigmoid(), nn.Linear(6, 4), nn.Sigmoid()
    ),
}


def part(name):
    """An encoder of float64, its weights large enough to bend."""
    with seeded(0):
        encoder = PARTS[name]().double()
    for parameter in encoder.parameters():
        parameter.data *= 3
    return encoder


def squared_jacobian(encode, x):
    """The oracle: every derivative of every code by every pixel, squared and summed."""
    jacobian = torch.autograd.functional.jacobian(encode, x)  # (batch, latent, batch, *features)
    own = torch.stack([jacobian[i, :, i] for i in range(len(x))])
    return own.flatten(1).square().sum(1)


@pytest.mark.parametrize("name", PARTS)
def test_the_penalty_is_the_squared_norm_of_the_jacobian(name):
    # Property 20.
    encoder = part(name)
    _, x = draw(7, FEATURES)
    penalty = jacobian_penalty(encoder, x)
    assert penalty.shape == (7,)
    torch.testing.assert_close(penalty, squared_jacobian(encoder, x), rtol=1e-6, atol=1e-12)


def test_the_closed_form_holds_for_one_sigmoid_layer():
    encoder = part("one sigmoid layer")
    _, x = draw(7, FEATURES)
    expected = one_layer_penalty(encoder(x), encoder[0].weight)
    torch.testing.assert_close(jacobian_penalty(encoder, x), expected, rtol=1e-6, atol=0)


def test_the_closed_form_holds_for_nothing_else():
    _, x = draw(7, FEATURES)
    relu = part("one ReLU layer")
    wrong = one_layer_penalty(relu(x), relu[0].weight) / jacobian_penalty(relu, x)
    assert ((wrong < 0.5) | (wrong > 2)).any()
    two = part("two sigmoid layers")
    first, last = two[:2], two[2:]
    for weight, h in ((two[0].weight, first(x)), (two[2].weight, two(x))):
        wrong = one_layer_penalty(h, weight) / jacobian_penalty(two, x)
        assert ((wrong < 0.5) | (wrong > 2)).any()
    h = first(x)
    product = one_layer_penalty(h, two[0].weight) * one_layer_penalty(last(h), two[2].weight)
    assert (product > 2 * jacobian_penalty(two, x)).any()  # the product is only a bound


@pytest.mark.parametrize(
    "model",
    [Autoencoder.dense(3, (6,), code="sigmoid"), Autoencoder.conv(3, (2, 3))],
    ids=["dense", "conv"],
)
def test_the_penalty_of_images(model):
    # With running averages, batch normalisation treats each image by itself.
    model = model.double().eval()
    _, x = draw(3, 1, 28, 28)
    expected = squared_jacobian(model.encode, x)
    assert (expected > 0).all()
    torch.testing.assert_close(jacobian_penalty(model.encode, x), expected, rtol=1e-6, atol=0)


def test_the_penalty_of_a_linear_map_is_the_square_of_its_matrix_everywhere():
    encoder = part("linear")
    x, _ = draw(7, FEATURES)
    expected = encoder.weight.square().sum().expand(7)
    torch.testing.assert_close(jacobian_penalty(encoder, x), expected, rtol=1e-12, atol=0)


def test_a_small_step_moves_the_code_by_at_most_the_norm():
    # ‖f(x + δ) - f(x)‖ ≤ ‖J‖ ‖δ‖, to first order: δ = 1e-6 leaves an error of that size.
    encoder = part("two sigmoid layers")
    step, x = draw(500, FEATURES)
    step *= 1e-6
    moved = (encoder(x + step) - encoder(x)).norm(dim=1)
    bound = jacobian_penalty(encoder, x).sqrt() * step.norm(dim=1)
    assert (moved <= bound * (1 + 1e-4)).all() and (moved > 0.5 * bound).any()


def test_the_gradient_of_the_penalty_agrees_with_finite_differences():
    _, x = draw(3, FEATURES)
    matrix, bias = (3 * draw(*shape)[1] - 1 for shape in ((4, FEATURES), (4,)))
    turn = draw(2, 4)[1]

    def penalty(matrix, bias, x):
        return jacobian_penalty(lambda x: (x @ matrix.T + bias).sigmoid() @ turn.T, x)

    inputs = [tensor.requires_grad_() for tensor in (matrix, bias, x)]
    assert torch.autograd.gradcheck(penalty, inputs)


both_methods = pytest.mark.parametrize("method", ["exact", "hutchinson"])


@both_methods
def test_the_penalty_leaves_nothing_behind(method):
    encoder = part("one sigmoid layer")
    _, x = draw(3, FEATURES)
    penalty = jacobian_penalty(encoder, x, method)
    assert penalty.requires_grad and not x.requires_grad and x.grad is None
    assert all(parameter.grad is None for parameter in encoder.parameters())
    penalty.mean().backward()
    assert x.grad is None
    assert encoder[0].weight.grad.abs().min() > 0 and encoder[0].bias.grad.abs().min() > 0

    x.requires_grad_()
    jacobian_penalty(encoder, x, method)
    assert x.requires_grad and x.is_leaf and x.grad is None


@both_methods
def test_the_penalty_can_be_measured_without_gradients(method):
    # As `fit` does on validation data.
    encoder = part("one sigmoid layer")
    _, x = draw(3, FEATURES)
    expected = jacobian_penalty(encoder, x, method, torch.Generator().manual_seed(0))
    with torch.no_grad():
        penalty = jacobian_penalty(encoder, x, method, torch.Generator().manual_seed(0))
        assert not torch.is_grad_enabled()
    assert torch.equal(penalty, expected)
    assert not penalty.requires_grad and penalty.grad_fn is None


@pytest.mark.parametrize("method", ["exact", "hutchinson"])
@pytest.mark.parametrize("kind", [{"dtype": torch.bfloat16}, {"device": "meta"}])
def test_the_penalty_is_of_the_type_and_on_the_device_of_its_input(method, kind):
    """On `meta`, too, which computes shapes only, and where nothing mixes with a tensor of ours."""
    x = torch.zeros(3, 4, **kind)
    penalty = jacobian_penalty(nn.Linear(4, 2, **kind), x, method=method)
    assert (penalty.dtype, penalty.device, penalty.shape) == (x.dtype, x.device, (3,))


def test_the_penalty_of_a_batch_is_that_of_its_examples():
    encoder = part("two sigmoid layers")
    _, x = draw(5, FEATURES)
    penalty = jacobian_penalty(encoder, x)
    one_by_one = torch.cat([jacobian_penalty(encoder, row) for row in x.split(1)])
    torch.testing.assert_close(penalty, one_by_one, rtol=1e-12, atol=0)
    twice = jacobian_penalty(encoder, torch.cat([x, x]))
    torch.testing.assert_close(twice, torch.cat([penalty, penalty]), rtol=1e-12, atol=0)


@pytest.mark.parametrize("encode", [lambda x: x, lambda x: x.sum(), lambda x: x.flatten()])
def test_the_penalty_wants_rows_of_codes(encode):
    with pytest.raises(ValueError, match="for 2 examples; expected \\(batch, latent\\)"):
        jacobian_penalty(encode, torch.rand(2, 1, 3, 3))


def test_the_penalty_knows_two_methods(unchecked):
    with pytest.raises(ValueError, match="'guess'; expected 'exact' or 'hutchinson'"):
        jacobian_penalty(nn.Identity(), torch.rand(2, 3), "guess")


# Hutchinson's estimate of it.

REPEATS = 100_000
STANDARD_ERRORS = 6


def test_the_estimate_is_unbiased_with_the_known_variance():
    # Property 21. One linear encoder, its estimate drawn anew for each of many examples.
    matrix, _ = draw(4, FEATURES)
    products = matrix @ matrix.T  # A
    mean = products.trace()  # = ‖J‖²
    variance = 2 * (products.square().sum() - products.diagonal().square().sum())
    x = torch.zeros(REPEATS, FEATURES, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    estimates = jacobian_penalty(lambda x: x @ matrix.T, x, "hutchinson", generator)
    assert estimates.shape == (REPEATS,)
    margin = STANDARD_ERRORS * (variance / REPEATS).sqrt()
    assert abs(estimates.mean() - mean) < margin < 0.05 * mean
    squares = (estimates - mean) ** 2
    margin = STANDARD_ERRORS * squares.std() / REPEATS**0.5
    assert abs(squares.mean() - variance) < margin < 0.05 * variance


def test_the_estimate_has_an_unbiased_gradient():
    # ‖Jᵀv‖² = ‖Wᵀv‖² has the gradient 2 vvᵀW: over the 16 possible signs, 2W in the mean.
    matrix, _ = draw(4, FEATURES)
    signs = torch.cartesian_prod(*4 * [torch.tensor([-1.0, 1.0], dtype=torch.float64)])
    gradients = 2 * torch.einsum("si,sj,jk->sik", signs, signs, matrix)
    torch.testing.assert_close(gradients.mean(0), 2 * matrix)
    matrix.requires_grad_()
    x = torch.zeros(REPEATS, FEATURES, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    jacobian_penalty(lambda x: x @ matrix.T, x, "hutchinson", generator).mean().backward()
    margins = STANDARD_ERRORS * gradients.std(0, correction=0) / REPEATS**0.5
    assert ((matrix.grad - 2 * matrix).abs() < margins).all()


def test_the_estimate_is_unbiased_where_the_encoder_bends():
    encoder = part("two sigmoid layers")
    _, x = draw(1, FEATURES)
    generator = torch.Generator().manual_seed(0)
    estimates = jacobian_penalty(encoder, x.expand(20_000, -1), "hutchinson", generator)
    margin = STANDARD_ERRORS * estimates.std() / 20_000**0.5
    exact = jacobian_penalty(encoder, x)
    assert abs(estimates.mean() - exact) < margin < 0.1 * exact


def test_the_estimate_is_exact_for_a_code_of_one_number():
    # v² = 1, whatever the sign; the gradient, which goes twice through the bend, is exact too.
    encoder = nn.Sequential(part("one sigmoid layer"), nn.Linear(4, 1).double(), nn.Tanh())
    _, x = draw(6, FEATURES)
    gradients = []
    for method in ("exact", "hutchinson"):
        penalty = jacobian_penalty(encoder, x, method)
        gradients.append(torch.autograd.grad(penalty.sum(), encoder.parameters()))
    for exact, estimated in zip(*gradients, strict=True):
        torch.testing.assert_close(estimated, exact, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(penalty, jacobian_penalty(encoder, x), rtol=1e-9, atol=0)


def test_the_signs_come_from_the_generator_and_from_nowhere_else():
    encoder = part("one sigmoid layer")
    _, x = draw(9, FEATURES)

    def estimate(seed=None):
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        return jacobian_penalty(encoder, x, "hutchinson", generator)

    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    assert torch.equal(estimate(3), estimate(3)) and not torch.equal(estimate(3), estimate(4))
    assert torch.equal(torch.rand(3), expected), "the global stream moved"
    draws = []
    for seed in (3, 3, 4):
        with seeded(seed):
            draws.append(estimate())
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])


# --- the variational losses ---------------------------------------------------------------------


def gaussians(batch, latent, seed=0):
    """μ up to about 3 and log σ² from -2 to 2, in float64: nowhere near σ = 1 in general."""
    mu, log_var = draw(batch, latent, seed=seed, spread=1.5)
    return mu, 4 * log_var - 2


def as_distribution(mu, log_var):
    return Independent(Normal(mu, torch.exp(log_var / 2)), 1)


def prior(latent):
    return as_distribution(*torch.zeros(2, latent, dtype=torch.float64))


@pytest.mark.parametrize(
    ("mu", "log_var", "nats"), [(0, 0, 0.0), (1, 0, 5.0), (1, 1, 5 * (math.e - 1))]
)
def test_kl_at_golden_points(mu, log_var, nats):
    ones = torch.ones(3, 10, dtype=torch.float64)
    found = gaussian_kl(mu * ones, log_var * ones)
    assert found.tolist() == pytest.approx([nats] * 3, rel=1e-12)


def test_kl_carried_by_hand():
    # ½ [(1 + e⁻¹ + 1 - 1) + (0.25 + e^0.2 - 0.2 - 1)] = ½ [1.36788 + 0.27140]
    found = gaussian_kl(torch.tensor([[1.0, -0.5]]), torch.tensor([[-1.0, 0.2]]))
    assert found.item() == pytest.approx(0.81964, abs=5e-6)


@given(batch=st.integers(1, 9), latent=st.integers(1, 9), seed=st.integers(0, 10**6))
def test_kl_is_that_of_torch(batch, latent, seed):
    # Property 1.
    mu, log_var = gaussians(batch, latent, seed)
    expected = kl_divergence(as_distribution(mu, log_var), prior(latent))
    torch.testing.assert_close(gaussian_kl(mu, log_var), expected, rtol=1e-10, atol=1e-12)
    per_dimension = gaussian_kl_per_dimension(mu, log_var)
    assert per_dimension.shape == (batch, latent)
    torch.testing.assert_close(per_dimension.sum(1), expected, rtol=1e-10, atol=1e-12)
    one = kl_divergence(Normal(mu, torch.exp(log_var / 2)), Normal(0.0, 1.0))
    torch.testing.assert_close(per_dimension, one, rtol=1e-10, atol=1e-12)


def test_kl_is_the_mean_of_the_log_ratio():
    # Property 1, by Monte Carlo.
    n, (mu, log_var) = 100_000, gaussians(4, 3)
    epsilon = torch.randn(n, 4, 3, generator=torch.Generator().manual_seed(1), dtype=mu.dtype)
    z = mu + torch.exp(log_var / 2) * epsilon
    ratio = gaussian_log_density(z, mu, log_var) - gaussian_log_density(z)
    standard_error = ratio.std(0) / math.sqrt(n)
    assert ((ratio.mean(0) - gaussian_kl(mu, log_var)).abs() < 6 * standard_error).all()


@given(mu=st.floats(-30, 30, width=32), log_var=st.floats(-30, 30, width=32))
def test_kl_is_never_negative_and_zero_only_at_the_prior(mu, log_var):
    # Property 1, in float32. Below 1e-3 a square is lost beside the rounding of other numbers.
    nats = gaussian_kl(torch.tensor([[mu]]), torch.tensor([[log_var]])).item()
    assert nats >= 0
    if mu == log_var == 0:
        assert nats == 0
    elif max(abs(mu), abs(log_var)) > 1e-3:
        assert nats > 0


def test_kl_next_to_the_prior_is_not_made_negative_by_rounding():
    # With exp(log σ²) - 1, one in a thousand of these came out below 0, in float32.
    log_var = torch.linspace(-1e-2, 1e-2, 2001)[:, None]
    exact = gaussian_kl(torch.zeros_like(log_var).double(), log_var.double())
    found = gaussian_kl(torch.zeros_like(log_var), log_var)
    assert (found >= 0).all()
    torch.testing.assert_close(found.double(), exact, rtol=0, atol=1e-9)


def test_kl_gradients_are_the_mean_and_half_the_variance_less_one():
    # Property 1.
    mu, log_var = (tensor.requires_grad_() for tensor in gaussians(5, 4))
    gaussian_kl(mu, log_var).sum().backward()
    torch.testing.assert_close(mu.grad, mu.detach(), rtol=1e-12, atol=0)
    expected = (log_var.detach().exp() - 1) / 2
    torch.testing.assert_close(log_var.grad, expected, rtol=1e-12, atol=1e-15)


def test_variational_losses_of_a_batch_twice():
    # Property 2.
    mu, log_var = gaussians(5, 4)
    z = torch.randn(5, 4, generator=torch.Generator().manual_seed(2), dtype=mu.dtype)
    pairs = (
        (gaussian_kl, (mu, log_var)),
        (gaussian_log_density, (z, mu, log_var)),
        (lambda w: importance_weighted_bound(w.T), (10 * mu,)),
    )
    for loss, inputs in pairs:
        once, twice = loss(*inputs), loss(*(torch.cat([each, each]) for each in inputs))
        assert once.shape == (5,)
        torch.testing.assert_close(twice, torch.cat([once, once]), rtol=1e-12, atol=0)


@pytest.mark.parametrize("shapes", [((4, 3), (4, 1)), ((4, 3), (1, 3)), ((4, 3), (3,))])
def test_kl_wants_a_variance_for_every_mean(shapes, unchecked):
    for loss in (gaussian_kl, gaussian_kl_per_dimension):
        with pytest.raises(ValueError, match=r"mu has shape .* but log_var has shape"):
            loss(*(torch.zeros(shape) for shape in shapes))


def test_log_density_is_that_of_torch():
    mu, log_var = gaussians(5, 4)
    z = torch.randn(7, 5, 4, generator=torch.Generator().manual_seed(2), dtype=mu.dtype)
    close = {"rtol": 1e-10, "atol": 0}
    expected = as_distribution(mu, log_var).log_prob(z)
    torch.testing.assert_close(gaussian_log_density(z, mu, log_var), expected, **close)
    torch.testing.assert_close(gaussian_log_density(z), prior(4).log_prob(z), **close)
    numbers = as_distribution(*torch.tensor([[0.5], [-1.3]], dtype=z.dtype).expand(2, 4))
    torch.testing.assert_close(gaussian_log_density(z, 0.5, -1.3), numbers.log_prob(z), **close)
    # Every z under every q, and one z alone.
    z = z[0]
    pairs = torch.stack([as_distribution(mu, log_var).log_prob(each) for each in z])
    torch.testing.assert_close(gaussian_log_density(z[:, None], mu, log_var), pairs, **close)
    assert gaussian_log_density(z[0], mu[0], log_var[0]).shape == ()


def test_log_density_gradients_agree_with_finite_differences():
    mu, log_var = gaussians(3, 2)
    z = torch.randn(3, 2, generator=torch.Generator().manual_seed(2), dtype=mu.dtype)
    inputs = [tensor.requires_grad_() for tensor in (z, mu, log_var)]
    assert torch.autograd.gradcheck(gaussian_log_density, inputs)


def log_weights(k, batch, seed=0):
    return 4 * torch.randn(
        k, batch, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


@given(k=st.integers(1, 9), batch=st.integers(1, 5), seed=st.integers(0, 10**6))
def test_the_bound_is_the_logarithm_of_the_mean_weight(k, batch, seed):
    log_w = log_weights(k, batch, seed)
    bound = importance_weighted_bound(log_w)
    torch.testing.assert_close(bound, log_w.exp().mean(0).log(), rtol=1e-10, atol=1e-10)
    assert (bound >= log_w.mean(0) - 1e-12).all() and (bound <= log_w.max(0).values + 1e-12).all()
    torch.testing.assert_close(bound, importance_weighted_bound(log_w.flip(0)))
    # Far from 0, as the weights of images are: e^-1000 is no number.
    for shift in (-1e5, 1e5):
        moved = importance_weighted_bound(log_w + shift)
        torch.testing.assert_close(moved - shift, bound, rtol=0, atol=1e-9)


def test_the_bound_of_one_draw_is_its_weight():
    # Property 10: L_1 = ELBO.
    log_w = log_weights(1, 6)
    assert torch.equal(importance_weighted_bound(log_w), log_w[0])


def test_the_bound_never_falls_as_draws_are_added():
    # Property 10, without chance: averaged over all ways to choose k of these 6 weights.
    log_w = log_weights(6, 4)
    ladder = [
        torch.stack(
            [importance_weighted_bound(log_w[list(chosen)]) for chosen in combinations(range(6), k)]
        ).mean(0)
        for k in range(1, 7)
    ]
    assert all((lower < higher).all() for lower, higher in pairwise(ladder))


def test_the_gradient_of_the_bound_weighs_each_draw_by_its_share():
    # Property 11: -Σ w̃_k ∇log w_k with shares w̃ that are held still. The best draw counts most.
    log_w = log_weights(5, 3).requires_grad_()
    bound = importance_weighted_bound(log_w)
    (gradient,) = torch.autograd.grad(-bound.sum(), log_w)
    shares = log_w.detach().softmax(0)
    weighted = (shares * log_w).sum(0)
    (expected,) = torch.autograd.grad(-weighted.sum(), log_w)
    torch.testing.assert_close(gradient, expected, rtol=1e-12, atol=1e-15)
    # The values are not the same: they differ by KL(w̃ ‖ uniform).
    divergence = kl_divergence(
        torch.distributions.Categorical(probs=shares.T),
        torch.distributions.Categorical(probs=torch.full((3, 5), 0.2, dtype=shares.dtype)),
    )
    torch.testing.assert_close(weighted - bound, divergence, rtol=1e-10, atol=0)


# --- a mixture, and a posterior told as what changes in the prior ---------------------------------


def numbers(*shape, seed=0, size=2.0):
    generator = torch.Generator().manual_seed(seed)
    return size * torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_the_density_of_a_mixture_is_that_of_torch():
    z, means, log_vars, logits = numbers(9, 3), numbers(4, 3), numbers(4, 3), numbers(4)
    each = Independent(Normal(means, (log_vars / 2).exp()), 1)
    expected = MixtureSameFamily(Categorical(logits=logits), each).log_prob(z)
    torch.testing.assert_close(mixture_log_density(z, means, log_vars, logits), expected)
    shifted = mixture_log_density(z, means, log_vars, logits + 3)  # the same weights
    torch.testing.assert_close(shifted, expected)


def test_the_density_of_a_mixture_far_out_is_finite():
    z = torch.full((1, 20), 60.0)
    far = mixture_log_density(z, torch.zeros(2, 20), torch.zeros(2, 20), torch.zeros(2))
    assert far.item() == pytest.approx(-10 * 3600 - 10 * math.log(2 * math.pi))


def test_a_residual_posterior_costs_the_kl_between_both(unchecked):
    delta_mu, delta_log_var, log_var, mu = (numbers(7, 3, seed=seed) for seed in range(4))
    p = Normal(mu, (log_var / 2).exp())
    q = Normal(mu + delta_mu, ((log_var + delta_log_var) / 2).exp())
    expected = kl_divergence(q, p).sum(1)
    found = residual_kl(delta_mu, delta_log_var, log_var)
    torch.testing.assert_close(found, expected)
    assert (found >= 0).all() and not residual_kl(0 * mu, 0 * mu, log_var).any()
    with pytest.raises(ValueError, match="expected the same shape"):
        residual_kl(delta_mu, delta_log_var, log_var[:, :1])
