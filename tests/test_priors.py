"""Priors over codes, against torch.distributions, integrals and Jacobians; and the VAEs they serve.

The prior over grids of symbols is in test_quantized.py, the formulas of a mixture and of a residual
posterior in test_losses.py.
"""

import copy
import math

import pytest
import torch
from torch import nn
from torch.distributions import (
    Categorical,
    Independent,
    MixtureSameFamily,
    Normal,
    TransformedDistribution,
)
from torch.distributions.transforms import Transform

from course_utils import (
    VAE,
    FlowPrior,
    MixturePrior,
    NonFiniteLoss,
    NormalPrior,
    PeekingVAE,
    VampPrior,
    bound_parts,
    coupling,
    elbo,
    fit,
    gaussian_kl,
    gaussian_log_density,
    load,
    log_likelihood,
    negative_elbo,
    prior_nll,
    reconstruction_probability,
    reparameterize,
    save,
    squared_error,
)
from course_utils.anomaly import ReconstructionDetector
from course_utils.models.priors import Coupling, code_cost
from course_utils.widgets import draw, scrub

WORDS = ["normal", "mixture", "vamp", "flow"]
FEATURES = 6


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def stirred(prior, seed=0, size=0.3):
    """The prior off its first weights, so that nothing is zero or alike by chance."""
    generator = seeded(seed)
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter += size * torch.randn(parameter.shape, generator=generator)
    return prior.eval()


def a_vamp(latent_dim, components=5):
    encoder = nn.Linear(FEATURES, 2 * latent_dim)
    with torch.no_grad():
        encoder.weight.copy_(torch.randn(encoder.weight.shape, generator=seeded(3)))
    raw = torch.randn(components, FEATURES, generator=seeded(4))
    return VampPrior(encoder, latent_dim, raw)


def doubled(prior):
    """In double precision, and the encoder of a VampPrior, which is not its own, with it."""
    for encoder in getattr(prior, "_encoder", ()):
        encoder.double()
    return prior.double()


PRIORS = {
    "normal": NormalPrior.over,
    "mixture": lambda width: stirred(MixturePrior.over(width, components=5)),
    "vamp": lambda width: a_vamp(width).eval(),
    "flow": lambda width: stirred(FlowPrior.over(width, couplings=4, hidden=16)),
}
every_prior = pytest.mark.parametrize("build", PRIORS.values(), ids=PRIORS)
every_word = pytest.mark.parametrize("word", WORDS)
other_words = pytest.mark.parametrize("word", WORDS[1:])


def a_vae(word="flow", **options):
    return VAE.dense(2, (8,), input_shape=(FEATURES,), prior=word, **options)


@pytest.fixture
def x():
    return torch.rand(40, FEATURES, generator=seeded(1))


# --- densities ------------------------------------------------------------------------------------


@every_prior
@pytest.mark.parametrize("width", [1, 2])
def test_a_density_integrates_to_one(build, width):
    prior = doubled(build(width))
    if width == 1:
        z = torch.linspace(-25, 25, 20_001, dtype=torch.float64)[:, None]
        cell = 50 / 20_000
    else:
        side = torch.linspace(-16, 16, 641, dtype=torch.float64)
        z, cell = torch.cartesian_prod(side, side), (32 / 640) ** 2
    with torch.no_grad():
        total = torch.cat([prior.log_prob(piece) for piece in z.split(50_000)]).exp().sum() * cell
    assert total.item() == pytest.approx(1, abs=2e-3)  # the kinks of a ReLU, cut into cells


@every_prior
def test_draws_follow_the_density(build):
    """The share of draws in each cell of the plane is the density's integral over it."""
    prior, n = doubled(build(2)), 40_000
    z = prior.sample(n, seeded())
    edges = torch.tensor([-30.0, -1.0, -0.3, 0.4, 1.2, 30.0], dtype=torch.float64)
    cells = torch.bucketize(z.contiguous(), edges[1:-1]) @ torch.tensor([5, 1])
    shares = cells.bincount(minlength=25) / n
    side = (torch.linspace(-16, 16, 801, dtype=torch.float64)[:-1]) + 0.02
    grid = torch.cartesian_prod(side, side)
    with torch.no_grad():
        mass = torch.cat([prior.log_prob(piece) for piece in grid.split(200_000)]).exp() * 0.04**2
    where = torch.bucketize(grid.contiguous(), edges[1:-1]) @ torch.tensor([5, 1])
    expected = torch.zeros(25, dtype=torch.float64).index_add_(0, where, mass)
    error = (expected * (1 - expected) / n).sqrt()
    assert ((shares - expected).abs() < 6 * error + 1e-3).all()  # 1e-3: cells cut by an edge


@every_prior
def test_draws_come_from_the_generator_alone(build):
    prior, before = build(3), torch.get_rng_state()
    a, b, other = (prior.sample(5, seeded(seed)) for seed in (0, 0, 1))
    assert torch.equal(a, b) and not torch.equal(a, other)
    assert a.shape == (5, 3) and not a.requires_grad
    assert torch.equal(torch.get_rng_state(), before)


def test_the_normal_prior_is_the_course_s_density_and_torch_s_draws():
    prior, z = NormalPrior.over(4), torch.randn(7, 4, generator=seeded())
    assert torch.equal(prior.log_prob(z), gaussian_log_density(z)) and not list(prior.parameters())
    assert torch.equal(prior.sample(7, seeded()), z)
    assert torch.equal(prior(z), prior.log_prob(z))


def test_a_mixture_is_that_of_torch():
    prior = stirred(MixturePrior.over(3, components=6), size=1.0)
    each = Independent(Normal(prior.means, (prior.log_vars / 2).exp()), 1)
    torchs = MixtureSameFamily(Categorical(logits=prior.logits), each)
    z = 3 * torch.randn(20, 3, generator=seeded())
    torch.testing.assert_close(prior.log_prob(z), torchs.log_prob(z))


def test_a_vamp_prior_is_the_mean_of_what_the_encoder_says_of_its_pictures():
    prior = a_vamp(2).eval()
    (encoder,) = prior._encoder
    mu, log_var = encoder(prior.pseudo_inputs).chunk(2, dim=1)
    each = Independent(Normal(mu, (log_var / 2).exp()), 1)
    torchs = MixtureSameFamily(Categorical(logits=torch.zeros(5)), each)
    z = torch.randn(20, 2, generator=seeded())
    torch.testing.assert_close(prior.log_prob(z), torchs.log_prob(z))
    assert prior.pseudo_inputs.min() > 0 and prior.pseudo_inputs.max() < 1


def test_the_pseudo_inputs_of_a_linear_model_are_any_numbers():
    raw = 9 * torch.randn(5, FEATURES, generator=seeded())
    assert torch.equal(VampPrior(nn.Linear(FEATURES, 4), 2, raw, "linear").pseudo_inputs, raw)


# --- couplings and flows --------------------------------------------------------------------------


def moves(z):
    return torch.sin(z.cumsum(1)) + 0.3, z.flip(1) ** 2 - 1


@pytest.mark.parametrize("mask", [[1, 0, 1, 0], [0, 0, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0]])
def test_the_log_determinant_of_a_coupling_is_that_of_its_jacobian(mask):
    mask = torch.tensor(mask, dtype=torch.float64)
    z = torch.randn(5, 4, generator=seeded(), dtype=torch.float64)

    def layer(z):
        return coupling(z, mask, lambda h: moves(h)[0], lambda h: moves(h)[1])

    y, log_det = layer(z)
    for row in range(5):
        jacobian = torch.func.jacrev(lambda one: layer(one[None])[0][0])(z[row])
        assert log_det[row].item() == pytest.approx(jacobian.slogdet()[1].item(), abs=1e-12)
    assert torch.equal(y[:, mask == 1], z[:, mask == 1])
    scale, shift = moves(z * mask)
    moved = (z * scale.exp() + shift)[:, mask == 0]
    torch.testing.assert_close(y[:, mask == 0], moved)


def test_a_flow_is_the_identity_at_first():
    prior, z = FlowPrior.over(5), torch.randn(7, 5, generator=seeded())
    assert torch.equal(prior.to_noise(z)[0], z)
    assert torch.equal(prior.log_prob(z), gaussian_log_density(z))


@pytest.mark.parametrize("width", [1, 2, 7])
def test_the_way_back_is_the_inverse(width):
    prior = stirred(FlowPrior.over(width, hidden=16)).double()
    z = 2 * torch.randn(50, width, generator=seeded(), dtype=torch.float64)
    with torch.no_grad():
        epsilon, _ = prior.to_noise(z)
        assert (epsilon - z).abs().max() > 0.1, "it does something"
        torch.testing.assert_close(prior.from_noise(epsilon), z, rtol=0, atol=1e-9)


class TheFlow(Transform):
    """From noise to code, as torch.distributions wants it."""

    domain = codomain = torch.distributions.constraints.real_vector
    bijective = True

    def __init__(self, prior):
        super().__init__()
        self.prior = prior

    def _call(self, epsilon):
        return self.prior.from_noise(epsilon)

    def _inverse(self, z):
        return self.prior.to_noise(z)[0]

    def log_abs_det_jacobian(self, epsilon, z):
        jacobian = torch.func.vmap(
            torch.func.jacrev(lambda one: self.prior.from_noise(one[None])[0])
        )(epsilon)
        return jacobian.slogdet()[1]


def test_a_flow_is_torch_s_transformed_distribution():
    prior = stirred(FlowPrior.over(3, hidden=16)).double()
    base = Independent(Normal(torch.zeros(3).double(), torch.ones(3).double()), 1)
    z = torch.randn(20, 3, generator=seeded(), dtype=torch.float64)
    torchs = TransformedDistribution(base, TheFlow(prior))
    torch.testing.assert_close(prior.log_prob(z), torchs.log_prob(z), rtol=1e-9, atol=1e-9)


def test_every_number_is_moved_by_some_coupling():
    prior = FlowPrior.over(9, couplings=2)
    first, second = (layer.mask for layer in prior.couplings)
    assert torch.equal(first + second, torch.ones(9)) and 0 < first.sum() < 9


def test_no_coupling_stretches_by_more_than_e():
    prior = stirred(FlowPrior.over(4, couplings=1, hidden=8), size=30.0)
    _, log_det = prior.to_noise(torch.randn(50, 4, generator=seeded()))
    free = (1 - prior.couplings[0].mask).sum()
    assert 0.9 * free < log_det.abs().max() <= free


def test_parameter_counts():
    def count(prior):
        return sum(p.numel() for p in prior.parameters())

    assert count(MixturePrior.over(20, 7)) == 7 * (20 + 20 + 1)
    one = (20 * 64 + 64) + (64 * 64 + 64) + (64 * 40 + 40)
    assert count(FlowPrior.over(20)) == 8 * one
    assert count(a_vamp(2)) == 5 * FEATURES, "the encoder's weights are the VAE's"


# --- a VAE and its prior --------------------------------------------------------------------------


@every_word
def test_one_word_changes_the_prior_and_no_other_weight(word):
    plain, other = a_vae("normal", seed=5).state_dict(), a_vae(word, seed=5).state_dict()
    assert all(torch.equal(other[name], value) for name, value in plain.items())
    assert all(name.startswith("prior.") for name in other.keys() - plain.keys())


@every_word
def test_it_is_saved_and_loaded(word, x, tmp_path):
    model = a_vae(word)
    stirred(model, size=0.1)
    save(model, tmp_path / "it")
    again = load(tmp_path / "it")
    assert torch.equal(elbo(again, x, 1, seeded()), elbo(model, x, 1, seeded()))
    assert torch.equal(again.sample(3, seeded()), model.sample(3, seeded()))


@pytest.mark.parametrize("word", ["normal", "mixture", "flow"])
def test_a_prior_is_saved_by_itself(word, tmp_path):
    prior, z = PRIORS[word](3), torch.randn(4, 3, generator=seeded())
    save(prior, tmp_path / "it")
    assert torch.equal(load(tmp_path / "it").log_prob(z), prior.log_prob(z))


@other_words
def test_a_convolutional_one_learns_with_its_prior(word):
    pictures = torch.rand(64, 1, 8, 8, generator=seeded())
    model = VAE.conv(3, (4,), input_shape=(1, 8, 8), prior=word)
    before = copy.deepcopy(model.prior.state_dict())
    running = model.encoder[1].running_mean.clone()
    history = fit(model, negative_elbo(), pictures, epochs=6, lr=1e-2, progress=False)
    assert history.terms["loss"][-1] < history.terms["loss"][0]
    after = model.prior.state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert not torch.equal(model.encoder[1].running_mean, running)


def test_the_pseudo_inputs_leave_the_encoder_s_running_means_and_its_mode_alone():
    model = VAE.conv(3, (4,), input_shape=(1, 8, 8), prior="vamp").train()
    running = model.encoder[1].running_mean.clone()
    z = torch.randn(5, 3, generator=seeded())
    in_training = model.prior.log_prob(z)
    assert torch.equal(model.encoder[1].running_mean, running) and model.encoder[1].training
    torch.testing.assert_close(model.eval().prior.log_prob(z), in_training)


@other_words
def test_the_gradient_reaches_prior_and_encoder(word, x):
    model = stirred(a_vae(word), size=0.1).train()
    torch.manual_seed(0)
    negative_elbo()(model, x)["loss"].sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_a_vamp_prior_counts_the_encoder_once_and_follows_it(x):
    model = a_vae("vamp")
    names = [name for name, _ in model.named_parameters()]
    assert [name for name in names if name.startswith("prior.")] == ["prior.raw"]
    twin = copy.deepcopy(model)
    z = torch.zeros(1, 2)
    before = twin.prior.log_prob(z)
    with torch.no_grad():
        model.encoder[-1].bias += 1.0  # of the first model alone
    torch.testing.assert_close(twin.prior.log_prob(z), before)
    with torch.no_grad():
        twin.encoder[-1].bias += 1.0
    assert (twin.prior.log_prob(z) - before).abs() > 1e-3


@other_words
def test_a_prior_is_fitted_to_codes_and_the_vae_stays(word, x):
    vae = a_vae("normal")
    other = vae.with_prior(word)
    mu, log_var = vae.encode(x)
    codes = 3 + reparameterize(mu, log_var, seeded()).detach()
    before = copy.deepcopy(vae.state_dict())
    first = -other.prior.log_prob(codes).mean()
    fit(other.prior, prior_nll, codes, epochs=40, lr=0.1, progress=False)
    assert -other.prior.log_prob(codes).mean() < first - 0.2
    assert all(torch.equal(vae.state_dict()[name], value) for name, value in before.items())


def test_with_prior_shares_the_networks_and_can_be_saved_where_it_is_a_word(tmp_path):
    vae = a_vae("normal")
    other = vae.with_prior("flow", seed=3)
    assert other.encoder is vae.encoder and isinstance(vae.prior, NormalPrior)
    save(stirred(other), tmp_path / "it")
    z = torch.randn(4, 2, generator=seeded())
    assert torch.equal(load(tmp_path / "it").prior.log_prob(z), other.prior.log_prob(z))
    with pytest.raises(ValueError, match="no recipe to save"):
        save(vae.with_prior(FlowPrior.over(2, couplings=3)), tmp_path / "own")
    save(vae, tmp_path / "plain")  # its own recipe is as it was


# --- bounds and estimates -------------------------------------------------------------------------


def test_under_the_normal_prior_all_is_as_it_was(x):
    model = a_vae("normal")
    torch.manual_seed(3)
    terms = negative_elbo()(model, x)
    torch.manual_seed(3)
    out = model(x)
    kl = gaussian_kl(out.mu, out.log_var)
    assert torch.equal(terms["kl"], kl)
    assert torch.equal(terms["loss"], model.nll(out.logits, x) + kl)


class Twice(nn.Module):
    """N(0, I) by hand: what is not known to have a closed form."""

    latent_dim = 2

    def log_prob(self, z):
        return Normal(0.0, 1.0).log_prob(z).sum(1)

    def sample(self, n, generator=None):
        return torch.randn(n, 2, generator=generator)


def test_the_estimate_has_the_mean_of_the_closed_form(x):
    """log q - log p for N(0, I), which the formula knows, within six standard errors."""
    vae, n = stirred(a_vae("normal")), 4000
    own = vae.with_prior(Twice())
    mu, log_var = vae.encode(x[:3])
    many = [each.detach().repeat_interleave(n, 0) for each in (mu, log_var)]
    draws = code_cost(own, *many, reparameterize(*many, seeded())).view(3, n)
    error = draws.std(1) / math.sqrt(n)
    assert ((draws.mean(1) - gaussian_kl(mu, log_var)).abs() < 6 * error).all()
    assert draws.min() < 0, "a single draw may be negative"


def test_bound_and_likelihood_are_those_of_the_prior(x):
    model = stirred(a_vae("flow"))
    z = [reparameterize(*model.encode(x), generator) for generator in [seeded()] for _ in range(3)]
    mu, log_var = model.encode(x)
    q = Normal(mu, (log_var / 2).exp())
    log_w = torch.stack(
        [
            model.prior.log_prob(each) - model.nll(model.decode(each), x) - q.log_prob(each).sum(1)
            for each in z
        ]
    ).detach()
    torch.testing.assert_close(elbo(model, x, 3, seeded()), log_w.mean(0))
    expected = log_w.logsumexp(0) - math.log(3)
    torch.testing.assert_close(log_likelihood(model, x, 3, seeded()), expected)
    torch.manual_seed(5)
    terms = negative_elbo()(model, x)
    torch.manual_seed(5)
    out = model(x)
    kl = Normal(out.mu, (out.log_var / 2).exp()).log_prob(out.z).sum(1)
    torch.testing.assert_close(terms["kl"], kl - model.prior.log_prob(out.z))
    drawn_again = reconstruction_probability(model, x, 2, seeded())
    expected = -torch.stack([model.nll(model.decode(each), x) for each in z[:2]]).mean(0)
    torch.testing.assert_close(drawn_again, expected.detach())


@other_words
def test_a_sample_is_decoded_from_the_prior_s_code(word):
    model = stirred(a_vae(word))
    expected = model.to_image(model.decode(model.prior.sample(4, seeded())))
    assert torch.equal(model.sample(4, seeded()), expected.detach())


def test_a_peeking_vae_draws_its_codes_from_its_prior():
    parts = PeekingVAE.dense(2, (8,), reach=1, channels=2, input_shape=(1, 4, 4))
    model = parts.with_prior(stirred(FlowPrior.over(2, hidden=8), size=1.0))
    generator = seeded()
    z = model.prior.sample(3, generator)
    assert torch.equal(model.sample(3, seeded()), model.draw(z, generator))
    assert model.recipe is None


def test_the_detector_s_bound_is_that_of_the_prior(x):
    rows = x.numpy()
    model = a_vae("flow", output="linear")
    stirred(model.prior, size=0.4)
    detector = ReconstructionDetector(model, score="elbo", steps=0, random_state=0).fit(rows)
    scaled = detector._scaled(rows.astype(float))
    single = torch.stack([elbo(detector.model_, scaled, 1, seeded(i)) for i in range(100)])
    error = single.std(0).square().div(16).sum().sqrt().item() / len(rows)  # of a mean of 16 draws
    mine = detector.score_samples(rows).mean()
    assert mine == pytest.approx(single.mean().item(), abs=7 * error)
    plain = detector.model_.with_prior("normal")
    assert abs(mine - elbo(plain, scaled, 100, seeded()).mean().item()) > 14 * error


# --- what cannot be -------------------------------------------------------------------------------

REFUSED = {
    "no such word": (
        lambda: a_vae("flwo"),
        "prior is 'flwo'; expected 'normal', 'mixture', 'vamp' or 'flow'",
    ),
    "no such word, afterwards": (
        lambda: a_vae().with_prior("flwo"),
        "prior is 'flwo'; expected 'normal', 'mixture', 'vamp', 'flow' or a module",
    ),
    "no prior": (
        lambda: a_vae().with_prior(nn.Linear(2, 2)),
        "prior is a Linear; expected a module with log_prob(z) and sample(n, generator), such as "
        "FlowPrior.over(20)",
    ),
    "another width": (
        lambda: a_vae().with_prior(FlowPrior.over(3)),
        "the prior is over codes of 3 numbers, and this model's have 2; build FlowPrior.over(2)",
    ),
    "codes of another width": (
        lambda: FlowPrior.over(3).log_prob(torch.zeros(4, 2)),
        "z has shape (4, 2); expected (batch, 3), one row for each code: build FlowPrior.over(2)",
    ),
    "one code": (
        lambda: MixturePrior.over(3).log_prob(torch.zeros(3)),
        "z has shape (3,); expected (batch, 3), one row for each code: z[None] for a single one",
    ),
    "no draw": (
        lambda: FlowPrior.over(3).sample(0),
        "n is 0; expected the number of codes to draw, 1 or more",
    ),
    "draws of unknown width": (
        lambda: VAE(nn.Linear(6, 4), nn.Linear(2, 6)).sample(2),
        "the width of the code is unknown; build with VAE(..., latent_dim=...)",
    ),
    "a word for parts of unknown shape": (
        lambda: VAE(nn.Linear(6, 4), nn.Linear(2, 6), latent_dim=2).with_prior("vamp"),
        "the width of the code or the shape of x is unknown; build with VAE(..., latent_dim=..., "
        "input_shape=...)",
    ),
    "free bits": (
        lambda: negative_elbo(free_bits=0.1)(a_vae(), torch.rand(3, FEATURES)),
        "this model's prior is a FlowPrior, and free_bits are counted for each dimension, of which "
        "its KL is no sum; leave free_bits out",
    ),
    "bound_parts": (
        lambda: bound_parts(a_vae(), torch.rand(3, FEATURES)),
        "this model's prior is a FlowPrior, and under it the KL is no sum over dimensions; "
        "elbo(model, x) is right for any prior, and so are both terms of negative_elbo()",
    ),
    "draw": (
        lambda: draw(VAE.dense(2, (8,), prior="mixture")),
        "this model's prior is a MixturePrior, and the page computes the KL to N(0, I); "
        'draw(model.with_prior("normal")) shows the same encoder and decoder',
    ),
    "scrub": (
        lambda: scrub(VAE.dense(2, (8,), prior="vamp")),
        "this model's prior is a VampPrior, and the page draws its random codes from N(0, I); "
        'scrub(model.with_prior("normal")) shows the same decoder',
    ),
    "another model's objective": (
        lambda: fit(FlowPrior.over(3), negative_elbo(), torch.zeros(8, 3), progress=False),
        "negative_elbo is made for a VAE or a ConditionalVAE, and this model is a FlowPrior; "
        "take prior_nll",
    ),
}


@pytest.mark.parametrize(("act", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_said_in_a_sentence(act, sentence, unchecked):
    with pytest.raises(ValueError) as error:
        act()
    assert str(error.value) == sentence


@pytest.mark.parametrize("act", [lambda p: p.sample(3), lambda p: p.log_prob(torch.zeros(1, 2))])
def test_a_flow_that_is_no_longer_finite_says_so(act):
    prior = FlowPrior.over(2).eval()
    with torch.no_grad():
        prior.couplings[3].network[0].weight[0, 0] = math.nan
    with pytest.raises(ValueError, match="this FlowPrior gives nan or infinite numbers, as its"):
        act(prior)


@pytest.mark.parametrize("shift", [1e8, -1e12])
def test_a_flow_that_is_not_invertible_any_more_says_so(shift):
    prior = stirred(FlowPrior.over(4), size=0.1).eval()
    assert prior.sample(1000, seeded()).isfinite().all()
    with torch.no_grad():
        prior.couplings[3].network[-1].bias[4:] = shift
    with pytest.raises(
        ValueError, match="this FlowPrior cannot be inverted any more: its codes do"
    ):
        prior.sample(3, seeded())


def test_a_coupling_wants_a_mask_of_ones_and_zeros():
    with pytest.raises(ValueError, match="mask holds other numbers than 0 and 1; with them a"):
        Coupling(torch.tensor([1.0, 0.5]), 8)


def test_pseudo_inputs_are_saved_with_their_vae(tmp_path):
    with pytest.raises(ValueError, match="a VampPrior asks the encoder of its VAE and is"):
        save(a_vae("vamp").prior, tmp_path / "it")
    assert not list(tmp_path.iterdir())


def test_in_training_it_is_fit_that_says_so():
    def exploding(model, z):
        return {"loss": prior_nll(model, z)["loss"] * math.nan}

    with pytest.raises(NonFiniteLoss):
        fit(FlowPrior.over(2), exploding, torch.zeros(8, 2), progress=False)


def test_a_prior_of_one_s_own_tells_its_width():
    model = VAE(nn.Linear(FEATURES, 4), nn.Linear(2, FEATURES), prior=Twice())
    assert model.latent_dim == 2 and model.sample(3).shape == (3, FEATURES)
    x = torch.rand(64, FEATURES, generator=seeded())
    fit(model, negative_elbo(), x, epochs=1, progress=False)
    assert squared_error(model.reconstruct(x), x).mean() < 10
