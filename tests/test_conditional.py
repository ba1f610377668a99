"""The conditional VAE: the label goes in on both sides, and both listen."""

import pytest
import torch

from course_utils import ConditionalVAE, fit, gaussian_kl, load, negative_elbo, save


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(12, 1, 28, 28, generator=generator), torch.arange(12) % 10


def test_forward_is_encode_draw_decode(batch):
    x, y = batch
    model = ConditionalVAE.dense(4, hidden=(30, 20)).eval()
    logits, mu, log_var, z = model(x, y)
    torch.testing.assert_close((mu, log_var), model.encode(x, y))
    torch.testing.assert_close(model.decode(z, y), logits)
    assert logits.shape == x.shape and z.shape == mu.shape == (12, 4)


def test_both_sides_listen_to_the_label(batch):
    x, y = batch
    model = ConditionalVAE.dense(4, hidden=(30,)).eval()
    other = (y + 1) % 10
    assert (model.encode(x, y)[0] - model.encode(x, other)[0]).abs().min() > 0
    z = torch.zeros(12, 4)
    assert (model.decode(z, y) - model.decode(z, other)).abs().amax((1, 2, 3)).min() > 0


def test_the_bound_takes_images_with_labels(batch):
    x, y = batch
    model = ConditionalVAE.dense(4, hidden=(30,))
    torch.manual_seed(0)
    terms = negative_elbo(2.0)(model, x, y)
    torch.manual_seed(0)
    out = model(x, y)
    torch.testing.assert_close(terms["kl"], gaussian_kl(out.mu, out.log_var))
    torch.testing.assert_close(terms["loss"], model.nll(out.logits, x) + 2 * terms["kl"])
    terms["loss"].mean().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in model.parameters())


def test_shuffled_labels_worsen_the_bound(images):
    # Property 32.
    x, y = images.train, images.train_labels
    model = ConditionalVAE.dense(4, hidden=(64,))
    fit(model, negative_elbo(), (x, y), epochs=60, lr=3e-3)
    shuffled = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(0))]
    with torch.no_grad():
        right, wrong = (negative_elbo()(model, x, labels)["loss"] for labels in (y, shuffled))
    difference = (wrong - right)[shuffled != y]
    assert difference.mean() > 6 * difference.std() / len(difference) ** 0.5


def test_samples_and_reconstructions_are_images_of_the_labels_asked_for(batch):
    x, y = batch
    model = ConditionalVAE.dense(4, hidden=(30,))
    drawn = model.sample(y, torch.Generator().manual_seed(0))
    assert drawn.shape == x.shape == model.reconstruct(x, y).shape
    assert drawn.min() >= 0 and drawn.max() <= 1 and not drawn.requires_grad
    torch.testing.assert_close(drawn, model.sample(y, torch.Generator().manual_seed(0)))
    # The same codes under other labels are other images: style is held, the class changes.
    assert (drawn - model.sample((y + 1) % 10, torch.Generator().manual_seed(0))).abs().max() > 0


def test_save_and_load_are_bit_equal(batch, tmp_path):
    model = ConditionalVAE.dense(4, hidden=(30,), seed=3)
    save(model, tmp_path / "model")
    assert torch.equal(load(tmp_path / "model").reconstruct(*batch), model.reconstruct(*batch))


def test_errors_are_named(batch, unchecked):
    x, y = batch
    model = ConditionalVAE.dense(4, hidden=(30,))
    with pytest.raises(ValueError, match="there are 3 labels for 12 examples"):
        model(x, y[:3])
    with pytest.raises(ValueError, match="labels go from 1 to 10; this model knows 0 to 9"):
        model(x, y + 1)
    with pytest.raises(ValueError, match=r"x has shape \(1, 28, 28\)"):
        model.encode(x[0], y)
