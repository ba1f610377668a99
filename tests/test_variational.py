"""The variational autoencoder: its draw, its two likelihoods, and what every family promises.

Bounds and estimates are in test_metrics.py, and beside the exact truth in test_ppca.py.
"""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Independent, Normal

from course_utils import (
    VAE,
    PeekingVAE,
    VAEOutput,
    elbo,
    fit,
    gaussian_kl,
    load,
    log_likelihood,
    negative_elbo,
    reparameterize,
    save,
    squared_error,
)

FACTORIES = {
    "dense": lambda **options: VAE.dense(4, (30, 20), **options),
    "linear output": lambda **options: VAE.dense(4, (30,), output="linear", sigma=0.3, **options),
    "conv": lambda **options: VAE.conv(4, (4, 6), **options),
}
every_factory = pytest.mark.parametrize("build", FACTORIES.values(), ids=FACTORIES)


@pytest.fixture
def x():
    return torch.rand(12, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def parameter_count(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_parameter_counts():
    # The documents that this course grew from print 474,260 for the dense one.
    assert parameter_count(VAE.dense()) == 549_688
    encoder = (784 * 256 + 256) + (256 * 256 + 256) + (256 * 40 + 40)
    decoder = (20 * 256 + 256) + (256 * 256 + 256) + (256 * 784 + 784)
    assert parameter_count(VAE.dense()) == encoder + decoder
    assert parameter_count(VAE.conv()) == 384_577


# --- the draw -----------------------------------------------------------------------------------


def test_a_draw_has_the_mean_and_the_standard_deviation_it_was_asked_for():
    n = 100_000
    mu = torch.tensor([-1.5, 0.0, 3.0], dtype=torch.float64)
    log_var = torch.tensor([-1.0, 1.2, 0.4], dtype=torch.float64)  # exp(log_var) would be no σ
    z = reparameterize(mu.expand(n, 3), log_var.expand(n, 3), torch.Generator().manual_seed(0))
    sigma = torch.exp(log_var / 2)
    assert ((z.mean(0) - mu).abs() < 6 * sigma / math.sqrt(n)).all()
    assert ((z.std(0) - sigma).abs() < 6 * sigma / math.sqrt(2 * n)).all()
    # Independent: each correlation is 0 but for 1 / sqrt(n).
    off_diagonal = z.T.corrcoef() - torch.eye(3)
    assert off_diagonal.abs().max() < 6 / math.sqrt(n)


def test_the_gradient_passes_through_the_draw():
    # ∂z/∂μ = 1 and ∂z/∂(log σ²) = σ ε / 2 = (z - μ) / 2.
    mu = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    log_var = torch.linspace(-2, 2, 15).view(5, 3).requires_grad_()
    z = reparameterize(mu, log_var)
    z.sum().backward()
    assert torch.equal(mu.grad, torch.ones(5, 3))
    torch.testing.assert_close(log_var.grad, (z - mu).detach() / 2)


def test_the_generator_decides_the_draw_and_the_global_stream_stands_still():
    mu, log_var = torch.zeros(4, 2), torch.ones(4, 2)
    state = torch.get_rng_state()
    first, again, other = (
        reparameterize(mu, log_var, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)
    reparameterize(mu, log_var)
    assert not torch.equal(torch.get_rng_state(), state)


@every_factory
@pytest.mark.parametrize("training", [True, False])
def test_z_is_drawn_in_evaluation_too(build, training, x):
    # Property 8: with z = μ the bound would be none.
    model = build().eval()
    model.train(training)
    first, second = model(x), model(x)
    assert not torch.equal(first.z, second.z)
    assert (first.z != first.mu).all()


# --- property 34: what every family promises ----------------------------------------------------


@every_factory
def test_forward_is_encode_then_draw_then_decode(build, x):
    model = build().eval()
    torch.manual_seed(3)
    out = model(x)
    assert isinstance(out, VAEOutput)
    assert out.logits.shape == x.shape
    assert out.mu.shape == out.log_var.shape == out.z.shape == (12, 4)
    mu, log_var = model.encode(x)
    assert torch.equal(mu, out.mu) and torch.equal(log_var, out.log_var)
    torch.manual_seed(3)
    assert torch.equal(reparameterize(mu, log_var), out.z)
    assert torch.equal(model.decode(out.z), out.logits)


def test_the_encoders_first_half_is_the_mean():
    model = VAE(nn.Identity(), nn.Linear(2, 4))
    mu, log_var = model.encode(torch.tensor([[1.0, 2.0, 3.0, 4.0]]))
    assert mu.tolist() == [[1.0, 2.0]] and log_var.tolist() == [[3.0, 4.0]]


@every_factory
def test_the_gradient_reaches_every_parameter(build, x):
    model = build()
    negative_elbo()(model, x)["loss"].mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all() and parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("part", ["reconstruction", "kl"])
def test_what_each_term_teaches(part, x):
    # The reconstruction reaches the encoder through the draw, both its halves; the KL never
    # reaches the decoder.
    model = FACTORIES["dense"]()
    negative_elbo()(model, x)[part].sum().backward()
    means, log_variances = model.encoder[-1].weight.grad.chunk(2)
    assert (means != 0).any(1).all() and (log_variances != 0).any(1).all()
    taught = any(parameter.grad is not None for parameter in model.decoder.parameters())
    assert taught == (part == "reconstruction")


@pytest.mark.parametrize(
    ("model", "epochs"),
    [
        (VAE.dense(8, (64,)), 150),
        (VAE.dense(8, (64,), output="linear", sigma=0.1), 120),
        (VAE.conv(8, (16, 32)), 200),
    ],
    ids=FACTORIES,
)
def test_one_batch_can_be_overfitted(model, epochs, images):
    # To know which of eight images it is costs log 8 = 2.1 nats at least; nearly all else is drawn.
    x = images.train[:8]
    history = fit(model, negative_elbo(), x, epochs=epochs, batch_size=8, lr=1e-2)
    remaining = squared_error(model.reconstruct(x), x).mean()
    assert remaining < 0.05 * squared_error(x.mean(0).expand_as(x), x).mean()
    assert history.terms["kl"][-1] > math.log(8)


@every_factory
def test_save_and_load_are_bit_equal(build, x, tmp_path):
    model = build(seed=3).train()
    model(x)  # moves the running averages of batch normalisation away from where they start
    save(model, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    assert type(loaded) is VAE and not loaded.training and model.training
    for name in ("output", "input_shape", "sigma", "latent_dim"):
        assert getattr(loaded, name) == getattr(model, name)
    before, after = model.state_dict(), loaded.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    model.eval()
    outputs = []
    for each in (model, loaded):
        torch.manual_seed(5)
        outputs.append((*each(x), *negative_elbo()(each, x).values()))
    assert all(torch.equal(a, b) for a, b in zip(*outputs, strict=True))


# --- likelihoods --------------------------------------------------------------------------------


def test_nll_of_a_sigmoid_model_is_that_of_bernoulli_pixels(x):
    model, binary = FACTORIES["dense"](), (x > 0.5).float()
    logits = model(x).logits.detach() * 20
    expected = -Independent(Bernoulli(logits=logits), 3).log_prob(binary)
    torch.testing.assert_close(model.nll(logits, binary), expected)


def test_nll_of_a_linear_model_is_that_of_gaussian_pixels(x):
    model = FACTORIES["linear output"]()
    mean = model(x).logits.detach()
    expected = -Independent(Normal(mean, 0.3), 3).log_prob(x)
    torch.testing.assert_close(model.nll(mean, x), expected)


# --- images -------------------------------------------------------------------------------------


@every_factory
def test_reconstruct_decodes_the_mean_code(build, x):
    model = build().eval()
    mu, _ = model.encode(x)
    expected = model.to_image(model.decode(mu)).detach()
    torch.testing.assert_close(model.reconstruct(x), expected)
    assert torch.equal(model.reconstruct(x), model.reconstruct(x)), "nothing is drawn"


@every_factory
def test_samples_are_decoded_from_the_prior(build):
    model = build().train()
    images = model.sample(7, torch.Generator().manual_seed(2))
    z = torch.randn(7, 4, generator=torch.Generator().manual_seed(2))
    model.eval()
    torch.testing.assert_close(images, model.to_image(model.decode(z)).detach())
    assert images.shape == (7, 1, 28, 28) and not images.requires_grad


@every_factory
def test_sampling_changes_nothing_but_the_stream_it_draws_from(build):
    model = build().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    first = model.sample(5, torch.Generator().manual_seed(0))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, model.sample(5, torch.Generator().manual_seed(0)))
    assert not torch.equal(model.sample(5), model.sample(5))
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(module.training for module in model.modules())


def test_many_samples_are_drawn_in_pieces():
    model, sizes = FACTORIES["dense"](), []
    model.decoder.register_forward_hook(lambda module, inputs, out: sizes.append(len(out)))
    images = model.sample(1200)
    assert sizes == [1000, 200]
    assert images.min() >= 0 and images.max() <= 1


def test_a_model_in_double_precision_stays_in_it(x):
    model = FACTORIES["dense"]().double()
    out = model(x.double())
    assert {value.dtype for value in out} == {torch.float64}
    assert gaussian_kl(out.mu, out.log_var).dtype == model.sample(2).dtype == torch.float64


# --- mistakes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan])
def test_sigma_must_be_positive(sigma):
    with pytest.raises(ValueError, match="expected a positive standard deviation"):
        VAE.dense(2, (4,), output="linear", sigma=sigma)


@pytest.mark.parametrize("n", [0, -3])
def test_at_least_one_image_is_drawn(n):
    with pytest.raises(ValueError, match=f"n is {n}; expected the number of images to draw"):
        FACTORIES["dense"]().sample(n)


def test_a_model_of_parts_samples_once_it_knows_the_width_of_its_code(x):
    parts = nn.Linear(3, 4), nn.Linear(2, 3)
    with pytest.raises(ValueError, match=r"unknown; build with VAE\(\.\.\., latent_dim=\.\.\.\)"):
        VAE(*parts).sample(1)
    assert VAE(*parts, latent_dim=2).sample(6).shape == (6, 3)


# --- a decoder that also sees pixels ------------------------------------------------------------

PEEKING = {
    "sigmoid": lambda **options: PeekingVAE.dense(4, (30,), reach=2, channels=5, **options),
    "linear": lambda **options: PeekingVAE.dense(
        4, (30,), reach=1, channels=5, output="linear", sigma=0.3, **options
    ),
}
every_peeking = pytest.mark.parametrize("build", PEEKING.values(), ids=PEEKING)


@pytest.fixture
def binary(x):
    return (x > 0.6).float()


def test_a_network_of_rows_is_a_vae_of_pictures(x):
    """What is around it computes what it computes, and trains the very weights."""

    class Rows(nn.Module):
        def __init__(self):
            super().__init__()
            self.heads, self.back = nn.Linear(784, 6), nn.Linear(3, 784)

        def encode(self, x):
            return self.heads(x).chunk(2, dim=1)

        def decode(self, z):
            return self.back(z)

    rows = Rows()
    model = VAE.around(rows, latent_dim=3)
    mu, log_var = rows.encode(x.flatten(1))
    assert all(map(torch.equal, model.encode(x), (mu, log_var)))
    assert torch.equal(model.decode(mu), rows.decode(mu).view(-1, 1, 28, 28))
    assert model.sample(5).shape == (5, 1, 28, 28) and elbo(model, x).shape == (12,)
    own = [id(parameter) for parameter in rows.parameters()]
    assert [id(parameter) for parameter in model.parameters()] == own


def test_parameter_count_of_a_peeking_vae():
    dense = parameter_count(VAE.dense())
    # A kernel has all its weights, though only half of them are seen.
    assert parameter_count(PeekingVAE.dense(reach=3, channels=16)) == dense + (49 + 1) * 16 + 17


@every_peeking
def test_each_logit_depends_on_the_code_and_on_the_pixels_before(build, binary):
    model, z = build(), torch.randn(1, 4, generator=torch.Generator().manual_seed(0))
    picture = binary[:1].clone().requires_grad_()
    for i, j in ((0, 0), (13, 14), (27, 27)):
        logits = model.decode_beside(z, picture)
        (gradient,) = torch.autograd.grad(logits[0, 0, i, j], picture)
        order = torch.arange(784).view(28, 28)
        assert (gradient[0, 0][order >= 28 * i + j] == 0).all()
        assert (i, j) == (0, 0) or gradient.abs().max() > 0
    other = model.decode_beside(z + 1, picture)
    assert not torch.equal(other, model.decode_beside(z, picture))


@every_peeking
def test_a_peeking_forward_is_encode_then_draw_then_decode_beside_x(build, binary):
    model = build().eval()
    torch.manual_seed(3)
    out = model(binary)
    assert isinstance(out, VAEOutput) and out.logits.shape == binary.shape
    mu, log_var = model.encode(binary)
    torch.manual_seed(3)
    assert torch.equal(reparameterize(mu, log_var), out.z)
    assert torch.equal(model.decode_beside(out.z, binary), out.logits)


@every_peeking
def test_estimates_of_a_peeking_vae_are_those_of_its_own_likelihood(build, binary):
    model = build()
    mu, log_var = model.encode(binary)
    z = reparameterize(mu, log_var, torch.Generator().manual_seed(1))
    nll = model.nll(model.decode_beside(z, binary), binary).detach()
    expected = -nll - gaussian_kl(mu, log_var).detach()
    torch.testing.assert_close(
        elbo(model, binary, 1, torch.Generator().manual_seed(1)), expected, rtol=1e-5, atol=1e-3
    )
    q, prior = Normal(mu, (log_var / 2).exp()), Normal(0.0, 1.0)
    weight = -nll + (prior.log_prob(z) - q.log_prob(z)).sum(1).detach()
    torch.testing.assert_close(
        log_likelihood(model, binary, 1, torch.Generator().manual_seed(1)),
        weight,
        rtol=1e-5,
        atol=1e-3,
    )


@every_peeking
def test_what_is_drawn_pixel_by_pixel_follows_the_likelihood(build):
    # Replayed: with the whole drawing known, every pixel is what its own logit and noise made it.
    model = build(seed=2)
    z = 2 * torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    drawn = model.draw(z, torch.Generator().manual_seed(5))
    logits = model.decode_beside(z, drawn).detach()
    generator = torch.Generator().manual_seed(5)
    if model.output == "sigmoid":
        u = torch.rand(3, 28, 28, generator=generator)[:, None]
        p = logits.sigmoid()
        sure = (u - p).abs() > 1e-5
        assert torch.equal(drawn[sure], (u < p).float()[sure]) and sure.float().mean() > 0.99
        assert 0 < drawn.mean() < 1
    else:
        noise = torch.randn(3, 28, 28, generator=generator)[:, None]
        # Untrained, it talks itself into large numbers: compared by ratio.
        torch.testing.assert_close(drawn, logits + 0.3 * noise, rtol=1e-5, atol=1e-4)


def test_samples_of_a_peeking_vae_are_drawn_from_the_prior():
    model = PEEKING["sigmoid"]().train()
    state = torch.get_rng_state()
    images = model.sample(2, torch.Generator().manual_seed(0))
    assert torch.equal(torch.get_rng_state(), state) and model.training
    generator = torch.Generator().manual_seed(0)
    assert torch.equal(images, model.draw(torch.randn(2, 4, generator=generator), generator))
    assert images.shape == (2, 1, 28, 28) and not images.requires_grad


@every_peeking
def test_a_peeking_vae_reconstructs_beside_the_truth(build, binary):
    model = build().eval()
    expected = model.to_image(model.decode_beside(model.encode(binary)[0], binary)).detach()
    torch.testing.assert_close(model.reconstruct(binary), expected)


def test_a_code_alone_is_refused_and_the_way_out_named():
    model = PEEKING["sigmoid"]()
    with pytest.raises(ValueError, match=r"decode_beside\(z, x\).*draw\(z\)"):
        model.decode(torch.zeros(1, 4))


@every_peeking
def test_the_gradient_reaches_every_parameter_of_a_peeking_vae(build, binary):
    model = build()
    negative_elbo()(model, binary)["loss"].mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all() and parameter.grad.abs().max() > 0, name


@every_peeking
def test_a_peeking_vae_is_saved_and_loaded(build, binary, tmp_path):
    model = build(seed=3).eval()
    save(model, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    assert type(loaded) is PeekingVAE and loaded.reach == model.reach
    assert loaded.sigma == model.sigma
    z = torch.ones(12, 4)
    assert torch.equal(model.decode_beside(z, binary), loaded.decode_beside(z, binary))


def test_a_strong_decoder_lets_the_code_collapse():
    # Stripes that each row repeats: all but the first row can be seen, and the code is not needed.
    generator = torch.Generator().manual_seed(0)
    stripes = (torch.rand(256, 1, 1, 28, generator=generator) > 0.5).float().expand(-1, 1, 28, 28)
    kl = {}
    for model in (VAE.dense(8, (64,)), PeekingVAE.dense(8, (64,), reach=1)):
        history = fit(model, negative_elbo(), stripes, epochs=20, batch_size=32, lr=1e-2)
        kl[type(model)] = history.terms["kl"][-1]
    assert kl[PeekingVAE] < 1 < 8 < kl[VAE]


@pytest.mark.parametrize("options", [{"reach": 0}, {"channels": 0}])
def test_a_peeking_vae_must_see_something(options):
    with pytest.raises(ValueError, match=r"expected 1 or more of each.*VAE\.dense"):
        PeekingVAE.dense(2, (4,), **options)
    with pytest.raises(ValueError, match="n is 0"):
        PEEKING["sigmoid"]().sample(0)
    with pytest.raises(ValueError, match=r"PeekingVAE\.dense"):
        PeekingVAE.conv()
