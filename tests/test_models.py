"""The factories: what every family of models promises, and wrong shapes.

What is particular to a VAE is in test_variational.py.
"""

import copy
import re
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from course_utils import (
    VAE,
    VQVAE,
    Autoencoder,
    AutoencoderOutput,
    bernoulli_reconstruction,
    fit,
    load,
    reconstruction,
    save,
    squared_error,
)
from course_utils._running import seeded
from course_utils.models import base, blocks

FACTORIES = {
    "dense": lambda **options: Autoencoder.dense(8, (40, 20), **options),
    "linear": lambda **options: Autoencoder.linear(8, **options),
    "conv": lambda **options: Autoencoder.conv(8, (4, 6), **options),
    "tied": lambda **options: Autoencoder.dense(8, (40, 20), code="sigmoid", tied=True, **options),
}
every_factory = pytest.mark.parametrize("build", FACTORIES.values(), ids=FACTORIES)

ALL = FACTORIES | {
    "dense VAE": lambda **options: VAE.dense(8, (40, 20), **options),
    "conv VAE": lambda **options: VAE.conv(8, (4, 6), **options),
}
every_model = pytest.mark.parametrize("build", ALL.values(), ids=ALL)


@pytest.fixture
def x():
    return torch.rand(12, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def same_weights(a, b):
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def parameter_count(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_parameter_counts():
    def layers(*widths):  # weights and biases of a stack of linear layers, counted by hand
        return sum(a * b + b for a, b in pairwise(widths))

    assert parameter_count(Autoencoder.dense()) == 489_136
    assert parameter_count(Autoencoder.dense()) == layers(784, 256, 128, 64, 32) + layers(
        32, 64, 128, 256, 784
    )
    assert parameter_count(Autoencoder.conv()) == 442_433
    assert parameter_count(Autoencoder.linear(30)) == layers(784, 30) + layers(30, 784)
    assert parameter_count(Autoencoder.dense(20, (400,))) == layers(784, 400, 20, 400, 784)
    tied = Autoencoder.dense(20, (400,), tied=True)
    assert parameter_count(tied) == layers(784, 400, 20) + 400 + 784  # the matrices count once


# Property 34: what every family promises.


@every_factory
def test_forward_is_encode_then_decode(build, x):
    model = build().eval()
    out = model(x)
    assert isinstance(out, AutoencoderOutput)
    assert out.logits.shape == x.shape and out.z.shape == (12, 8)
    assert torch.equal(model.encode(x), out.z)
    assert torch.equal(model.decode(out.z), out.logits)


@every_factory
def test_the_gradient_reaches_every_parameter(build, x):
    model = build()
    # Random weights on the output: a plain sum can be constant under batch normalisation.
    weights = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    (model(x).logits * weights).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all() and parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize(
    ("model", "epochs"),
    [
        (Autoencoder.dense(8, (64,)), 150),
        (Autoencoder.linear(8), 700),
        (Autoencoder.conv(8, (16, 32)), 200),
        (Autoencoder.dense(8, (64,), tied=True), 150),
    ],
    ids=FACTORIES,
)
def test_one_batch_can_be_overfitted(model, epochs, images):
    # Eight codes for eight images. What is measured is the model as it is used afterwards: batch
    # normalisation with its running averages. 5 % of the variation is far below any good model.
    x = images.train[:8]
    objective = reconstruction if model.output == "linear" else bernoulli_reconstruction
    fit(model, objective, x, epochs=epochs, batch_size=8, lr=1e-2)
    remaining = squared_error(model.reconstruct(x), x).mean()
    assert remaining < 0.05 * squared_error(x.mean(0).expand_as(x), x).mean()


@every_factory
def test_save_and_load_are_bit_equal(build, x, tmp_path):
    model = build(seed=3)
    model.train()
    model(x)  # moves the running averages of batch normalisation away from where they start
    save(model, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    assert type(loaded) is Autoencoder and not loaded.training
    assert same_weights(model, loaded)
    assert loaded.output == model.output and loaded.input_shape == model.input_shape
    assert torch.equal(model.reconstruct(x), loaded.reconstruct(x))
    assert model.training, "saving must not change the model's mode"


@every_model
def test_a_copy_can_be_saved_too(build, tmp_path):
    save(copy.deepcopy(build()), tmp_path / "copy")
    assert same_weights(load(tmp_path / "copy"), build())


# Seeds.


@every_model
def test_the_seed_decides_the_first_weights(build):
    torch.manual_seed(1)
    first = build(seed=5)
    torch.manual_seed(2)
    assert same_weights(first, build(seed=5))
    assert not same_weights(first, build(seed=6))


@every_model
def test_the_global_stream_of_randomness_does_not_move(build):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    build()
    assert torch.equal(torch.rand(3), expected)


def test_building_a_model_leaves_the_streams_of_accelerators_alone(monkeypatch):
    touched = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", touched.append)
    Autoencoder.dense(2)
    assert touched == []


# Wrong shapes: the message names what came and what was expected, and its way out works.


def ways_out(error):
    """Every expression that the message advises."""
    return re.findall(r" with (x[.\[].*?)(?:$|; if )", str(error))


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((28, 28), "x[None, None]"),
        ((1, 28, 28), "x[None]"),
        ((5, 28, 28), "x[:, None]"),
        ((784,), "x.reshape(-1, 1, 28, 28)"),
        ((5, 784), "x.reshape(-1, 1, 28, 28)"),
        ((784, 5), "x.mT.reshape(-1, 1, 28, 28)"),
        ((5, 28, 28, 1), "x.permute(0, 3, 1, 2)"),
        ((28, 28, 1), "x.permute(2, 0, 1)[None]"),
        ((28, 28, 5), "x.permute(2, 0, 1)[:, None]"),
        ((5, 1, 1, 28, 28), "x.squeeze(2)"),
        ((), None),
        ((28,), None),
        ((5, 3, 28, 28), "x.mean(1, keepdim=True)"),
        ((5, 1, 32, 32), None),
        ((0, 784), None),
    ],
)
def test_a_wrong_shape_is_answered_with_the_right_one(shape, advice, unchecked):
    for model in (Autoencoder.dense(2, (4,)), VAE.dense(2, (4,))):
        for method in (model, model.encode, model.reconstruct):
            with pytest.raises(ValueError, match="expected \\(batch, 1, 28, 28\\)") as error:
                method(torch.zeros(shape))
            assert str(error.value).startswith(f"x has shape {shape}")
            assert ways_out(error.value) == ([] if advice is None else [advice])


@given(
    shape=st.lists(st.sampled_from([0, 1, 2, 3, 6]), max_size=5),
    expected=st.lists(st.sampled_from([1, 2, 3, 6]), min_size=1, max_size=3),
)
def test_every_way_out_works_when_it_is_taken(shape, expected):
    model = base.Model(input_shape=tuple(expected))
    x = torch.zeros(shape)
    try:
        model.check_shape(x)
    except ValueError as error:
        for advice in ways_out(error):
            model.check_shape(eval(advice, {"x": x}))  # raises if the advice was wrong


def stored(pictures, how):
    """Pictures (batch, channel, height, width) as somebody else would hand them over."""
    return {
        "channels last": lambda: pictures.permute(0, 2, 3, 1),
        "batch last": lambda: pictures.permute(1, 2, 3, 0),
        "channels, then batch last": lambda: pictures.permute(2, 3, 1, 0),
        "batch within": lambda: pictures.transpose(0, 1),
        "width first": lambda: pictures.mT,
        "width first, channels last": lambda: pictures.permute(0, 3, 2, 1),
        "one": lambda: pictures[0],
        "one, channels last": lambda: pictures[0].permute(1, 2, 0),
        "one, width first": lambda: pictures[0].mT,
        "flat": lambda: pictures.flatten(1),
        "flat, batch last": lambda: pictures.flatten(1).T,
        "flat, channels last": lambda: pictures.permute(0, 2, 3, 1).flatten(1),
        "one, flat": lambda: pictures[0].flatten(),
        "flat by channel": lambda: pictures.flatten(2),
        "flat by channel, channels last": lambda: pictures.flatten(2).mT,
        "an axis too many": lambda: pictures.unsqueeze(2),
        "no channel": lambda: pictures[:, 0],
        "no channel, batch last": lambda: pictures[:, 0].permute(1, 2, 0),
        "no channel, width first": lambda: pictures[:, 0].mT,
        "one, no channel": lambda: pictures[0, 0],
        "one, no channel, width first": lambda: pictures[0, 0].mT,
    }[how]()


EVERYWHERE = [
    "channels last",
    "batch last",
    "channels, then batch last",
    "width first",
    "width first, channels last",
    "one",
    "one, channels last",
    "one, width first",
    "flat",
    "flat, batch last",
    "flat, channels last",
    "one, flat",
    "flat by channel",
    "flat by channel, channels last",
    "an axis too many",
]
GREY = [
    "no channel",
    "no channel, batch last",
    "no channel, width first",
    "one, no channel",
    "one, no channel, width first",
    "batch within",
]


@pytest.mark.parametrize(
    ("how", "channels"), [(how, 3) for how in EVERYWHERE] + [(how, 1) for how in EVERYWHERE + GREY]
)
@pytest.mark.parametrize("size", [(5, 7), (7, 5), (6, 6)])
@pytest.mark.parametrize("n", [9, 2])
def test_the_way_out_never_scrambles_a_picture(how, channels, size, n):
    picture = torch.rand(n, channels, *size, generator=torch.Generator().manual_seed(0))
    given = stored(picture, how)
    if given.shape[1:] == picture.shape[1:] or ("width first" in how and size[0] == size[1]):
        return  # it cannot be told from what it should be
    with pytest.raises(ValueError, match="expected") as error:
        base.Model(input_shape=(channels, *size)).check_shape(given)
    found = [eval(advice, {"x": given}) for advice in ways_out(error.value)]
    assert any(torch.equal(x, picture[: len(x)]) for x in found), str(error.value)
    # Colours in a row may lie in two ways, which nobody can see; then both are named.
    assert len(found) == (2 if channels == 3 and "flat" in how and "by" not in how else 1)


@pytest.mark.parametrize(
    ("shape", "expected", "advice"),
    [
        (
            (3, 32, 32, 3),
            (3, 32, 32),
            "if axis 0 is the batch, move the axes with x.permute(0, 3, 1, 2); "
            "if axis 3 is the batch, move the axes with x.permute(3, 0, 1, 2)",
        ),
        (
            (28, 28, 28),
            (1, 28, 28),
            "if axis 0 is the batch, add the missing axis with x[:, None]; "
            "if axis 2 is the batch, move the axes with x.permute(2, 0, 1)[:, None]",
        ),
        (
            (5, 3072),
            (3, 32, 32),
            "if each row holds one channel after the other, reshape with x.reshape(-1, 3, 32, 32); "
            "if each row holds one pixel after the other, "
            "reshape with x.reshape(-1, 32, 32, 3).permute(0, 3, 1, 2)",
        ),
        ((5, 1, 28, 28), (784,), "reshape with x.reshape(-1, 784)"),
        ((28, 28), (784,), "reshape with x.reshape(1, 784)"),
        ((28, 28, 5), (784,), "reshape with x.movedim(-1, 0).reshape(-1, 784)"),
        ((8, 1, 30, 20), (1, 20, 30), "exchange the last two axes with x.mT"),
    ],
)
def test_what_can_be_meant_in_two_ways_is_answered_with_both(shape, expected, advice):
    with pytest.raises(ValueError, match="expected") as error:
        base.Model(input_shape=expected).check_shape(torch.zeros(shape))
    assert str(error.value).endswith(f"): {advice}")


@pytest.mark.parametrize(
    ("build", "way"),
    [
        (
            lambda: VAE.conv(2, (2,)),
            "for such examples build VAE.conv(..., input_shape=(3, 32, 32))",
        ),
        (
            lambda: VQVAE.patches(2),
            "for such examples build VQVAE.patches(..., input_shape=(3, 32, 32))",
        ),
        (
            lambda: VAE.dense(2, (2,)),
            "for such examples build VAE.dense(..., input_shape=(3, 32, 32))",
        ),
        (
            lambda: base.Model(input_shape=(1, 2, 2)),
            "for such examples build a Model of layers of your own with input_shape=(3, 32, 32)",
        ),
    ],
)
def test_another_size_is_answered_with_the_model_to_build(build, way):
    x = torch.zeros(4, 3, 32, 32)
    with pytest.raises(ValueError, match="expected") as error:
        build().check_shape(x)
    assert str(error.value).endswith(f"): {way}")
    assert VAE.dense(2, (2,), input_shape=(3, 32, 32)).reconstruct(x).shape == x.shape


def test_a_model_of_parts_checks_no_shape_unless_it_knows_one():
    encoder, decoder = torch.nn.Linear(3, 2), torch.nn.Linear(2, 3)
    assert Autoencoder(encoder, decoder).reconstruct(torch.zeros(4, 3)).shape == (4, 3)
    with pytest.raises(ValueError, match=r"expected \(batch, 3\)"):
        Autoencoder(encoder, decoder, input_shape=(3,)).reconstruct(torch.zeros(4, 2))


def test_an_unknown_output_is_refused(unchecked):
    with pytest.raises(ValueError, match="'tanh'; expected 'sigmoid', 'linear' or"):
        Autoencoder.dense(2, output="tanh")


# Reconstruction.


@every_model
@pytest.mark.parametrize("training", [True, False])
def test_reconstruct_changes_nothing(build, x, training):
    model = build().train(training)
    before = copy.deepcopy(model.state_dict())
    x.requires_grad_()
    x_hat = model.reconstruct(x)
    assert x_hat.shape == x.shape and not x_hat.requires_grad
    assert all(module.training is training for module in model.modules())
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.is_grad_enabled()


def test_reconstruct_keeps_a_part_frozen_that_was_frozen(x):
    model = FACTORIES["conv"]().train()
    model.encoder.eval()
    model.reconstruct(x)
    assert model.training and model.decoder.training and not model.encoder.training


def test_reconstruct_restores_the_mode_after_an_error(x):
    model = FACTORIES["dense"]()
    model.decoder = torch.nn.Linear(3, 3)
    with pytest.raises(RuntimeError):
        model.reconstruct(x)
    assert model.training and torch.is_grad_enabled()


@every_model
def test_reconstructions_are_images(build, x):
    model = build()
    for parameter in model.parameters():  # far from the gentle start, where all is near 1/2
        parameter.data *= 30
    x_hat = model.reconstruct(x)
    assert x_hat.isfinite().all()
    assert model.output == "linear" or (x_hat.min() >= 0 and x_hat.max() <= 1)


@every_factory
def test_pieces_give_what_the_whole_gives(build, x):
    model = build().eval()
    many = x.repeat(100, 1, 1, 1)
    whole = model.to_image(model(many).logits).detach()
    sizes = []
    model.encoder.register_forward_hook(lambda module, inputs, out: sizes.append(len(out)))
    # Matrix products of another size may round differently in the last bits.
    torch.testing.assert_close(model.reconstruct(many), whole, rtol=1e-5, atol=1e-6)
    assert sizes == [1000, 200]


@every_model
def test_an_empty_batch_gives_an_empty_batch(build):
    assert build().reconstruct(torch.zeros(0, 1, 28, 28)).shape == (0, 1, 28, 28)


def test_a_linear_model_draws_what_its_decoder_returns(x):
    model = Autoencoder.linear(3)
    assert model.output == "linear"
    assert torch.equal(model.reconstruct(x), model(x).logits.detach())
    affine = model.encode(0.5 * x[:1] + 0.5 * x[1:2])
    torch.testing.assert_close(affine, 0.5 * (model.encode(x[:1]) + model.encode(x[1:2])))


def test_toy_data_of_other_shapes():
    points = torch.randn(9, 2, generator=torch.Generator().manual_seed(0))
    model = Autoencoder.dense(1, (5,), input_shape=(2,), output="linear")
    assert model.encode(points).shape == (9, 1)
    assert model.reconstruct(points).shape == (9, 2)
    volume = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    assert Autoencoder.linear(2, input_shape=(3, 4, 5)).reconstruct(volume).shape == volume.shape


@pytest.mark.parametrize("channels", [(3,), (3, 4), (3, 4, 5), (3, 4, 5, 6)])
@pytest.mark.parametrize("size", [28, 17])
def test_convolutions_go_down_and_all_the_way_back(channels, size):
    encoder = blocks.conv_encoder((1, size, size), channels, 7)
    decoder = blocks.conv_decoder(7, channels[::-1], (1, size, size))
    codes = encoder(torch.zeros(2, 1, size, size))
    assert codes.shape == (2, 7) and decoder(codes).shape == (2, 1, size, size)


def test_neither_half_ends_in_an_activation():
    for encoder, decoder in (
        (blocks.dense_encoder((4,), (3,), 2), blocks.dense_decoder(2, (3,), (4,))),
        (
            blocks.conv_encoder(base.IMAGE, (2, 3), 2),
            blocks.conv_decoder(2, (3, 2), base.IMAGE),
        ),
    ):
        assert isinstance(encoder[-1], torch.nn.Linear)
        assert isinstance(decoder[-1], torch.nn.Unflatten | torch.nn.ConvTranspose2d)


# What the numbers of a code may be.


def test_a_code_is_what_its_name_says(x):
    codes = {
        code: Autoencoder.dense(8, (40,), code=code).encode(x)
        for code in ("linear", "relu", "sigmoid")
    }
    linear = codes["linear"]  # the seed is the same: so are the weights
    assert linear.min() < 0 < linear.max()
    assert torch.equal(codes["relu"], linear.clamp(min=0))
    torch.testing.assert_close(codes["sigmoid"], 1 / (1 + torch.exp(-linear)))
    for parameter in (extreme := Autoencoder.dense(8, (40,), code="sigmoid")).parameters():
        parameter.data *= 100
    assert set(extreme.encode(x).unique().tolist()) <= {0.0, 1.0}


def test_a_model_of_parts_has_a_code_too():
    model = Autoencoder(torch.nn.Identity(), torch.nn.Identity(), code="relu", output="linear")
    z = torch.tensor([[-1.0, 0.0, 2.0]])
    assert model.code == "relu" and Autoencoder.linear(2).code == "linear"
    assert model.encode(z).tolist() == model(z).z.tolist() == [[0, 0, 2]]
    assert model.reconstruct(z).tolist() == [[0, 0, 2]]


def test_an_unknown_code_is_refused(unchecked):
    with pytest.raises(ValueError, match="'tanh'; expected 'linear', 'relu' or 'sigmoid'"):
        Autoencoder.dense(2, code="tanh")


@pytest.mark.parametrize("code", ["linear", "relu", "sigmoid"])
@pytest.mark.parametrize("tied", [False, True])
def test_code_and_tie_are_saved_and_loaded(code, tied, x, tmp_path):
    model = Autoencoder.dense(4, (9,), code=code, tied=tied, seed=3)
    fit(model, reconstruction, x, epochs=2)
    save(model, tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert loaded.code == code and loaded.recipe["arguments"]["tied"] is tied
    assert same_weights(model, loaded)
    assert torch.equal(model.encode(x), loaded.encode(x))
    assert torch.equal(model.reconstruct(x), loaded.reconstruct(x))
    assert is_tied(loaded) is tied


# Tied weights.


def is_tied(model):
    """Whether the first way down and the last way up of a dense model are one matrix."""
    down, up = model.encoder[1], model.decoder[-2]
    unit = torch.eye(len(down.weight), dtype=down.weight.dtype)
    drawn = (up(unit) - up.bias).T
    if not torch.allclose(drawn, down.weight.T, rtol=1e-5, atol=1e-6):
        return False
    with torch.no_grad():  # equal now; still, once one of them has changed?
        down.weight[0, 0] += 1
        still = torch.allclose((up(unit) - up.bias)[0, 0], down.weight[0, 0])
        down.weight[0, 0] -= 1
    return still


@pytest.fixture
def tied():
    return Autoencoder.dense(3, (9, 5), tied=True)


def test_the_way_back_is_the_way_down_transposed_also_after_training(tied, x):
    for epochs in (0, 5):
        if epochs:
            fit(tied, reconstruction, x, epochs=epochs, batch_size=4, lr=1e-2)
        assert is_tied(tied)
        (first, second, third) = (tied.encoder[i].weight for i in (1, 3, 5))
        biases = [tied.decoder[i].bias for i in (0, 2, 4)]
        z = tied.encode(x)
        h = torch.relu(z @ third + biases[0])
        expected = torch.relu(h @ second + biases[1]) @ first + biases[2]
        torch.testing.assert_close(tied.decode(z).flatten(1), expected)
    assert all(bias.abs().max() > 0 for bias in biases), "the biases did not learn"


def test_a_tied_matrix_learns_from_both_ways():
    generator = torch.Generator().manual_seed(0)
    x, wanted = torch.randn(2, 7, 6, generator=generator)
    model = Autoencoder.dense(4, (), input_shape=(6,), output="linear", tied=True)
    (model(x).logits * wanted).sum().backward()
    layer = model.encoder[1]
    matrix, bias = (p.detach().clone().requires_grad_() for p in (layer.weight, layer.bias))
    ((((x @ matrix.T + bias) @ matrix) + model.decoder[0].bias.detach()) * wanted).sum().backward()
    torch.testing.assert_close(layer.weight.grad, matrix.grad)
    torch.testing.assert_close(layer.bias.grad, bias.grad)


def test_a_copy_of_a_tied_model_is_tied_in_itself_and_to_nothing_else(tied, x):
    before, drawn = copy.deepcopy(tied.state_dict()), tied.reconstruct(x)
    twin = copy.deepcopy(tied)
    assert torch.equal(twin.reconstruct(x), drawn)
    fit(twin, reconstruction, x, epochs=3, lr=1e-2)
    assert is_tied(twin) and not same_weights(twin, tied)
    assert all(torch.equal(before[name], value) for name, value in tied.state_dict().items())
    assert torch.equal(tied.reconstruct(x), drawn)


def test_the_state_of_a_tied_model_holds_each_matrix_once(tied, x):
    state = tied.state_dict()
    down = {f"encoder.{i}.{kind}" for i in (1, 3, 5) for kind in ("weight", "bias")}
    assert state.keys() == down | {f"decoder.{i}.bias" for i in (0, 2, 4)}
    other = Autoencoder.dense(3, (9, 5), tied=True, seed=1)
    other.load_state_dict(state)
    assert is_tied(other) and torch.equal(other.reconstruct(x), tied.reconstruct(x))


def test_a_tied_model_moves_as_one(tied, x):
    expected = tied.reconstruct(x)
    exact = tied.to(torch.float64)
    assert is_tied(exact) and exact.decode(exact.encode(x.double())).dtype == torch.float64
    torch.testing.assert_close(exact.reconstruct(x.double()).float(), expected)
    exact.float()
    assert torch.equal(exact.reconstruct(x), expected)


@pytest.mark.parametrize("build", FACTORIES.values(), ids=FACTORIES)
def test_the_halves_have_no_layer_in_common(build):
    model = build()
    assert not set(model.encoder.modules()) & set(model.decoder.modules())
    names = {type(layer).__name__ for layer in build().decoder}
    assert "Flatten" not in names


# Convolutions that see only what comes before.


def before(i, j, side=9):
    """Which pixels come before (i, j), reading rows from the top."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return (rows < i) | ((rows == i) & (columns < j))


@pytest.mark.parametrize("place", [(4, 4), (0, 0), (0, 5), (8, 0), (8, 8), (3, 8)])
@pytest.mark.parametrize("kind", ["A", "B"])
def test_a_masked_convolution_sees_what_comes_before_and_nothing_else(kind, place):
    i, j = place
    layer = blocks.MaskedConv2d(2, 3, kernel_size=5, kind=kind)
    x = torch.randn(2, 2, 9, 9, generator=torch.Generator().manual_seed(0)).requires_grad_()
    out = layer(x)
    assert out.shape == (2, 3, 9, 9)
    out[:, :, i, j].sum().backward()
    rows, columns = torch.meshgrid(torch.arange(9), torch.arange(9), indexing="ij")
    near = ((rows - i).abs() <= 2) & ((columns - j).abs() <= 2)
    expected = before(i, j) & near
    expected[i, j] = kind == "B"
    assert ((x.grad != 0).all(0).all(0) == expected).all()
    assert ((x.grad == 0).all(0).all(0) == ~expected).all(), "exactly zero elsewhere"


def test_a_stack_of_masked_convolutions_never_sees_the_pixel_itself():
    stack = nn.Sequential(
        blocks.MaskedConv2d(1, 4, kernel_size=3, kind="A"),
        nn.ReLU(),
        blocks.MaskedConv2d(4, 4, kernel_size=3, kind="B"),
        blocks.MaskedConv2d(4, 1, kernel_size=1, kind="B"),
    )
    x = torch.randn(1, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    jacobian = torch.autograd.functional.jacobian(stack, x).view(36, 36)
    assert torch.equal(jacobian.triu(), torch.zeros(36, 36))
    assert (jacobian.diagonal(-1) != 0).sum() > 20  # the pixel to the left is mostly seen


def test_a_masked_convolution_of_size_one_is_an_ordinary_one():
    layer = blocks.MaskedConv2d(3, 2, kernel_size=1, kind="B")
    x = torch.randn(4, 3, 5, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(layer(x), nn.functional.conv2d(x, layer.weight, layer.bias))


def test_training_leaves_what_is_masked_unseen():
    layer = blocks.MaskedConv2d(1, 1, kernel_size=3, kind="A")
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, weight_decay=0.1)
    layer(torch.ones(1, 1, 5, 5)).sum().backward()
    optimizer.step()
    x = torch.zeros(1, 1, 5, 5)
    later = x.clone()
    later[..., 2, 2:] = later[..., 3:, :] = 7.0
    assert torch.equal(layer(x)[..., 2, 2], layer(later)[..., 2, 2])


def test_the_first_weights_are_drawn_for_what_is_seen():
    # He: the variance that a ReLU leaves is 2 / inputs. Unmasked, half of the kernel is seen.
    with seeded(0):
        layer = blocks.MaskedConv2d(8, 200, kernel_size=7, kind="A")
    seen = layer.weight[:, :, layer.mask.bool()]
    assert seen[0].numel() == 8 * 24
    assert seen.var().item() == pytest.approx(2 / (8 * 24), rel=6 * (2 / seen.numel()) ** 0.5)


@pytest.mark.parametrize(
    ("size", "kind", "message"),
    [(4, "A", "kernel_size is 4; expected an odd"), (-1, "B", "odd"), (1, "A", "sees nothing")],
)
def test_a_masked_convolution_says_what_it_wants(size, kind, message, unchecked):
    with pytest.raises(ValueError, match=message):
        blocks.MaskedConv2d(1, 1, size, kind)
    with pytest.raises(ValueError, match="kind is 'C'; expected 'A' or 'B'"):
        blocks.MaskedConv2d(1, 1, 3, "C")


# A code that is none of the model's.

DECODERS = {
    "VAE": lambda: VAE.dense(4, (8,)),
    "convolutions": lambda: VAE.conv(4, (2, 3)),
    "Autoencoder": lambda: Autoencoder.dense(4, (8,)),
    "tied": lambda: Autoencoder.dense(4, (8,), tied=True),
    "linear": lambda: Autoencoder.linear(4),
}


@pytest.mark.parametrize("build", DECODERS.values(), ids=DECODERS)
def test_a_code_that_does_not_fit_gets_a_sentence(build, unchecked):
    model, z = build(), torch.randn(3, 4)
    assert model.decode(z).shape == (3, 1, 28, 28)
    row = r"expected \(batch, 4\), one row for each code"
    for code, sentence in {
        z[0]: rf"z has shape \(4,\); {row}: z\[None\] for a single one",
        z[0, 0]: rf"z has shape \(\); {row}$",
        torch.randn(3, 5): rf"z has shape \(3, 5\); {row}$",
        torch.randn(5): rf"z has shape \(5,\); {row}$",
    }.items():
        with pytest.raises(ValueError, match=sentence):
            model.decode(code)
    with pytest.raises(ValueError, match=r"z is a list; expected a tensor: torch\.as_tensor\(z\)"):
        model.decode(z.tolist())


def test_a_decoder_of_my_own_takes_the_codes_it_takes(unchecked):
    """Without a linear layer in front, nobody knows beforehand what shape they have."""
    folded = VAE(nn.Identity(), nn.ConvTranspose2d(2, 1, 2), latent_dim=2)
    assert folded.decode(torch.randn(3, 2, 4, 4)).shape == (3, 1, 5, 5)
    lazy = VAE(nn.Identity(), nn.Sequential(nn.LazyLinear(5)), latent_dim=2)
    assert lazy.decode(torch.randn(3, 2)).shape == (3, 5)
