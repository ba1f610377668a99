"""The measures against scikit-learn, torch.distributions, and cases that are known exactly.

Of the bounds of a VAE here are the promises that they make for every VAE; test_ppca.py has a model
where log p(x) is known, and compares.
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from course_utils import (
    VAE,
    active_units,
    auroc,
    bernoulli_nll,
    bound_parts,
    elbo,
    factor_entropy,
    gaussian_kl,
    importance_weighted_bound,
    load_images,
    log_likelihood,
    modularity,
    mutual_information,
    mutual_information_gap,
    nearest_images,
    nearest_rotation,
    negative_elbo,
    noisy_score,
    pca,
    pca_reconstruction,
    principal_angles,
    reconstruction_probability,
    squared_error,
)


@pytest.fixture
def data():
    """Training and test rows with correlated features and a mean that is not zero, float64."""
    generator = torch.Generator().manual_seed(0)
    mixing = torch.randn(9, 9, generator=generator, dtype=torch.float64)
    rows = torch.randn(80, 9, generator=generator, dtype=torch.float64) @ mixing + 5
    return rows[:60], rows[60:]


def basis(*columns, features=5):
    """The unit vectors with these numbers, as columns."""
    return torch.eye(features, dtype=torch.float64)[:, list(columns)]


def test_pca_agrees_with_scikit_learn(data):
    from sklearn.decomposition import PCA

    train, _ = data
    oracle = PCA().fit(train.numpy())
    mean, components, variances = pca(train)
    torch.testing.assert_close(mean, torch.from_numpy(oracle.mean_))
    expected = torch.from_numpy(oracle.explained_variance_) * 59 / 60  # divided by n - 1 there
    torch.testing.assert_close(variances, expected, rtol=1e-9, atol=0)
    alignment = (components * torch.from_numpy(oracle.components_)).sum(1).abs()
    torch.testing.assert_close(alignment, torch.ones(9, dtype=torch.float64), rtol=0, atol=1e-9)


@pytest.mark.parametrize("k", range(1, 10))  # scikit-learn's cannot keep none
def test_reconstruction_agrees_with_scikit_learn(data, k):
    from sklearn.decomposition import PCA

    train, test = data
    oracle = PCA(k).fit(train.numpy())
    expected = torch.from_numpy(oracle.inverse_transform(oracle.transform(test.numpy())))
    torch.testing.assert_close(pca_reconstruction(train, test, k), expected, rtol=1e-9, atol=1e-9)


def test_no_component_gives_the_mean_and_all_give_x(data):
    train, test = data
    nothing = pca_reconstruction(train, test, 0)
    torch.testing.assert_close(nothing, train.mean(0).expand_as(test))
    torch.testing.assert_close(pca_reconstruction(train, test, 9), test, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("k", range(10))
def test_what_is_left_is_the_sum_of_the_dropped_variances(data, k):
    train, _ = data
    left = squared_error(pca_reconstruction(train, train, k), train).mean()
    torch.testing.assert_close(left, pca(train).variances[k:].sum(), rtol=1e-9, atol=1e-9)


def test_components_are_orthonormal_and_variances_fall(data):
    mean, components, variances = pca(data[0])
    identity = torch.eye(9, dtype=torch.float64)
    torch.testing.assert_close(components @ components.T, identity, rtol=0, atol=1e-12)
    assert (variances.diff() <= 0).all() and (variances >= 0).all() and mean.shape == (9,)


def test_images_keep_their_shape_and_type(images):
    x_hat = pca_reconstruction(images.train[:100], images.test[:7], 5)
    assert x_hat.shape == (7, 1, 28, 28) and x_hat.dtype == torch.float32


def test_fewer_examples_than_features_is_no_trouble():
    x = torch.rand(4, 30, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(pca_reconstruction(x, x, 3), x)  # four points span three directions
    assert (pca(x).variances >= 0).all()


@pytest.mark.parametrize("k", [-1, 10])
def test_k_out_of_range_is_refused(data, k):
    with pytest.raises(ValueError, match=f"k is {k}; expected 0 to 9"):
        pca_reconstruction(*data, k)


@pytest.fixture
def mnist():
    from course_utils.data import missing_files

    if missing_files("mnist"):
        pytest.skip("MNIST is not in the data folder")
    return load_images("mnist")


@pytest.mark.thorough  # the decomposition of 60,000 pictures
def test_the_figures_for_mnist(mnist):
    expected = {2: 43.65, 8: 29.35, 16: 21.06, 30: 13.87, 32: 13.19, 64: 7.09}
    # One decomposition for all of them: each would take seconds.
    mean, components, variances = pca(mnist.train)
    x = mnist.test.flatten(1).double() - mean
    codes = x @ components.T
    for k, figure in expected.items():
        error = squared_error(codes[:, :k] @ components[:k], x).mean().item()
        assert error == pytest.approx(figure, abs=0.02), k
    assert units_and_nats(variances) == (
        [12, 23, 69],
        pytest.approx([4.33, 10.17, 45.11], abs=0.01),
    )


def test_the_figures_for_the_test_set_of_mnist(mnist):
    assert units_and_nats(pca(mnist.test).variances) == (
        [12, 23, 67],
        pytest.approx([4.42, 10.29, 44.67], abs=0.01),
    )


def units_and_nats(variances):
    """What linear VAEs with σ² = 1, 0.5 and 0.1 keep of directions with these variances: those
    wider than σ², at ½ log(variance / σ²) nats."""
    kept = [variances[variances > noise] / noise for noise in (1.0, 0.5, 0.1)]
    return [len(each) for each in kept], [0.5 * each.log().sum().item() for each in kept]


# Principal angles.


@pytest.mark.parametrize("theta", [0.0, 1e-6, 0.3, 1.2, math.pi / 2])
def test_the_angle_between_two_lines_in_a_plane(theta):
    line = torch.tensor([[math.cos(theta)], [math.sin(theta)]], dtype=torch.float64)
    angles = principal_angles(basis(0, features=2), line)
    assert angles.tolist() == pytest.approx([theta], abs=1e-12)


def test_angles_come_largest_first():
    a, b = basis(0, 1, features=4), basis(2, 3, features=4)
    small, large = 0.2, 1.1
    tilted = torch.stack(
        [
            math.cos(small) * a[:, 0] + math.sin(small) * b[:, 0],
            math.cos(large) * a[:, 1] + math.sin(large) * b[:, 1],
        ],
        1,
    )
    assert principal_angles(a, tilted).tolist() == pytest.approx([large, small], abs=1e-12)


def test_inside_orthogonal_and_partly_shared_subspaces():
    right = math.pi / 2
    assert principal_angles(basis(0), basis(0, 1, 2)).tolist() == pytest.approx([0.0], abs=1e-7)
    assert principal_angles(basis(0, 1), basis(2, 3)).tolist() == pytest.approx([right, right])
    shared = principal_angles(basis(0, 1), basis(1, 2))
    assert shared.tolist() == pytest.approx([right, 0.0], abs=1e-7)


@given(seed=st.integers(0, 10**6), k=st.integers(1, 3), m=st.integers(1, 3))
def test_angles_do_not_depend_on_the_basis_or_the_order(seed, k, m):
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(6, k, generator=generator, dtype=torch.float64)
    b = torch.randn(6, m, generator=generator, dtype=torch.float64)
    # Diagonally dominant, so that the change of basis is well conditioned.
    change = torch.rand(k, k, generator=generator, dtype=torch.float64) + 4 * torch.eye(k)
    angles = principal_angles(a, b)
    assert angles.shape == (min(k, m),)
    assert (angles >= 0).all() and (angles <= math.pi / 2 + 1e-12).all()
    torch.testing.assert_close(principal_angles(a @ change, b), angles, rtol=0, atol=1e-6)
    torch.testing.assert_close(principal_angles(b, a), angles, rtol=0, atol=1e-6)


def test_weights_of_a_model_can_be_given_as_they_are():
    weight = torch.nn.Linear(2, 5).weight  # float32, and asks for a gradient
    assert principal_angles(weight, weight).max() < 1e-6


# Search by example.


@pytest.mark.parametrize("k", [1, 7, 60])
def test_the_nearest_are_those_of_scikit_learn(data, k):
    from sklearn.neighbors import NearestNeighbors

    codes, queries = data
    oracle = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(codes.numpy())
    expected = oracle.kneighbors(queries.numpy(), return_distance=False)
    for query, indices in zip(queries, expected.tolist(), strict=True):
        found = nearest_images(codes, query, k)
        assert found.dtype == torch.int64 and found.tolist() == indices


@given(n=st.integers(1, 12), latent=st.integers(1, 3), seed=st.integers(0, 10**6), data=st.data())
def test_equal_distances_come_in_the_order_of_their_indices(n, latent, seed, data):
    k = data.draw(st.integers(1, n))
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(-1, 2, (n, latent), generator=generator)  # small: many are equally far
    query = torch.randint(-1, 2, (latent,), generator=generator)
    distances = [sum((a - b) ** 2 for a, b in zip(c, query, strict=True)) for c in codes]
    expected = sorted(range(n), key=lambda i: (int(distances[i]), i))[:k]
    assert nearest_images(codes.float(), query.float(), k).tolist() == expected


def test_a_query_from_among_the_codes_finds_itself_first(data):
    codes = data[0].float().requires_grad_()  # as a model gives them
    for i in range(len(codes)):
        assert nearest_images(codes, codes[i], 2)[0] == i


def test_distance_counts_and_not_direction():
    codes = torch.tensor([[10.0, 0.0], [0.0, 1.0]])
    assert nearest_images(codes, torch.tensor([1.0, 0.0]), 1).tolist() == [1]


@pytest.mark.parametrize("k", [0, 4, -1])
def test_as_many_neighbours_as_there_are_codes(k):
    with pytest.raises(ValueError, match=f"k is {k}; expected 1 to 3, the number of codes"):
        nearest_images(torch.zeros(3, 2), torch.zeros(2), k)


def test_the_nearest_rotation_is_scipys(data, unchecked):
    from scipy.linalg import orthogonal_procrustes

    codes, wanted = data[0][:, :3], data[0][:, 4:7] ** 2
    turn = nearest_rotation(codes, wanted)
    expected, _ = orthogonal_procrustes((codes - codes.mean(0)).numpy(), wanted.numpy())
    torch.testing.assert_close(turn, torch.from_numpy(expected), rtol=0, atol=1e-8)
    torch.testing.assert_close(turn.T @ turn, torch.eye(3, dtype=torch.float64))
    moved = codes @ torch.linalg.qr(data[0][:3, :3]).Q + 4
    assert (moved - codes @ nearest_rotation(codes, moved)).var(0).max() < 1e-12, "but for a shift"
    with pytest.raises(ValueError, match=r"shape \(60, 3\) and wanted \(60, 2\)"):
        nearest_rotation(codes, codes[:, :2])


# The score of noisy data.


def spread(clean, sigma):
    """The density of the clean points with Gaussian noise on them."""
    components = Independent(Normal(clean, sigma), 1)
    return MixtureSameFamily(Categorical(torch.ones(len(clean), dtype=clean.dtype)), components)


@pytest.mark.parametrize("sigma", [0.1, 1.0, 20.0])
def test_the_score_is_the_gradient_of_the_log_density(data, sigma):
    # Property 22, for data of any shape.
    clean, x = data
    x = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(spread(clean, sigma).log_prob(x).sum(), x)
    score = noisy_score(x.detach(), clean, sigma)
    assert score.shape == x.shape
    torch.testing.assert_close(score, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("sigma", [1.0, 5.0])
def test_a_step_along_the_score_leads_to_the_mean_of_the_clean_points(data, sigma):
    # Tweedie's formula, with each point's share by Bayes' rule.
    clean, x = data
    likelihoods = Normal(clean, sigma).log_prob(x[:, None]).sum(-1).exp()
    expected = (likelihoods @ clean) / likelihoods.sum(1, keepdim=True)
    step = x + sigma**2 * noisy_score(x, clean, sigma)
    torch.testing.assert_close(step, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 3.0])
def test_the_best_denoiser_of_two_points_is_a_hyperbolic_tangent(sigma):
    x = torch.linspace(-4, 4, 17, dtype=torch.float64)[:, None]
    clean = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    denoised = x + sigma**2 * noisy_score(x, clean, sigma)
    torch.testing.assert_close(denoised, torch.tanh(x / sigma**2), rtol=1e-9, atol=1e-12)


def test_the_score_points_to_the_nearest_point_from_far_away():
    # There the density itself is 0 in every digit; its logarithm's slope is not.
    clean = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    score = noisy_score(torch.tensor([[1e4, 0.0], [-1e4, 0.0]]), clean, sigma=0.1)
    torch.testing.assert_close(score, torch.tensor([[-999_900.0, 0.0], [1e6, 0.0]]))


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan])
def test_the_score_wants_noise(sigma):
    with pytest.raises(ValueError, match=f"sigma is {sigma:g}; expected a positive standard"):
        noisy_score(torch.zeros(1, 2), torch.zeros(3, 2), sigma)


# --- bounds on log p(x) -------------------------------------------------------------------------

every_estimate = pytest.mark.parametrize("estimate", [elbo, log_likelihood])


@pytest.fixture
def model():
    """A VAE whose codes are far from the prior, and whose decoder listens to them."""
    vae = VAE.dense(2, (7,), input_shape=(5,), seed=1).double()
    for parameter in vae.parameters():
        parameter.data *= 3
    return vae


@pytest.fixture
def x():
    return torch.rand(4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_an_elbo_is_minus_the_cost_of_drawing_and_the_cost_of_the_code(model, x):
    mu, log_var = model.encode(x)
    z = mu + torch.exp(log_var / 2) * torch.randn(4, 2, generator=seeded(), dtype=torch.float64)
    expected = -model.nll(model.decode(z), x) - gaussian_kl(mu, log_var)
    torch.testing.assert_close(elbo(model, x, generator=seeded()), expected.detach())


def test_the_mean_of_many_elbos_is_that_of_the_training_objective(model, x):
    # Property 8. They differ from draw to draw; in evaluation and in training by nothing else.
    assert (elbo(model, x) != elbo(model, x)).all()
    n = 20_000
    torch.manual_seed(0)
    evaluated = elbo(model.eval(), x[:1].expand(n, 5))
    with torch.no_grad():
        trained = -negative_elbo()(model.train(), x[:1].expand(n, 5))["loss"]
    standard_error = math.sqrt((evaluated.var() + trained.var()) / n)
    assert abs(evaluated.mean() - trained.mean()) < 6 * standard_error
    # And neither is what z = μ would give.
    mu, log_var = model.encode(x[:1])
    without_a_draw = -model.nll(model.decode(mu), x[:1]) - gaussian_kl(mu, log_var)
    assert without_a_draw.item() > evaluated.mean() + 12 * standard_error


def test_several_samples_are_averaged(model, x):
    generator = seeded()
    one_by_one = torch.stack([elbo(model, x, 1, generator) for _ in range(5)])
    torch.testing.assert_close(elbo(model, x, 5, seeded()), one_by_one.mean(0))


def test_several_weights_are_averaged_before_the_logarithm(model, x):
    generator = seeded()
    one_by_one = torch.stack([log_likelihood(model, x, 1, generator) for _ in range(5)])
    expected = importance_weighted_bound(one_by_one)
    torch.testing.assert_close(log_likelihood(model, x, 5, seeded()), expected)
    assert (expected > one_by_one.mean(0)).all()


def test_one_weight_is_an_elbo_on_average(model, x):
    # Property 10: L_1 = ELBO, though one takes the KL from the draw and the other from its formula.
    n = 50_000
    many = x[:1].expand(n, 5)
    weights, bounds = log_likelihood(model, many, 1, seeded(1)), elbo(model, many, 1, seeded(2))
    standard_error = math.sqrt((weights.var() + bounds.var()) / n)
    assert abs(weights.mean() - bounds.mean()) < 6 * standard_error


@every_estimate
@pytest.mark.parametrize("samples", [1, 7, 101])
def test_as_many_codes_are_drawn_as_were_asked_for(estimate, samples, model, x):
    # Property 12.
    decoded = []
    model.decoder.register_forward_hook(lambda module, inputs, out: decoded.append(inputs[0]))
    values = estimate(model, x, samples)
    assert values.shape == (4,) and values.dtype == torch.float64
    assert len(torch.cat(decoded).unique(dim=0)) == 4 * samples


@every_estimate
def test_an_estimate_leaves_model_and_stream_as_they_were(estimate, model, x):
    model.encoder.eval()
    state = torch.get_rng_state()
    first = estimate(model, x, 2, seeded(3))
    assert torch.equal(first, estimate(model, x, 2, seeded(3)))
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training and model.decoder.training and not model.encoder.training
    assert not first.requires_grad and torch.is_grad_enabled()


@every_estimate
def test_an_estimate_is_made_in_evaluation_mode(estimate):
    # In training mode batch normalisation would look at the other images of the batch.
    vae = VAE.conv(2, (3, 4)).train()
    images = torch.rand(5, 1, 28, 28, generator=seeded())
    before = {name: value.clone() for name, value in vae.state_dict().items()}
    values = [estimate(vae.train(mode), images, 2, seeded(1)) for mode in (True, False)]
    assert torch.equal(*values)
    assert all(torch.equal(before[name], value) for name, value in vae.state_dict().items())


@every_estimate
@pytest.mark.parametrize("samples", [0, -5])
def test_at_least_one_draw(estimate, samples, model, x):
    with pytest.raises(ValueError, match=f"samples is {samples}; expected 1 or more draws"):
        estimate(model, x, samples)


@every_estimate
def test_data_of_another_shape_are_refused(estimate, model, unchecked):
    with pytest.raises(ValueError, match=r"x has shape \(4, 6\); expected \(batch, 5\)"):
        estimate(model, torch.zeros(4, 6))


def test_the_parts_of_a_bound_add_up_to_it(model, x):
    parts = bound_parts(model, x, 3, seeded())
    assert parts.negative_elbo == pytest.approx(-elbo(model, x, 3, seeded()).mean().item())
    mu, log_var = model.encode(x)
    assert parts.kl == pytest.approx(gaussian_kl(mu, log_var).mean().item())
    assert parts.kl_per_dimension.shape == (2,) and not parts.kl_per_dimension.requires_grad
    each = 0.5 * (mu**2 + log_var.exp() - log_var - 1).mean(0)
    torch.testing.assert_close(parts.kl_per_dimension, each.detach())
    assert parts.active_units == active_units(mu)
    assert parts.reconstruction == pytest.approx(parts.negative_elbo - parts.kl)
    with pytest.raises(ValueError, match="samples is 0"):
        bound_parts(model, x, 0)


# --- active units: property 15 ------------------------------------------------------------------


def test_active_units_of_an_encoder_made_by_hand():
    # Means that vary over the data with standard deviation 2, 0.2, 0.05 and 0: a threshold of
    # 0.01 for the variance lies at 0.1. Where they lie, and log σ², does not matter.
    vae = VAE.dense(4, (), input_shape=(4,))
    slopes = torch.tensor([2.0, 0.2, 0.05, 0.0])
    vae.encoder[1].weight.data = torch.cat([slopes.diag(), torch.eye(4)])
    vae.encoder[1].bias.data = torch.tensor([0.0, 50.0, 3.0, -8.0, *[1.0] * 4])
    mu, _ = vae.encode(torch.randn(5000, 4, generator=seeded()))
    assert active_units(mu) == 2
    assert [active_units(mu, threshold) for threshold in (0.0, 1e-3, 1.0, 9.0)] == [3, 3, 1, 0]


def test_a_collapsed_encoder_has_no_active_unit():
    vae = VAE.dense(6, (8,))
    vae.encoder[-1].weight.data.zero_()
    vae.encoder[-1].bias.data.fill_(2.0)
    mu, log_var = vae.encode(torch.rand(50, 1, 28, 28, generator=seeded()))
    assert active_units(mu) == 0 and (gaussian_kl(mu, log_var) > 0).all()


def test_active_is_above_the_threshold_and_the_variance_is_divided_by_n():
    mu = torch.tensor([[0.0, 0.0], [1.0, 0.5]])  # variances 1/4 and 1/16; by n - 1, twice that
    assert [active_units(mu, t) for t in (0.05, 0.0625, 0.2, 0.25)] == [2, 1, 1, 0]


# --- disentanglement ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def factors():
    """Every combination of factors with 2, 3, 4 and 5 levels, ten times: exactly independent."""
    return torch.cartesian_prod(*map(torch.arange, (2, 3, 4, 5))).repeat(10, 1)


def noise(n, columns, seed=0):
    return torch.randn(n, columns, generator=torch.Generator().manual_seed(seed))


def test_the_entropy_of_a_factor(factors):
    expected = torch.tensor([2.0, 3, 4, 5]).log()
    torch.testing.assert_close(factor_entropy(factors), expected)
    torch.testing.assert_close(factor_entropy(100 - 7 * factors), expected)  # names do not matter


def test_information_agrees_with_scikit_learn(factors):
    from sklearn.metrics import mutual_info_score

    codes = factors.float() @ noise(4, 3) + noise(len(factors), 3)
    found = mutual_information(codes, factors, bins=6)
    for j in range(3):
        edges = torch.linspace(codes[:, j].min(), codes[:, j].max(), 7)[1:-1]
        column = torch.bucketize(codes[:, j].contiguous(), edges, right=True)
        for f in range(4):
            expected = mutual_info_score(column.numpy(), factors[:, f].numpy())
            assert found[j, f].item() == pytest.approx(expected, abs=1e-3)
    assert (found >= 0).all() and (found <= factor_entropy(factors) + 1e-6).all()
    assert mutual_information(codes.double(), factors).dtype == torch.float64


@pytest.mark.parametrize(
    ("name", "code", "gap", "modular"),
    [
        ("one number for each factor", lambda f: f.float(), 1.0, 1.0),
        (
            "in another order, turned and stretched",
            lambda f: 5 - 3.0 * f[:, [2, 0, 3, 1]],
            1.0,
            1.0,
        ),
        ("with numbers that never change", lambda f: torch.cat([f, 0 * f], 1).float(), 1.0, 1.0),
        ("each factor twice", lambda f: torch.cat([f, -f], 1).float(), 0.0, 1.0),
        ("nothing at all", lambda f: torch.zeros(len(f), 4), 0.0, 0.0),
        ("noise", lambda f: noise(len(f), 4), 0.0, 0.0),
        ("all factors in each number", lambda f: f.float() @ torch.ones(4, 4), 0.0, None),
        ("half of the factors", lambda f: f[:, :2].float(), 0.5, 1.0),
    ],
)
def test_disentanglement_of_codes_that_are_known(factors, name, code, gap, modular):
    # Property 28.
    codes = code(factors)
    assert mutual_information_gap(codes, factors) == pytest.approx(gap, abs=0.02)
    if modular is None:
        assert modularity(codes, factors) < 0.9
    else:
        assert modularity(codes, factors) == pytest.approx(modular, abs=1e-6)


def test_rotating_a_perfect_code_spoils_both(factors):
    # Property 29, its last part.
    turn, _ = torch.linalg.qr(noise(4, 4))
    codes = (factors.float() - factors.float().mean(0)) @ turn
    assert mutual_information_gap(codes, factors) < 0.4
    assert modularity(codes, factors) < 0.95


def test_disentanglement_names_its_errors(factors, unchecked):
    with pytest.raises(ValueError, match="3 codes, 1200 rows of factors and 20 bins"):
        mutual_information(torch.zeros(3, 2), factors)
    with pytest.raises(ValueError, match="the code has one number"):
        mutual_information_gap(torch.zeros(1200, 1), factors)
    with pytest.raises(ValueError, match="there is one factor"):
        modularity(torch.zeros(1200, 2), factors[:, :1])


# --- anomalies ------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 30), st.sampled_from([0.0, 1.0]))
def test_auroc_is_scikit_learns_and_mann_whitneys(seed, anomalies, normal, coarse):
    from scipy.stats import mannwhitneyu
    from sklearn.metrics import roc_auc_score

    generator = torch.Generator().manual_seed(seed)
    labels = torch.cat([torch.ones(anomalies), torch.zeros(normal)]).long()
    scores = torch.randn(len(labels), generator=generator) + 0.5 * labels
    scores = scores.round() if coarse else scores  # with ties, and without
    value = auroc(scores, labels)
    assert value == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    u = mannwhitneyu(scores[labels == 1], scores[labels == 0]).statistic
    assert value == pytest.approx(u / (anomalies * normal), abs=1e-12)
    assert auroc(-scores, labels) == pytest.approx(1 - value, abs=1e-12)
    assert auroc(scores.exp(), labels.bool()) == pytest.approx(value, abs=1e-12)


def test_auroc_of_a_constant_score_is_one_half():
    labels = torch.tensor([0, 1, 1, 0, 0])
    assert auroc(torch.full((5,), 0.3), labels) == 0.5
    assert auroc(labels.float(), labels) == 1.0


def test_auroc_counts_exactly_where_floats_do_not():
    """Ten thousand of each kind make 10⁸ pairs, more than float32 can count one by one."""
    labels = torch.arange(20_000) % 2
    scores = torch.arange(20_000).float()
    assert auroc(scores, labels) == (10_000 * 10_001 / 2) / 10_000**2


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([0.1, 0.2], [0, 0], "both at least once"),
        ([0.1, 0.2], [-1, 1], r"labels hold \[-1, 1\]"),
        ([0.1, float("nan")], [0, 1], "1 scores are nan"),
        ([0.1, 0.2, 0.3], [0, 1], "3 scores and 2 labels"),
        ([0.1, 0.2], [0.5, 1.5], r"labels hold \[0.5, 1.5\]"),
        ([[0.1], [0.2]], [0, 1], r"scores has shape \(2, 1\); expected .n,.*scores.ravel\(\)"),
        ([[0.1, 0.2], [0.3, 0.4]], [0, 1], r"scores has shape \(2, 2\); expected \(n,\)"),
        (0.1, 1, r"scores has shape \(\); expected \(n,\)"),
        ([0.1, 2j], [0, 1], "scores is a .* of something else than real numbers"),
    ],
)
def test_auroc_refuses_what_has_no_answer(scores, labels, message, unchecked):
    for array in (torch.tensor, np.array, lambda numbers: numbers):
        with pytest.raises(ValueError, match=message) as told:
            auroc(array(scores), array(labels))
        assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "nonsense", [["a", "b"], [None, "b"], [[1.0], [1.0, 2.0]], "ab", [object(), 1]]
)
def test_auroc_says_that_text_and_objects_are_no_numbers(nonsense, unchecked):
    for arguments in ((nonsense, [0, 1]), ([0.1, 0.2], nonsense)):
        with pytest.raises(ValueError, match="of something else than real numbers; expected numb"):
            auroc(*arguments)


class Column:
    """What pandas' columns show to numpy; pandas is not among what the course installs."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)


@pytest.mark.parametrize(
    "held",
    [
        np.array,
        list,
        tuple,
        Column,
        lambda x: np.array(x[::-1])[::-1],  # backwards in memory
        lambda x: np.array(x, dtype=">f8"),
        lambda x: np.array(x, dtype=np.float16),
        lambda x: np.array(x, dtype=object),
        lambda x: np.frombuffer(np.array(x, dtype=np.float64).tobytes()),  # not to be written to
        lambda x: torch.tensor(x, requires_grad=True),
        lambda x: torch.tensor(x, dtype=torch.bfloat16),
        lambda x: torch.tensor(x).int(),
    ],
)
def test_auroc_takes_numbers_however_they_are_held(held):
    scores, labels = [2.0, 1.0, 3.0, 3.0, 5.0], [1.0, 0.0, 0.0, 1.0, 0.0]
    assert auroc(held(scores), held(labels)) == 2.5 / 6
    strange = np.array(labels) == 1
    assert auroc(held(scores), strange) == auroc(scores, strange.tolist()) == 2.5 / 6


def test_auroc_takes_what_a_detector_gives():
    from sklearn.ensemble import IsolationForest
    from sklearn.metrics import roc_auc_score

    x = np.random.default_rng(0).normal(size=(60, 2)) * np.r_[np.ones(40), np.full(20, 3)][:, None]
    labels = np.arange(60) >= 40
    forest = IsolationForest(random_state=0, n_estimators=10).fit(x[:40])
    scores, verdicts = -forest.score_samples(x), forest.predict(x)
    assert auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert auroc(scores, verdicts == -1) == 1
    with pytest.raises(ValueError, match=r"labels hold \[-1, 1\].*labels == -1"):
        auroc(scores, verdicts)


@pytest.fixture
def wide_vae():
    """An untrained VAE whose draws matter: σ = 1, and a decoder with large weights."""
    model = VAE.dense(latent_dim=3, hidden=(8,), input_shape=(6,))
    with torch.no_grad():
        model.decoder[-2].weight.mul_(8)
    return model.eval()


def test_reconstruction_probability_is_the_elbo_without_its_price(wide_vae):
    x = torch.rand(5, 6, generator=torch.Generator().manual_seed(0))
    here = reconstruction_probability(wide_vae, x, 7, torch.Generator().manual_seed(1))
    bound = elbo(wide_vae, x, 7, torch.Generator().manual_seed(1))
    with torch.no_grad():
        price = gaussian_kl(*wide_vae.encode(x))
    torch.testing.assert_close(here, bound + price)


def test_reconstruction_probability_averages_logarithms_of_new_draws(wide_vae):
    """One draw varies; the spread of the mean of L falls as 1 / √L; and its mean is E[log p]."""
    x = torch.rand(1, 6, generator=torch.Generator().manual_seed(0)).repeat(4000, 1)
    generator = torch.Generator().manual_seed(1)
    spread, mean = {}, {}
    for samples in (1, 4, 16):
        values = reconstruction_probability(wide_vae, x, samples, generator)
        spread[samples], mean[samples] = values.std().item(), values.mean().item()
    # A standard deviation from 4,000 values is right within 1 / √8000 of itself; six of these.
    for samples in (4, 16):
        assert spread[samples] == pytest.approx(spread[1] / math.sqrt(samples), rel=0.1)
        assert mean[samples] == pytest.approx(mean[1], abs=6 * spread[1] * math.sqrt(2 / 4000))
    with torch.no_grad():
        mu, log_var = wide_vae.encode(x)
        z = mu + torch.exp(log_var / 2) * torch.randn(mu.shape, generator=generator)
        log_p = -bernoulli_nll(wide_vae.decode(z), x)
    assert mean[16] == pytest.approx(log_p.mean().item(), abs=6 * spread[1] * math.sqrt(2 / 4000))
    density_averaged = (log_p.logsumexp(0) - math.log(4000)).item()
    assert density_averaged > mean[16] + 0.2  # Jensen: the broken version is larger


def test_reconstruction_probability_refuses_no_draws(wide_vae):
    with pytest.raises(ValueError, match="samples is 0"):
        reconstruction_probability(wide_vae, torch.rand(2, 6), 0)
