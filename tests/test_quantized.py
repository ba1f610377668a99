"""The vector quantiser and the autoencoder around it, against brute force and by hand."""

import math

import pytest
import torch

from course_utils import (
    VQVAE,
    VectorQuantizer,
    bernoulli_nll,
    codebook_perplexity,
    fit,
    load,
    save,
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
def test_forward_is_encode_quantise_decode(options, x):
    model = VQVAE.conv(16, 5, (4, 6), **options).eval()
    logits, z_e, z_q, indices = model(x)
    assert logits.shape == x.shape and z_e.shape == z_q.shape == (6, 7, 7, 5)
    assert torch.equal(model.encode(x), z_e) and torch.equal(model.decode(z_q), logits)
    assert torch.equal(model.symbols(x), indices) and indices.shape == (6, 7, 7)
    torch.testing.assert_close(model.decode_indices(indices), logits)
    torch.testing.assert_close(model.reconstruct(x), torch.sigmoid(logits))


def test_the_objective_names_its_terms_and_reaches_every_parameter(x):
    model = VQVAE.conv(4, 5, (4, 6))
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


def test_training_makes_it_better_and_saving_keeps_it(images, tmp_path):
    x = images.train[:64]
    model = VQVAE.conv(16, 4, (8, 16), decay=0.9, restart=20)
    history = fit(model, vector_quantized(), x, epochs=20, lr=3e-3)
    assert history.terms["reconstruction"][-1] < 0.7 * history.terms["reconstruction"][0]
    save(model, tmp_path / "model")
    assert torch.equal(load(tmp_path / "model").reconstruct(x), model.reconstruct(x))


def test_errors_are_named(x):
    with pytest.raises(ValueError, match="decay is 1; expected 0 or more and less than 1"):
        VectorQuantizer(4, 2, decay=1.0)
    with pytest.raises(ValueError, match="commitment is -1"):
        vector_quantized(-1.0)
