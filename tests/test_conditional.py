"""The conditional VAE: the label goes in on both sides, and both listen."""

import re

import pytest
import torch

from course_utils import ConditionalVAE, SymbolPrior, fit, gaussian_kl, load, negative_elbo, save


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
    fit(model, negative_elbo(), (x, y), epochs=15, lr=3e-3)
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


FORMS_OF_LABELS = {
    "a column": (lambda y: y[:, None], r"y has shape \(12, 1\); expected a row .*: y\[:, 0\]$"),
    "two axes": (lambda y: y[None], r"y has shape \(1, 12\); expected a row of labels.*: y\[0\]$"),
    "one-hot": (
        lambda y: torch.eye(10)[y],
        r"y has shape \(12, 10\); .*one-hot, so y\.argmax\(1\)$",
    ),
    "one-hot integers": (lambda y: torch.eye(10).long()[y], r"one-hot, so y\.argmax\(1\)$"),
    "shares": (
        lambda y: torch.full((12, 10), 0.1),
        r"\(12, 10\); expected .* each of the examples$",
    ),
    "broken numbers": (lambda y: y + 0.7, "y holds 0.7; expected whole numbers from 0 to 9"),
    "nan": (lambda y: y * torch.nan, "y holds nan; expected whole numbers from 0 to 9"),
    "infinite": (lambda y: y / 0.0, "y holds (nan|inf); expected whole numbers from 0 to 9"),
    "from 1": (lambda y: y + 1, "labels go from 1 to 10; this model knows 0 to 9: y - 1$"),
    "negative": (lambda y: y - 1, "labels go from -1 to 8; this model knows 0 to 9$"),
    "too few": (lambda y: y[:3], "there are 3 labels for 12 examples: give one for each"),
    "one label": (lambda y: y[0], r"y has shape \(\); expected .*: y\.reshape\(1\)$"),
    "a number": (
        lambda y: 3,
        r"y is 3; expected a row of labels, .* such as torch\.tensor\(\[3\]\)",
    ),
    "a list": (lambda y: y.tolist(), r"y is a list; expected a tensor: torch\.as_tensor\(y\)"),
    "an array": (lambda y: y.numpy(), r"y is a ndarray; expected a tensor: torch\.as_tensor\(y\)"),
    "nothing": (lambda y: None, "y is a NoneType; expected a tensor"),
}


@pytest.mark.parametrize(("form", "message"), FORMS_OF_LABELS.values(), ids=FORMS_OF_LABELS)
def test_labels_in_another_form_are_answered_with_the_way_out(form, message, batch, unchecked):
    x, y = batch
    model, wrong = ConditionalVAE.dense(4, hidden=(30,)), form(y)
    prior = SymbolPrior.conv(3, 4, shape=(2, 2), num_classes=10)
    calls = [
        lambda: model(x, wrong),
        lambda: model.encode(x, wrong),
        lambda: model.decode(torch.zeros(12, 4), wrong),
        lambda: model.reconstruct(x, wrong),
        lambda: model.one_hot(wrong, 12),
    ]
    if "labels for" not in message:  # as many are drawn as there are labels
        calls.append(lambda: model.sample(wrong))
    for call in calls:
        with pytest.raises(ValueError, match=message):
            call()
    if wrong is not None:  # a prior may do without
        grids = torch.zeros(12, 2, 2, dtype=torch.long)
        for call in (lambda: prior.nll(grids, wrong), lambda: prior.sample(12, y=wrong)):
            with pytest.raises(ValueError, match=message.replace("examples", "grids")):
                call()


@pytest.mark.parametrize("kind", [torch.int32, torch.uint8, torch.int64, torch.float32])
def test_labels_may_be_whole_numbers_of_any_kind(kind, batch, unchecked):
    x, y = batch
    model = ConditionalVAE.dense(4, hidden=(30,))
    assert torch.equal(model.reconstruct(x, y.to(kind)), model.reconstruct(x, y))


def test_the_way_out_of_other_forms_gives_the_labels(batch, unchecked):
    x, y = batch
    model = ConditionalVAE.dense(4, hidden=(30,))
    for form in ("a column", "two axes", "one-hot", "from 1", "a list", "an array"):
        given = FORMS_OF_LABELS[form][0](y)
        with pytest.raises(ValueError, match=r"expected|knows") as error:
            model.encode(x, given)
        advice = re.search(r"(torch\S+|y[.\[ ].*)$", str(error.value).split(": ")[-1]).group(0)
        advice = advice.removeprefix("it is one-hot, so ")
        assert torch.equal(eval(advice, {"y": given, "torch": torch}), y), advice


def test_pieces_give_what_the_whole_gives(batch):
    x, y = (each.repeat(100, *[1] * (each.ndim - 1)) for each in batch)
    model = ConditionalVAE.dense(4, hidden=(30,))
    sizes = []
    model.encoder.register_forward_hook(lambda module, inputs, out: sizes.append(len(out)))
    pieces = model.reconstruct(x, y)
    assert sizes == [1000, 200]
    with torch.no_grad():
        whole = model.to_image(model.decode(model.encode(x, y)[0], y))
    torch.testing.assert_close(pieces, whole, rtol=1e-5, atol=1e-6)


def test_a_code_that_does_not_fit_gets_a_sentence(unchecked):
    model, y = ConditionalVAE.dense(4, 3, (8,)), torch.tensor([1, 2])
    assert model.decode(torch.randn(2, 4), y).shape == (2, 1, 28, 28)
    with pytest.raises(ValueError, match=r"z has shape \(2, 7\); expected \(batch, 4\)"):
        model.decode(torch.randn(2, 7), y)  # as long as code and label together
    with pytest.raises(ValueError, match=r"z\[None\] for a single one"):
        model.decode(torch.randn(4), y[:1])
