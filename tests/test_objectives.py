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
    contractive,
    cosine_decay,
    denoising,
    fit,
    gaussian_kl,
    gaussian_kl_per_dimension,
    gaussian_noise,
    jacobian_penalty,
    kl_sparsity,
    l1,
    linear_warmup,
    masking_noise,
    negative_elbo,
    reconstruction,
    salt_and_pepper,
    sparse,
    squared_error,
    weight_decay,
)
from course_utils._running import seeded

EXACT = (
    reconstruction,
    bernoulli_reconstruction,
    weight_decay(reconstruction, 0.1),
    sparse(0.1),
    sparse(0.1, "kl"),
    sparse(0.1, "top_k", k=2),
    contractive(0.1),
)
NOISY = (
    denoising(gaussian_noise(0.1)),
    denoising(masking_noise(0.3)),
    denoising(salt_and_pepper(0.3)),
    contractive(0.1, "hutchinson"),
)
OBJECTIVES = EXACT + NOISY


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


@pytest.mark.parametrize("objective", EXACT)
def test_a_batch_twice_has_the_same_mean_loss(objective, x):
    # Property 2, for objectives; float32, so a few units in the last place.
    model = Autoencoder.dense(3, (9,))
    once = objective(model, x)["loss"].mean()
    twice = objective(model, torch.cat([x, x]))["loss"].mean()
    torch.testing.assert_close(twice, once, rtol=1e-5, atol=0)


@pytest.mark.parametrize("objective", EXACT)
def test_validation_measures_what_training_measures(objective, x):
    model = Autoencoder.dense(3, (9,))
    trained = objective(model.train(), x)
    with torch.no_grad():
        validated = objective(model.eval(), x)
    assert trained.keys() == validated.keys()
    for name, term in trained.items():
        assert torch.equal(validated[name], term) and not validated[name].requires_grad


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


# Denoising.


def identity():
    """A model that changes nothing: its code is x, and so is what it draws."""
    return Autoencoder(nn.Identity(), nn.Identity(), output="linear")


def test_denoising_aims_at_the_clean_x(x):
    # Everything is erased on the way in; what comes out is still compared with x.
    model = Autoencoder.dense(3, (9,))
    loss = denoising(torch.zeros_like)(model, x)["loss"]
    expected = squared_error(model.reconstruct(torch.zeros_like(x)), x)
    torch.testing.assert_close(loss.detach(), expected)
    assert denoising(torch.zeros_like)(model, x).keys() == {"loss"}


def test_a_model_that_keeps_the_noise_pays_for_all_of_it(x):
    x = x.flatten(1)
    noise = gaussian_noise(0.5)(torch.zeros_like(x), torch.Generator().manual_seed(3))
    loss = denoising(lambda x: x + noise)(identity(), x)["loss"]
    torch.testing.assert_close(loss, noise.square().sum(1), rtol=1e-4, atol=0)
    assert torch.equal(denoising(lambda x: x)(identity(), x)["loss"], torch.zeros(6))


def test_without_noise_denoising_is_reconstruction(x):
    model = Autoencoder.dense(3, (9,))
    expected = reconstruction(model, x)["loss"]
    for corrupt in (gaussian_noise(0.0), masking_noise(0.0), salt_and_pepper(0.0)):
        assert torch.equal(denoising(corrupt)(model, x)["loss"], expected)


@pytest.mark.parametrize("objective", NOISY)
def test_the_noise_is_new_each_time_and_decided_by_the_seed(objective, x):
    model = Autoencoder.dense(3, (9,))
    losses = []
    for seed in (3, 3, 4):
        with seeded(seed):
            losses.append([objective(model, x)["loss"].tolist() for _ in range(2)])
    assert losses[0] == losses[1] != losses[2]
    assert losses[0][0] != losses[0][1]


def test_a_linear_denoiser_of_a_gaussian_shrinks_each_direction_as_it_should():
    # Property 22: on N(0, S) the best denoiser is x̃ ↦ S (S + s² I)⁻¹ x̃. Points with exactly the
    # covariance S leave the noise as the only thing left to chance: 1e-3 after two million draws.
    variances, s = torch.tensor([2.0, 0.5, 0.1], dtype=torch.float64), 0.5
    generator = torch.Generator().manual_seed(0)
    white = torch.randn(4096, 3, generator=generator, dtype=torch.float64)
    white, _ = torch.linalg.qr(white - white.mean(0))
    axes, _ = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64))
    x = 4096**0.5 * white @ (variances.sqrt() * axes).T
    covariance = axes @ variances.diag() @ axes.T
    torch.testing.assert_close(x.T @ x / 4096, covariance)

    model = Autoencoder.linear(3, input_shape=(3,))
    objective = denoising(gaussian_noise(s))
    fit(model, objective, x.float(), epochs=500, batch_size=4096, lr=cosine_decay(1e-2))
    learned = (model.decoder[0].weight @ model.encoder[1].weight).detach().double()
    expected = axes @ (variances / (variances + s**2)).diag() @ axes.T
    torch.testing.assert_close(learned, expected, rtol=0, atol=5e-3)
    bias = model.decode(model.encode(torch.zeros(1, 3))).detach()
    torch.testing.assert_close(bias, torch.zeros(1, 3), rtol=0, atol=5e-3)


# Sparse codes.

CODES = torch.tensor([[3.0, -1.0, 0.0, 0.5], [0.0, 0.0, -2.0, 0.0]])


def test_sparse_by_hand():
    terms = sparse(0.5)(identity(), CODES)
    assert terms["reconstruction"].tolist() == [0, 0]
    assert terms["penalty"].tolist() == [4.5, 2.0]
    assert terms["loss"].tolist() == [2.25, 1.0]
    assert terms["active"].tolist() == [0.75, 0.25]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        *(("l1", code) for code in ("linear", "relu", "sigmoid")),
        ("kl", "linear"),
        ("kl", "sigmoid"),
    ],
)
def test_sparse_is_reconstruction_plus_the_weighted_penalty(kind, code, x):
    model = Autoencoder.dense(5, (9,), code=code)
    terms = sparse(0.25, kind, target=0.1)(model, x)
    assert terms.keys() == {"loss", "reconstruction", "penalty", "active"}
    assert torch.equal(terms["reconstruction"], reconstruction(model, x)["loss"])
    z = model.encode(x)
    if kind == "l1":
        penalty = l1(z)
    else:  # a mean activation lies in [0, 1]; a sigmoid code does, any other is brought there
        penalty = kl_sparsity(z if code == "sigmoid" else z.sigmoid(), target=0.1)
    assert torch.equal(terms["penalty"], penalty) and (penalty > 0).all()
    torch.testing.assert_close(terms["loss"], terms["reconstruction"] + 0.25 * penalty)


def test_the_target_of_sparse_is_used(x):
    model = Autoencoder.dense(5, (9,), code="sigmoid")
    near, far = (
        sparse(1.0, "kl", target=target)(model, x)["penalty"].item() for target in (0.5, 0.05)
    )
    assert near < 0.1 * far  # before training, sigmoids are near 1/2


@pytest.mark.parametrize("k", [1, 3, 5])
def test_top_k_lets_the_decoder_see_k_numbers(k, x):
    model = Autoencoder.dense(5, (9,))
    seen = []
    model.decoder.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    terms = sparse(0.25, "top_k", k=k)(model, x)
    (code,) = seen
    assert ((code != 0).sum(1) == k).all()
    assert terms["active"].tolist() == pytest.approx([k / 5] * 6)
    assert torch.equal(terms["penalty"], l1(code))
    expected = squared_error(model.to_image(model.decode(code)), x)
    assert torch.equal(terms["reconstruction"], expected)
    torch.testing.assert_close(terms["loss"], expected + 0.25 * l1(code))


@pytest.mark.parametrize(
    "objective",
    [
        sparse(0.0),
        sparse(0.0, "kl"),
        sparse(0.0, "top_k", k=3),  # all there are
        contractive(0.0),
        contractive(0.0, "hutchinson"),
    ],
)
def test_a_penalty_that_costs_nothing_changes_nothing(objective, x):
    model = Autoencoder.dense(3, (9,))
    terms = objective(model, x)
    assert torch.equal(terms["loss"], reconstruction(model, x)["loss"])
    assert torch.equal(terms["loss"], terms["reconstruction"])


# Contractive codes.


@pytest.mark.parametrize("method", ["exact", "hutchinson"])
def test_contractive_is_reconstruction_plus_the_weighted_jacobian(method, x):
    model = Autoencoder.dense(5, (9,), code="sigmoid")
    with seeded(3):
        terms = contractive(0.25, method)(model, x)
    assert terms.keys() == {"loss", "reconstruction", "jacobian"}
    assert torch.equal(terms["reconstruction"], reconstruction(model, x)["loss"])
    generator = torch.Generator().manual_seed(3)
    jacobian = jacobian_penalty(model.encode, x, method, generator)
    assert torch.equal(terms["jacobian"], jacobian) and (jacobian > 0).all()
    torch.testing.assert_close(terms["loss"], terms["reconstruction"] + 0.25 * jacobian)


def test_the_jacobian_is_measured_on_validation_data_too(x):
    model = Autoencoder.dense(3, (9,), code="sigmoid")
    history = fit(model, contractive(0.1), x, val=x, epochs=1, lr=0.0)
    for term in ("loss", "reconstruction", "jacobian"):
        assert history.terms[f"val_{term}"] == pytest.approx(history.terms[term], rel=1e-5)
    assert history.terms["val_jacobian"][0] > 0


# What a penalty is for.


@pytest.mark.parametrize(
    ("objective", "term"),
    [
        (lambda weight: sparse(weight), "penalty"),
        (lambda weight: sparse(weight, "kl"), "penalty"),
        (lambda weight: contractive(weight), "jacobian"),
        (lambda weight: contractive(weight, "hutchinson"), "jacobian"),
    ],
    ids=["l1", "kl", "exact", "hutchinson"],
)
def test_what_costs_something_becomes_smaller_and_the_error_larger(objective, term):
    x = torch.rand(100, 6, generator=torch.Generator().manual_seed(0))
    last = []
    for weight in (0.0, 1.0):
        model = Autoencoder.dense(4, (), input_shape=(6,), code="sigmoid", tied=True)
        history = fit(model, objective(weight), x, epochs=20, batch_size=50, lr=3e-2)
        last.append({name: values[-1] for name, values in history.terms.items()})
    free, paid = last
    assert paid[term] < 0.5 * free[term]
    assert paid["reconstruction"] > 1.02 * free["reconstruction"]


@pytest.mark.parametrize("objective", [sparse, contractive])
def test_a_penalty_is_no_reward(objective):
    with pytest.raises(ValueError, match=r"weight is -0\.5; expected 0 or more"):
        objective(-0.5)


def test_an_unknown_kind_is_refused_at_once(unchecked):
    with pytest.raises(ValueError, match="'l2'; expected 'l1', 'kl' or 'top_k'"):
        sparse(1.0, "l2")


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: sparse(1.0, "top_k", k=6), "k is 6; expected 1 to 5"),
        (lambda: sparse(1.0, "kl", target=1.0), "target is 1; expected a mean activation"),
        (lambda: contractive(1.0, "guess"), "'guess'; expected 'exact' or 'hutchinson'"),
    ],
)
def test_other_mistakes_are_refused_before_the_first_step(build, sentence, x, unchecked):
    model = Autoencoder.dense(5, (9,))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(ValueError, match=sentence):
        fit(model, build(), x)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_relu_code_has_no_mean_activation_to_aim_at(x):
    with pytest.raises(ValueError, match='code is "relu"; build it with code="sigmoid"'):
        sparse(1.0, "kl")(Autoencoder.dense(3, (9,), code="relu"), x)


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
