"""The vector quantiser, the autoencoder around it, and the prior over its symbols.

Against brute force, by hand and, where the alphabet is small, by counting everything there is.
"""

import math
from itertools import product

import pytest
import torch

from course_utils import (
    VQVAE,
    SymbolPrior,
    VectorQuantizer,
    bernoulli_nll,
    codebook_perplexity,
    fit,
    load,
    save,
    symbol_likelihood,
    vector_quantization,
    vector_quantized,
)


def vectors(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def x():
    return torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", [(50, 3), (2, 4, 5, 3), (1, 3)])
def test_the_nearest_vector_is_that_of_brute_force(shape):
    # Property 25.
    quantizer = VectorQuantizer(7, 3)
    z = vectors(*shape)
    expected = torch.cdist(z.reshape(-1, 3), quantizer.codebook).argmin(1).view(shape[:-1])
    z_q, indices, _ = quantizer(z)
    assert torch.equal(indices, expected) and torch.equal(indices, quantizer.nearest(z))
    torch.testing.assert_close(z_q, quantizer.codebook[expected])


def test_the_gradient_goes_straight_through():
    # Property 24: bitwise the identity, and nothing of it reaches the codebook.
    quantizer = VectorQuantizer(7, 3)
    z, weights = vectors(20, 3).requires_grad_(), vectors(20, 3, seed=1)
    (quantizer(z).z_q * weights).sum().backward()
    assert torch.equal(z.grad, weights)
    assert quantizer.codebook.grad is None


def test_the_loss_draws_each_to_the_other_and_beta_belongs_to_the_encoder():
    # Property 24, its last part.
    gradients = {}
    for beta in (0.25, 4.0):
        quantizer = VectorQuantizer(7, 3, commitment_cost=beta)
        with torch.no_grad():
            quantizer.codebook.copy_(vectors(7, 3, seed=2))
        z = vectors(20, 3).requires_grad_()
        _, indices, loss = quantizer(z)
        e = quantizer.codebook[indices]
        expected = (1 + beta) * ((z - e) ** 2).sum(1).mean()
        torch.testing.assert_close(loss, expected)
        loss.backward()
        torch.testing.assert_close(z.grad, 2 * beta * (z - e).detach() / 20)
        gradients[beta] = quantizer.codebook.grad
    torch.testing.assert_close(gradients[0.25], gradients[4.0], rtol=0, atol=0)


def test_one_number_per_vector():
    z, e = vectors(4, 5, 3), vectors(4, 5, 3, seed=1)
    expected = 1.25 * ((z - e) ** 2).sum(-1)
    torch.testing.assert_close(vector_quantization(z, e), expected)


def test_without_memory_the_codebook_is_the_means_of_the_batch():
    # Property 26.
    quantizer = VectorQuantizer(5, 3, decay=0.0).train()
    z = vectors(60, 3)
    before = quantizer.codebook.clone()
    indices = quantizer(z).indices
    for k in range(5):
        members = z[indices == k]
        expected = members.mean(0) if len(members) else before[k]
        torch.testing.assert_close(quantizer.codebook[k], expected)


def test_a_moving_average_remembers_and_evaluation_moves_nothing():
    quantizer = VectorQuantizer(1, 2, decay=0.9)
    with torch.no_grad():
        quantizer.codebook.zero_(), quantizer.total.zero_()
    z = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    quantizer.eval()(z)
    assert torch.equal(quantizer.codebook, torch.zeros(1, 2))
    count, total = 1.0, torch.zeros(2)
    for _ in range(3):
        quantizer.train()(z)
        count, total = 0.9 * count + 0.1 * 2, 0.9 * total + 0.1 * z.sum(0)
        torch.testing.assert_close(quantizer.codebook[0], total / count)
    assert not list(quantizer.parameters())


def test_restart_touches_dead_vectors_alone_and_in_training_alone():
    # Property 27.
    quantizer = VectorQuantizer(4, 2, restart=3)
    with torch.no_grad():
        quantizer.codebook.copy_(torch.tensor([[0.0, 0], [1, 0], [50, 50], [60, 60]]))
    z = torch.cat([vectors(10, 2) * 0.1, vectors(10, 2, seed=1) * 0.1 + torch.tensor([1.0, 0])])
    alive = quantizer.codebook[:2].clone()
    for _ in range(5):
        quantizer.eval()(z)
    for _ in range(2):
        quantizer.train()(z)
        assert quantizer.codebook[2:].min() == 50
    quantizer(z)
    assert torch.equal(quantizer.codebook[:2], alive)
    for vector in quantizer.codebook[2:]:
        assert (z == vector).all(1).any()


def test_perplexity_counts_symbols_by_how_evenly_they_are_used():
    # Property 25, its end.
    assert codebook_perplexity(torch.zeros(9, dtype=torch.long), 8) == pytest.approx(1)
    assert codebook_perplexity(torch.arange(8).repeat(3), 8) == pytest.approx(8)
    shares = torch.tensor([0, 0, 0, 1])
    expected = math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    assert codebook_perplexity(shares, 8) == pytest.approx(expected)
    with pytest.raises(ValueError, match="each from 0 to 7"):
        codebook_perplexity(torch.tensor([8]), 8)


@pytest.mark.parametrize("options", [{}, {"decay": 0.9}, {"decay": 0.9, "restart": 2}])
@pytest.mark.parametrize("factory", ["conv", "patches"])
def test_forward_is_encode_quantise_decode(factory, options, x):
    build = {"conv": lambda: VQVAE.conv(16, 5, (4, 6), **options)}
    build["patches"] = lambda: VQVAE.patches(16, 5, 6, **options)
    model = build[factory]().eval()
    logits, z_e, z_q, indices = model(x)
    assert logits.shape == x.shape and z_e.shape == z_q.shape == (6, 7, 7, 5)
    assert torch.equal(model.encode(x), z_e) and torch.equal(model.decode(z_q), logits)
    assert torch.equal(model.symbols(x), indices) and indices.shape == (6, 7, 7)
    torch.testing.assert_close(model.decode_indices(indices), logits)
    torch.testing.assert_close(model.reconstruct(x), torch.sigmoid(logits))


@pytest.mark.parametrize(
    "model", [VQVAE.conv(4, 5, (4, 6)), VQVAE.patches(4, 5, 6)], ids=["conv", "patches"]
)
def test_the_objective_names_its_terms_and_reaches_every_parameter(model, x):
    terms = vector_quantized(0.5)(model, x)
    assert list(terms) == ["loss", "reconstruction", "quantization"]
    assert all(term.shape == (6,) for term in terms.values())
    model.eval()
    terms = vector_quantized(0.5)(model, x)
    out = model(x)
    torch.testing.assert_close(terms["reconstruction"], bernoulli_nll(out.logits, x))
    apart = 1.5 * ((out.z_e - out.z_q) ** 2).sum((1, 2, 3))
    torch.testing.assert_close(terms["quantization"], apart)
    terms["loss"].mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize(("factory", "size"), [(VQVAE.conv, (8, 16)), (VQVAE.patches, 16)])
def test_training_makes_it_better_and_saving_keeps_it(factory, size, images, tmp_path):
    x = images.train[:64]
    model = factory(16, 4, size, decay=0.9, restart=20)
    history = fit(model, vector_quantized(), x, epochs=20, lr=3e-3)
    assert history.terms["reconstruction"][-1] < 0.7 * history.terms["reconstruction"][0]
    save(model, tmp_path / "model")
    assert torch.equal(load(tmp_path / "model").reconstruct(x), model.reconstruct(x))


def test_errors_are_named(x):
    with pytest.raises(ValueError, match="decay is 1; expected 0 or more and less than 1"):
        VectorQuantizer(4, 2, decay=1.0)
    with pytest.raises(ValueError, match="commitment is -1"):
        vector_quantized(-1.0)


# --- the prior over grids of symbols --------------------------------------------------------------


def a_prior(num_symbols=3, shape=(3, 4), num_classes=None):
    """A prior off its first weights, so that nothing is alike or zero by chance."""
    prior = SymbolPrior.conv(num_symbols, 8, 2, shape=shape, num_classes=num_classes).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return prior


def all_grids(num_symbols, shape):
    cells = math.prod(shape)
    return torch.tensor(list(product(range(num_symbols), repeat=cells))).view(-1, *shape)


@pytest.mark.parametrize("num_classes", [None, 2])
def test_what_is_said_of_a_symbol_knows_those_before_it_and_no_other(num_classes):
    prior = a_prior(num_classes=num_classes)
    y = None if num_classes is None else torch.tensor([1])
    grid = torch.randint(3, (1, 3, 4), generator=torch.Generator().manual_seed(0))
    before = prior(grid, y)
    for changed in range(12):
        other = grid.clone().view(-1)
        other[changed] = (other[changed] + 1) % 3
        moved = (prior(other.view(1, 3, 4), y) - before).abs().amax((0, 1)).flatten() > 1e-6
        assert not moved[: changed + 1].any()
        # The network is large enough for all of a grid of this size to be seen, but for what a
        # stack of masked convolutions cannot: everything to the right is reached at least.
        assert changed == 11 or moved[changed + 1 :].any()


def test_causality_by_gradient():
    prior = a_prior(4, (5, 5))
    grid = torch.randint(4, (1, 5, 5), generator=torch.Generator().manual_seed(1))
    seen = prior.symbol(grid).detach().requires_grad_()
    prior.symbol.forward = lambda symbols: seen
    logits = prior(grid)
    for place in range(25):
        (gradient,) = torch.autograd.grad(
            logits.flatten(2)[..., place].sum(), seen, retain_graph=True
        )
        reached = gradient.abs().sum(-1).flatten() > 0
        assert not reached[place:].any()
        assert reached[:place].any() == (place > 0)


@pytest.mark.parametrize("y", [None, 0, 1])
def test_its_probabilities_sum_to_one_over_all_grids(y):
    grids = all_grids(3, (2, 3))
    prior = a_prior(3, (2, 3), None if y is None else 2)
    labels = () if y is None else (torch.full((len(grids),), y),)
    with torch.no_grad():
        nll = prior.nll(grids, *labels)
    assert nll.shape == (729,) and nll.min() >= 0
    torch.testing.assert_close(
        (-nll.double()).exp().sum(), torch.tensor(1.0).double(), rtol=1e-5, atol=0
    )


@pytest.mark.parametrize("y", [None, 1])
def test_samples_occur_as_often_as_they_are_probable(y):
    n, grids = 20_000, all_grids(2, (2, 2))
    prior = a_prior(2, (2, 2), None if y is None else 2)

    def labels(count):
        return None if y is None else torch.full((count,), y)

    drawn = prior.sample(n, torch.Generator().manual_seed(0), y=labels(n))
    assert drawn.shape == (n, 2, 2) and drawn.dtype == torch.long
    with torch.no_grad():
        expected = (-prior.nll(grids, labels(16))).exp()
    counts = (drawn.flatten(1) @ torch.tensor([8, 4, 2, 1])).bincount(minlength=16)
    assert ((counts / n - expected).abs() < 6 * (expected * (1 - expected) / n).sqrt()).all()
    again = prior.sample(n, torch.Generator().manual_seed(0), y=labels(n))
    assert torch.equal(drawn, again)


@pytest.mark.parametrize("num_classes", [None, 10])
def test_a_prior_learns_and_saving_keeps_it(num_classes, tmp_path):
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(10, (64,), generator=generator)
    symbols = (labels[:, None, None] + torch.arange(49).view(7, 7)) % 5
    data = symbols if num_classes is None else (symbols, labels)
    prior = SymbolPrior.conv(5, 16, 1, num_classes=num_classes)
    history = fit(prior, symbol_likelihood, data, epochs=30, batch_size=16, lr=1e-2)
    assert history.terms["loss"][0] < 49 * math.log(5) * 1.3
    assert history.terms["loss"][-1] < 10
    save(prior, tmp_path / "prior")
    again = load(tmp_path / "prior")
    y = None if num_classes is None else labels
    with torch.no_grad():
        assert torch.equal(again.nll(symbols, y), prior.nll(symbols, y))
        terms = symbol_likelihood(prior, *(data if num_classes else (data,)))
        assert torch.equal(terms["loss"], prior.nll(symbols, y))


def test_gradient_reaches_every_parameter_of_the_prior():
    prior = a_prior(num_classes=2)
    grid = torch.randint(3, (8, 3, 4), generator=torch.Generator().manual_seed(0))
    prior.nll(grid, torch.arange(8) % 2).mean().backward()
    for name, parameter in prior.named_parameters():
        assert parameter.grad.abs().max() > 0, name


def test_errors_of_the_prior_are_named():
    prior, labelled = a_prior(), a_prior(num_classes=2)
    grid = torch.zeros(2, 3, 4, dtype=torch.long)
    for call, message in (
        (lambda: prior.nll(grid[:, :2]), r"x has shape \(2, 2, 4\); expected \(batch, 3, 4\)"),
        (lambda: prior.nll(grid, torch.zeros(2, dtype=torch.long)), "leave out y"),
        (lambda: labelled.nll(grid), "give a label y for each grid"),
        (lambda: labelled.nll(grid, torch.tensor([0])), "1 labels for 2 grids"),
        (lambda: labelled.nll(grid, torch.tensor([0, 2])), "labels go from 0 to 2"),
        (lambda: prior.sample(0), "n is 0"),
        (lambda: labelled.sample(2), "give a label y"),
        (lambda: fit(prior, symbol_likelihood, grid.float()), "expected symbols, whole numbers"),
        (lambda: fit(prior, symbol_likelihood, grid + 3), "symbols from 3 to 3; this model knows"),
        (lambda: fit(prior, symbol_likelihood, grid[:, 0]), "x has shape"),
        (lambda: fit(prior, symbol_likelihood, grid[:0]), "at least one"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
