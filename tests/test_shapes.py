"""Pictures of any shape: every factory, any number of channels, any height and width from 8 up."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_utils import (
    VAE,
    VQVAE,
    Autoencoder,
    ConditionalVAE,
    PeekingVAE,
    SymbolPrior,
    bernoulli_reconstruction,
    contractive,
    denoising,
    fit,
    gaussian_noise,
    load,
    negative_elbo,
    reconstruction,
    save,
    sparse,
    vector_quantized,
)
from course_utils._running import evaluating
from course_utils.models import blocks
from course_utils.training.sealed import write_sealed

FACTORIES = {
    "dense": (lambda s: Autoencoder.dense(3, (6,), input_shape=s), denoising(gaussian_noise(0.2))),
    "tied": (lambda s: Autoencoder.dense(3, (6,), tied=True, input_shape=s), contractive(0.1)),
    "linear": (lambda s: Autoencoder.linear(3, input_shape=s), reconstruction),
    "conv": (lambda s: Autoencoder.conv(3, (2, 3), input_shape=s), bernoulli_reconstruction),
    "conv, sparse": (lambda s: Autoencoder.conv(3, (2, 3, 2), input_shape=s), sparse(0.1)),
    "VAE": (lambda s: VAE.dense(3, (6,), input_shape=s), negative_elbo()),
    "VAE.conv": (lambda s: VAE.conv(3, (2, 3, 4), input_shape=s), negative_elbo(beta=2.0)),
    "deep VAE.conv": (lambda s: VAE.conv(3, (2,) * 7, input_shape=s), negative_elbo()),
    "peeking": (
        lambda s: PeekingVAE.dense(3, (6,), channels=2, input_shape=s),
        negative_elbo(),
    ),
    "conditional": (lambda s: ConditionalVAE.dense(3, 4, (6,), input_shape=s), negative_elbo()),
    "VQVAE": (lambda s: VQVAE.conv(4, 2, (2, 3), input_shape=s), vector_quantized()),
    "patches": (lambda s: VQVAE.patches(4, 2, 3, decay=0.9, input_shape=s), vector_quantized()),
}
every_factory = pytest.mark.parametrize(
    ("build", "objective"), FACTORIES.values(), ids=FACTORIES.keys()
)
shapes = st.tuples(st.integers(1, 4), st.integers(8, 40), st.integers(8, 40))


def pictures(n, shape):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(0))


def grid_of(shape):
    """How many places the code has: for every 4 pixels one, and one for a rest."""
    return tuple(math.ceil(side / 4) for side in shape[1:])


def assert_drawn(images, shape, model):
    assert images.shape[1:] == shape and images.isfinite().all()
    assert model.output == "linear" or (images.min() >= 0 and images.max() <= 1)


@every_factory
@settings(max_examples=8)
@given(shape=shapes)
def test_every_factory_takes_every_shape(build, objective, shape, tmp_path_factory):
    """Built, trained by a step, drawn with, saved and loaded."""
    model, x = build(shape), pictures(5, shape)
    labels = (torch.arange(5) % 4,) if isinstance(model, ConditionalVAE) else ()
    history = fit(model, objective, (x, *labels), epochs=1, batch_size=5, progress=False)
    assert all(math.isfinite(value) for values in history.terms.values() for value in values)
    assert model.input_shape == shape
    assert_drawn(model.reconstruct(x, *labels), shape, model)
    with evaluating(model):
        assert model(x, *labels).logits.shape == x.shape
        if isinstance(model, VQVAE):
            symbols = model.symbols(x)
            assert symbols.shape == (5, *grid_of(shape))
            assert_drawn(model.to_image(model.decode_indices(symbols)), shape, model)
        elif not isinstance(model, PeekingVAE):
            z = torch.zeros(5, 3)
            assert_drawn(model.to_image(model.decode(z, *labels)), shape, model)
    if isinstance(model, PeekingVAE):
        assert model.decode_beside(torch.zeros(5, 3), x).shape == x.shape
    elif isinstance(model, VAE):
        assert_drawn(model.sample(2), shape, model)
    elif labels:
        assert_drawn(model.sample(labels[0]), shape, model)
    path = tmp_path_factory.mktemp("models") / "model.safetensors"
    save(model, path)
    again = load(path)
    assert again.input_shape == shape
    with evaluating(model):
        expected = model.reconstruct(x, *labels)
    assert torch.equal(again.reconstruct(x, *labels), expected)


def positive(network):
    """The same layers with weights above 0: whatever is seen then makes a difference, a larger one
    where more is seen."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_().add_(0.1)
    return network.eval()


PAIRS = {
    "conv": lambda s: (blocks.conv_encoder(s, (2, 3, 2), 4), blocks.conv_decoder(4, (2, 3, 2), s)),
    "grid": lambda s: (
        blocks.conv_grid_encoder(s, (2, 3), 4),
        blocks.conv_grid_decoder(4, (3, 2), s),
    ),
    "patches": lambda s: (blocks.patch_encoder(s, 3, 4), blocks.patch_decoder(4, 3, s)),
}


@pytest.mark.parametrize("build", PAIRS.values(), ids=PAIRS)
@settings(max_examples=25)
@given(shape=shapes)
def test_every_pixel_is_seen_and_drawn(build, shape):
    """No row or column is left over at an edge, on the way in or on the way back."""
    encoder, decoder = map(positive, build(shape))
    x = pictures(1, shape).requires_grad_()
    code = encoder(x)
    code.sum().backward()
    assert (x.grad > 0).all()
    with torch.no_grad():
        drawn = decoder(code)
        assert drawn.shape == x.shape and (decoder(code + 1) > drawn).all()


def parameter_count(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_parameters_of_other_shapes_by_hand():
    def conv(before, after, kernel=9):
        return before * after * kernel + after

    def norm(*maps):
        return 2 * sum(maps)

    # 33 → 17 → 9 and 18 → 9 → 5: 45 places of 6 maps.
    there = conv(3, 4) + conv(4, 6) + norm(4, 6)
    back = conv(6, 4) + conv(4, 3) + norm(4)
    expected = there + (6 * 45 + 1) * 10 + (5 + 1) * 6 * 45 + back
    assert parameter_count(VAE.conv(5, (4, 6), input_shape=(3, 33, 18))) == expected
    looks = conv(2, 5) + conv(5, 5) + norm(5, 5)
    patches = conv(3, 5, 64) + conv(5, 5, 1) + conv(5, 2, 1) + norm(5, 5) + 7 * 2
    expected = patches + looks + conv(5, 3, 64)
    assert parameter_count(VQVAE.patches(7, 2, 5, input_shape=(3, 33, 18))) == expected
    peek = 3 * 2 * 25 + 2 + 2 * 3 + 3
    dense = VAE.dense(2, (7,), input_shape=(3, 9, 8))
    model = PeekingVAE.dense(2, (7,), channels=2, input_shape=(3, 9, 8))
    assert parameter_count(model) == parameter_count(dense) + peek


def test_the_patches_of_the_courses_own_pictures_are_what_they_were():
    """7 × 7 places, each beginning 2 pixels before its own 4."""
    encoder, decoder = (
        blocks.patch_encoder((1, 28, 28), 3, 2),
        blocks.patch_decoder(2, 3, (1, 28, 28)),
    )
    assert encoder[0].padding == decoder[-1].padding == (2, 2)
    assert decoder[-1].output_padding == (0, 0)


def test_a_file_from_before_there_were_other_shapes_is_read(tmp_path):
    for model in (VAE.conv(2, (2, 3)), VQVAE.patches(4, 2, 3), PeekingVAE.dense(2, (4,))):
        recipe = {**model.recipe, "arguments": dict(model.recipe["arguments"])}
        del recipe["arguments"]["input_shape"]
        path = tmp_path / "old.safetensors"
        write_sealed(path, model.state_dict(), "recipe", recipe)
        x = pictures(2, (1, 28, 28))
        again = load(path)
        assert again.input_shape == (1, 28, 28)
        assert torch.equal(again.reconstruct(x), model.reconstruct(x))


CONVOLUTIONAL = [Autoencoder.conv, VAE.conv, VQVAE.conv, VQVAE.patches]


@pytest.mark.parametrize("factory", CONVOLUTIONAL, ids=lambda factory: factory.__qualname__)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (784, "input_shape is 784; expected a sequence of whole numbers, such as (3, 32, 32)"),
        (None, "input_shape is None; expected a sequence of whole numbers"),
        ("3, 32, 32", "input_shape is '3, 32, 32'; expected a sequence of whole numbers"),
        ((3, 32.5, 32), "input_shape[1] is 32.5; expected a whole number, 1 or more"),
        ((0, 32, 32), "input_shape[0] is 0; expected a whole number, 1 or more"),
        (
            (32, 40),
            "input_shape is (32, 40); expected (channels, height, width), such as (1, 32, 40) if "
            "they are grey, (3, 32, 40) in colour",
        ),
        ((784,), "input_shape is (784,); expected (channels, height, width), such as (3, 32, 32)"),
        ((64, 3, 40, 32), "expected (channels, height, width), such as (3, 40, 32), without the"),
        ((32, 40, 3), "input_shape is (32, 40, 3); expected the channels first, (3, 32, 40)"),
        ((3, 7, 32), "input_shape is (3, 7, 32); expected a height and a width of 8 or more: enl"),
        ((3, 32, 7), "input_shape is (3, 32, 7); expected a height and a width of 8 or more"),
    ],
)
def test_what_is_no_shape_of_a_picture_is_said(factory, given, message, unchecked):
    with pytest.raises(ValueError) as error:
        factory(input_shape=given)
    assert message in str(error.value)


def small(*shape):
    return VAE.conv(2, (2,), input_shape=shape)


# What a model for the first shape says about pictures of the second, and who does as it is told.
FOLLOWED = [
    (
        (1, 28, 28),
        (3, 32, 40),
        "for such examples build VAE.conv(..., input_shape=(3, 32, 40))",
        lambda own, x: small(3, 32, 40).reconstruct(x),
    ),
    (
        (1, 28, 28),
        (32, 40, 3),
        "for such examples build VAE.conv(..., input_shape=(3, 32, 40)) and move the axes with "
        "x.permute(0, 3, 1, 2)",
        lambda own, x: small(3, 32, 40).reconstruct(x.permute(0, 3, 1, 2)),
    ),
    (
        (3, 32, 40),
        (32, 40, 3),
        "move the axes with x.permute(0, 3, 1, 2)",
        lambda own, x: own.reconstruct(x.permute(0, 3, 1, 2)),
    ),
    (
        (1, 32, 40),
        (3, 32, 40),
        "for such examples build VAE.conv(..., input_shape=(3, 32, 40)), or make them grey with "
        "x.mean(1, keepdim=True)",
        lambda own, x: own.reconstruct(x.mean(1, keepdim=True)),
    ),
    (
        (3, 32, 40),
        (1, 32, 40),
        "for such examples build VAE.conv(..., input_shape=(1, 32, 40)), or give them three equal "
        "channels with x.expand(-1, 3, -1, -1)",
        lambda own, x: own.reconstruct(x.expand(-1, 3, -1, -1)),
    ),
    (
        (1, 28, 28),
        (1, 6, 6),
        "for such examples build VAE.dense(..., input_shape=(1, 6, 6))",
        lambda own, x: VAE.dense(2, (2,), input_shape=(1, 6, 6)).reconstruct(x),
    ),
]


@pytest.mark.parametrize(
    ("expected", "given", "advice", "follow"), FOLLOWED, ids=[row[2][-40:] for row in FOLLOWED]
)
def test_data_of_another_shape_are_answered_with_what_to_do(
    expected, given, advice, follow, unchecked
):
    model, x = small(*expected), torch.rand(4, *given)
    with pytest.raises(ValueError) as error:
        fit(model, negative_elbo(), x, progress=False)
    sentence = f"x has shape {(4, *given)}; expected (batch, {str(expected)[1:]}: {advice}"
    assert str(error.value).endswith(sentence)
    assert follow(model, x).isfinite().all()


def test_one_picture_in_colour_is_no_batch_of_three(unchecked):
    with pytest.raises(ValueError, match=r"or make them grey with x\.mean\(1, keepdim=True\)$"):
        small(1, 32, 40).reconstruct(torch.rand(1, 3, 32, 40))


def test_a_grid_of_symbols_may_be_smaller(unchecked):
    with pytest.raises(
        ValueError, match=r"such examples build SymbolPrior.conv\(..., shape=\(3, 5\)\)$"
    ):
        SymbolPrior.conv(4)(torch.zeros(2, 3, 5, dtype=torch.long))


def test_small_pictures_go_to_a_network_without_convolutions(unchecked):
    with pytest.raises(
        ValueError, match=r"build a VQVAE of layers of your own with input_shape=\(1"
    ):
        VQVAE.conv(4, 2, (2,)).reconstruct(torch.rand(2, 1, 5, 6))
    assert VAE.dense(2, (3,), input_shape=(2, 3, 4)).sample(2).shape == (2, 2, 3, 4)
    assert PeekingVAE.dense(2, (3,), input_shape=(2, 3, 4)).sample(2).shape == (2, 2, 3, 4)


def test_a_pixel_in_colour_is_predicted_from_those_before_it_alone():
    """Its three channels know nothing of each other, and nothing of what comes after."""
    model = PeekingVAE.dense(2, (4,), channels=3, reach=1, input_shape=(3, 8, 9)).eval()
    x = pictures(1, (3, 8, 9)).requires_grad_()
    logits = model.decode_beside(torch.zeros(1, 2), x)
    for channel in range(3):
        (gradient,) = torch.autograd.grad(logits[0, channel, 4, 5], x, retain_graph=True)
        seen = {tuple(place) for place in gradient[0].abs().sum(0).nonzero().tolist()}
        assert seen == {(3, 4), (3, 5), (3, 6), (4, 4)}
        assert (gradient[0].abs().sum((1, 2)) > 0).all()  # of all three colours


def test_what_is_drawn_pixel_by_pixel_is_in_colour():
    """Sharp logits: each draw is the picture that the decoder says, whatever lies before."""
    model = PeekingVAE.dense(2, (4,), channels=2, input_shape=(3, 8, 9))
    with torch.no_grad():
        nn.init.zeros_(model.peek[2].weight), nn.init.zeros_(model.peek[2].bias)
        model.decoder[-2].bias.copy_(40 * (pictures(1, (3, 8, 9)).flatten() - 0.5).sign())
    drawn = model.draw(torch.zeros(2, 2))
    expected = (pictures(1, (3, 8, 9)) > 0.5).float()
    assert torch.equal(drawn, expected.expand(2, -1, -1, -1))
