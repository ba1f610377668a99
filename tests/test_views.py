"""What Python sends to the browser: decoders, frames, stills. (test_browser_views.py mounts it.)"""

import base64
import json
import math
import re
import zlib
from html.parser import HTMLParser
from io import BytesIO

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from course_utils import VAE, VQVAE, Autoencoder, ConditionalVAE, PeekingVAE
from course_utils._running import evaluating
from course_utils.losses import bernoulli_nll, gaussian_kl
from course_utils.widgets import draw, film, scrub, walk
from course_utils.widgets.drawing import NATS, SHARE
from course_utils.widgets.frames import FILM_LIMIT, coarse, spherical
from course_utils.widgets.knobs.tiles import PIXEL
from course_utils.widgets.packing import (
    LEVELS,
    Layer,
    Unpackable,
    flatten,
    layers_of,
    pack,
    pack_frames,
    quantise,
    run,
)
from course_utils.widgets.views import ink


@pytest.fixture
def x():
    return torch.rand(12, 1, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def y():
    return torch.arange(12) % 4


def trained(model, factor=2.0):
    """Weights of a size, and statistics of normalisation, that training might have led to."""
    generator = torch.Generator().manual_seed(3)
    for name, numbers in model.decoder.state_dict().items():
        if numbers.ndim > 1:
            numbers *= factor
        elif "running_var" in name:
            numbers += 2 * torch.rand(numbers.shape, generator=generator)
        elif "num_batches" not in name:
            numbers += 0.5 * torch.randn(numbers.shape, generator=generator)
    return model


def packed(model, z, **options):
    """The decoder packed, and checked on the codes z."""

    def picture(probes):
        with evaluating(model):
            return model.to_image(model.decode(probes.flatten(1)))

    return pack(model.decoder, picture, z[:, :, None, None], model.output, **options)


def unpacked(header):
    """The numbers of a packed decoder: weights and biases of each layer, as the browser reads."""
    data = zlib.decompress(base64.b64decode(header["bytes"]))
    floats = np.frombuffer(data, "<f4", header["floats"])
    low, high = np.frombuffer(data, np.int8, offset=4 * header["floats"]).reshape(2, -1)
    whole, layers = low + 256.0 * high, []
    for layer in header["layers"]:
        shape = (layer["inputs"], *layer["kernel"], layer["outputs"])
        (scale,), bias, floats = np.split(floats, [1, 1 + layer["outputs"]])
        weight, whole = np.split(whole, [math.prod(shape)])
        layers.append((scale * weight.reshape(shape), bias))
    assert len(floats) == len(whole) == 0
    return layers


# --- packing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        VAE.dense(20, (400,)),
        VAE.dense(2),
        VAE.conv(4, (6, 5, 7)),
        Autoencoder.dense(5, (16, 9)),
        Autoencoder.dense(6, (), tied=True, output="linear"),
        Autoencoder.linear(3),
        Autoencoder.conv(4, (3, 5)),
    ],
    ids=lambda model: f"{model.recipe['model']}.{model.recipe['factory']}",
)
@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_every_decoder_is_packed_within_the_levels(model, factor):
    z = torch.randn(50, model.recipe["arguments"]["latent_dim"])
    assert packed(trained(model, factor), z)["levels"] <= LEVELS


def test_numbers_come_out_as_they_went_in():
    model = trained(VAE.dense(3, (5,)))
    header = packed(model, torch.randn(40, 3))
    linear = [part for part in model.decoder if isinstance(part, nn.Linear)]
    for (weight, bias), layer in zip(unpacked(header), linear, strict=True):
        expected = layer.weight.T.detach().numpy()
        step = np.abs(expected).max() / (2 ** (header["bits"] - 1) - 1)
        assert np.abs(weight[:, 0, 0] - expected).max() <= 0.5001 * step
        np.testing.assert_array_equal(bias, layer.bias.detach().numpy())


def test_numbers_beyond_a_byte_come_out_too():
    model = trained(VAE.dense(3, (5,)), 12.0)  # contrasts that 8 bits would spoil
    header = packed(model, 2 * torch.randn(200, 3))
    assert header["bits"] > 8
    weight, _ = unpacked(header)[0]
    difference = np.abs(weight[:, 0, 0] - model.decoder[0].weight.T.detach().numpy()).max()
    assert difference <= 0.5001 * np.abs(weight).max() / 2**8


def test_normalisation_is_folded_and_channels_come_last():
    model = trained(Autoencoder.conv(4, (3, 5)))
    linear, first, last = flatten(model.decoder, 4, (1, 1), (1, 28, 28))
    assert linear.relu and first.relu and not last.relu
    assert (first.source, first.target, last.target) == ((7, 7), (14, 14), (28, 28))
    _, norm = model.decoder[3:5]
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    expected = model.decoder[3].weight * scale[:, None, None]
    torch.testing.assert_close(first.weight.permute(0, 3, 1, 2), expected.detach())
    places = linear.bias.view(7, 7, 5).permute(2, 0, 1).flatten()
    torch.testing.assert_close(places, model.decoder[0].bias.detach())


def test_whole_numbers_of_so_many_bits():
    weight = torch.tensor([-0.5, 0.1, 0.003, 0.25])[:, None, None, None]
    numbers, scale = quantise(weight, 8)
    assert numbers.flatten().tolist() == [-127, 25, 1, 64]
    torch.testing.assert_close(scale, torch.tensor([0.5 / 127]))
    nothing, _ = quantise(torch.zeros(2, 1, 1, 3), 8)
    assert not nothing.any()


@pytest.mark.parametrize(
    ("decoder", "message"),
    [
        (nn.Sequential(nn.Linear(3, 784), nn.GELU(), nn.Unflatten(1, (1, 28, 28))), "a GELU where"),
        (nn.Sequential(nn.Linear(3, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28))), "a Tanh where"),
        (nn.Sequential(nn.ReLU(), nn.Linear(3, 784), nn.Unflatten(1, (1, 28, 28))), "a ReLU where"),
        (
            nn.Sequential(
                nn.Linear(3, 49),
                nn.Unflatten(1, (1, 7, 7)),
                nn.ConvTranspose2d(1, 1, 4, stride=4, padding=0, dilation=1, groups=1),
                nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"),
            ),
            "a Conv2d of a kind",
        ),
        (
            nn.Sequential(
                nn.Linear(3, 784),
                nn.ReLU(),
                nn.BatchNorm1d(784),
                nn.Unflatten(1, (1, 28, 28)),
            ),
            "not fixed beforehand",
        ),
    ],
)
def test_layers_that_the_browser_does_not_know_are_refused(decoder, message):
    model = VAE(VAE.dense(3).encoder, decoder, latent_dim=3)
    with pytest.raises(Unpackable, match=message):
        packed(model, torch.randn(10, 3))


def test_a_model_that_does_more_than_its_layers_say_is_refused():
    class Louder(VAE):
        def decode(self, z):
            return 2 * super().decode(z)

    parts = trained(VAE.dense(3, (9,)))
    with pytest.raises(Unpackable, match="differ by"):
        packed(Louder(parts.encoder, parts.decoder, latent_dim=3), torch.randn(10, 3))


def test_a_decoder_that_is_too_large_is_refused():
    with pytest.raises(Unpackable, match="when packed, above 10,000"):
        packed(VAE.dense(3, (64,)), torch.randn(10, 3), limit=10_000)


class Rows(nn.Module):
    """A network around rows of 784 pixels, with two heads, as a learner may write it."""

    def __init__(self, activation=torch.relu, bias=True):
        super().__init__()
        self.activation = activation
        self.first, self.second = nn.Linear(784, 9), nn.Linear(9, 7, bias=bias)
        self.log_var, self.mu = nn.Linear(7, 3), nn.Linear(7, 3, bias=bias)
        self.back = nn.Sequential(nn.Linear(3, 9), nn.ReLU(inplace=True), nn.Linear(9, 784))

    def encode(self, x):
        h = self.second(self.activation(self.first(x)))
        log_var = self.log_var(self.activation(h))
        return self.mu(self.activation(h)), log_var

    def decode(self, z):
        return self.back(z)


ENCODERS = {
    "dense": VAE.dense(3, (9, 8)),
    "conv": VAE.conv(3, (6, 5, 7)),
    "around": VAE.around(Rows(), 3),
    "in place": VAE.around(Rows(nn.ReLU(inplace=True)), 3),
    "clamped": VAE.around(Rows(lambda h: h.clamp(min=0), bias=False), 3),
}


@pytest.mark.parametrize("model", ENCODERS.values(), ids=ENCODERS)
def test_layers_of_an_encoder_give_what_it_gives(model, x):
    for name, numbers in model.encoder.state_dict().items():
        if "running" in name:
            numbers += torch.rand(numbers.shape, generator=torch.Generator().manual_seed(3))
    before = torch.get_rng_state()
    with evaluating(model):
        layers = layers_of("encoder", model.encoder, (1, 28, 28), (6, 1, 1))
        expected = torch.cat(model.encode(x), dim=1)
        back = layers_of("decoder", model.decoder, (3, 1, 1), (1, 28, 28))
        picture = model.decode(expected[:, :3])
    assert torch.equal(torch.get_rng_state(), before)
    found = run(layers, x, "linear", (6, 1, 1)).flatten(1)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert found.std() > 0.01
    drawn = run(back, expected[:, :3, None, None], "linear", (1, 28, 28))
    torch.testing.assert_close(drawn, picture, rtol=0, atol=1e-5)


def test_frames_are_packed_as_changes():
    frames = np.random.default_rng(0).integers(0, 256, (3, 2, 5), dtype=np.uint8)
    changes = np.frombuffer(zlib.decompress(base64.b64decode(pack_frames(frames))), np.uint8)
    back = np.cumsum(changes.reshape(frames.shape), axis=0, dtype=np.uint8)
    np.testing.assert_array_equal(back, frames)


# --- the shell ------------------------------------------------------------------------------------


class Shell(HTMLParser):
    """The data, the images and the addresses of a view's HTML."""

    def __init__(self, html):
        super().__init__()
        self.options, self.images, self.addresses, self.scripts = None, [], [], 0
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "data-view" in attributes:
            self.options = json.loads(attributes["data-view"])
        if tag == "img":
            self.images.append(attributes)
        self.scripts += tag == "script"
        self.addresses += [attributes[key] for key in ("src", "href") if key in attributes]


def every_view(x, y):
    yield scrub(VAE.dense(3, (8,)), x, y)
    yield scrub(VAE.dense(2, (8,)), x, y)
    yield scrub(Autoencoder.dense(3, (8,)), x)
    yield scrub(ConditionalVAE.dense(3, 4, (8,)), x, y)
    yield scrub(VQVAE.patches(6), x)
    yield walk(VAE.dense(3, (8,)), x[0], x[1])
    yield draw(VAE.dense(3, (8,)))
    yield draw(VAE.dense(3, (8,)), x)
    yield film(x.view(3, 4, 1, 28, 28), names=["it's", '"<b>"', "&"], alt="Static & <noise> 'it'")


def test_a_view_is_self_contained_and_described(x, y):
    for view in every_view(x, y):
        html = view._repr_html_()
        shell = Shell(html)
        assert json.loads(json.dumps(view.options)).items() <= shell.options.items()
        assert shell.options["name"] == view.name and shell.scripts == 1
        assert all(address.startswith("data:image/png") for address in shell.addresses)
        assert shell.images and all(image["alt"] for image in shell.images)
        for image in shell.images:
            data = base64.b64decode(image["src"].partition(",")[2])
            assert Image.open(BytesIO(data)).height > 28
        assert view.caption in repr(view)
        assert not re.search(r"https?://", html)


def test_the_same_model_gives_the_same_output(x, y):
    first, again = ([view._repr_html_() for view in every_view(x, y)] for _ in range(2))
    assert first == again


def test_a_view_is_saved_as_a_whole_page(x, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    view = scrub(VAE.dense(2, (8,)), x)
    view.save("~/pages/codes.html")
    page = (tmp_path / "pages" / "codes.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and page.rstrip().endswith("</html>")
    assert view._repr_html_() in page and "{" not in re.search("<title>(.*)</title>", page)[1]
    with pytest.raises(IsADirectoryError):
        view.save(tmp_path)


def test_the_script_ends_where_it_should(x):
    html = scrub(VAE.dense(2, (8,)), x)._repr_html_()
    script = html[html.index("<script>") :]
    assert script.count("</") == 1 and script.endswith(
        ".then(module => module.mountAll());\n</script>"
    )


def test_a_still_shows_what_each_number_does():
    model = trained(VAE.dense(3, (9,)))
    shell = Shell(scrub(model)._repr_html_())
    caption = "all numbers of the code, one to a row"
    for j, image in enumerate(shell.images):
        assert image["alt"].startswith(f"z[{j}]: 7 pictures; {caption}")
    assert len(shell.images) == 3
    sheet = np.asarray(Image.open(BytesIO(base64.b64decode(shell.images[1]["src"][22:]))))[..., 0]
    with evaluating(model):
        picture = model.to_image(model.decode(torch.tensor([[0.0, -2.0, 0.0]])))[0, 0]
    wide = 2 * 28 + 2 + 4
    drawn = sheet[1:57, wide + 1 : wide + 57][::2, ::2]  # the second from the left
    np.testing.assert_array_equal(drawn, 255 - ink(picture))


def shown_map(view):
    """The still map of a view, (364, 364, 3) without frame and axes, its words, and its file."""
    image = Shell(view._repr_html_()).images[0]
    data = base64.b64decode(image["src"][22:])
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))[4:368, 34:398], image["alt"], data


@pytest.mark.parametrize("kind", ["VAE", "ConditionalVAE"])
def test_the_still_of_two_numbers_is_their_map(x, y, kind):
    """Each place shows what is decoded there; only the ring, in the middle, lies upon it."""
    plain = kind == "VAE"
    model = trained(VAE.dense(2, (9,)) if plain else ConditionalVAE.dense(2, 4, (9,)))
    view = scrub(model, z=torch.zeros(2)) if plain else scrub(model, x, y, z=torch.zeros(2))
    map_of_codes, alt, data = shown_map(view)
    assert alt.startswith(
        "map; the map of all codes, decoded at 13 × 13 places, z[0] from -3 (left)"
    )
    assert "the ring is the code to begin with" in view.caption and len(data) < 90_000
    assert ("under label 0" in view.caption) != plain
    assert list(view.still) == (["map"] if plain else ["map", "one code"])
    pale = 1.0 if plain else 0.4
    far = set()
    for column, row in ((0, 0), (12, 0), (12, 12), (3, 11)):
        code = torch.tensor([[(column + 0.5) * 6 / 13 - 3, 3 - (row + 0.5) * 6 / 13]])
        with evaluating(model):
            picture = model.to_image(model.decode(code, *(() if plain else (y[:1],))))[0, 0]
        cell = map_of_codes[28 * row : 28 * row + 28, 28 * column : 28 * column + 28, 0]
        off = np.abs(cell.astype(int) - (255 - ink(pale * picture)))
        far.add(np.quantile(off, 0.9))  # a dot may lie in a corner of it
    assert max(far) <= 8


def test_dots_and_ring_of_a_still_map_lie_where_their_codes_are(x, y):
    model = trained(VAE.dense(2, (9,)))
    view = scrub(model, x, y, z=torch.tensor([1.5, -1.5]))
    map_of_codes, _, _ = shown_map(view)
    plane = view.options["plane"]
    assert "the dots are the codes of 12 images, coloured by label" in view.caption
    high, reach = view.options["high"], 364 / (2 * view.options["high"][0])
    place = lambda a, b: (round((high[1] - b) * reach), round((a + high[0]) * reach))  # noqa: E731
    seen = 0
    for number, (a, b, kind) in enumerate(plane["dots"]):
        others = [*plane["dots"][number + 1 :], (1.5, -1.5, 0)]
        if all(math.hypot(a - c, b - d) * reach > 14 for c, d, _ in others):
            expected = [int(plane["colours"][kind][k : k + 2], 16) for k in (1, 3, 5)]
            assert np.abs(map_of_codes[place(a, b)].astype(int) - expected).max() < 40
            seen += 1
    assert seen
    row, column = place(1.5, -1.5)
    left = map_of_codes[row, column - 11 : column - 6].astype(int)
    assert (left[:, 2] - left[:, 0]).max() > 100  # the ring is blue


@pytest.mark.parametrize("side", [8, 28, 64])
def test_a_still_map_has_one_size_whatever_the_pictures_are(side):
    model = Autoencoder.dense(2, (9,), input_shape=(1, side, side))
    view = scrub(model, torch.rand(5, 1, side, side))
    wide, tall = view.still["map"].size
    assert max(wide, tall) <= 480


# --- colour ---------------------------------------------------------------------------------------


def colours(count, *sides):
    return torch.rand(count, 3, *sides, generator=torch.Generator().manual_seed(1))


def seen(source):
    """The picture of an address, (height, width, 3) and how opaque."""
    image = Image.open(BytesIO(base64.b64decode(source[22:]))).convert("RGBA")
    return np.asarray(image)[..., :3], np.asarray(image)[..., 3]


def light_of(picture):
    """Red, green and blue as bytes, (height, width, 3)."""
    return (255 * picture.clamp(0, 1)).round().to(torch.uint8).permute(1, 2, 0).numpy()


def sent(text, *shape):
    """The frames that a browser unpacks: (frames, *shape)."""
    changes = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)
    return np.cumsum(changes.reshape(-1, *shape), axis=0, dtype=np.uint8)


def test_still_pictures_are_in_colour():
    model = trained(VAE.dense(3, (9,), input_shape=(3, 9, 14)))
    shell = Shell(scrub(model)._repr_html_())
    sheet, opaque = seen(shell.images[1]["src"])
    with evaluating(model):
        picture = model.to_image(model.decode(torch.tensor([[0.0, -2.0, 0.0]])))[0]
    left = 2 * 14 + 2 + 4 + 1  # the second, within its frame
    np.testing.assert_array_equal(sheet[1:19:2, left : left + 28 : 2], light_of(picture))
    assert (sheet[0, :30] == 190).all() and (opaque[:20, 30:34] == 0).all()  # frame and gap
    with Image.open(
        BytesIO(base64.b64decode(scrub(model)._repr_mimebundle_()[0]["image/png"]))
    ) as p:
        assert p.size[1] > 3 * 18


@pytest.mark.parametrize("dots", [False, True])
def test_a_map_in_colour_is_made_pale_by_white(dots):
    model = trained(VAE.dense(2, (9,), input_shape=(3, 9, 14)))
    x = colours(5, 9, 14) if dots else None
    image = Shell(scrub(model, x, z=torch.zeros(2))._repr_html_()).images[0]
    shown = seen(image["src"])[0][4 : 4 + 13 * 9, 34 : 34 + 13 * 14]
    for column, row in ((0, 0), (12, 0), (12, 12), (3, 11)):
        (low, high), place = (-3, 3), torch.tensor([column + 0.5, 12.5 - row])
        with evaluating(model):
            picture = model.to_image(model.decode((low + place * (high - low) / 13)[None]))[0]
        expected = light_of(1 - 0.4 * (1 - picture) if dots else picture).astype(int)
        cell = shown[9 * row : 9 * row + 9, 14 * column : 14 * column + 14].astype(int)
        off = np.abs(cell - expected)  # of 256 colours for a whole map of noise
        assert np.quantile(off, 0.9) <= 20 and off.mean() < 10


def test_pictures_are_sent_pixel_by_pixel_with_their_colours():
    model, x = trained(Autoencoder.conv(4, (3, 5), input_shape=(3, 9, 14))), colours(6, 9, 14)
    expected = np.stack([light_of(image) for image in x])
    options = scrub(model, x).options
    assert options["image"] == [9, 14, 3]
    np.testing.assert_array_equal(sent(options["pictures"]["bytes"], 9, 14, 3), expected)
    options = film(x, alt="Static").options
    assert options["image"] == [9, 14, 3] and options["tiles"] == 1
    np.testing.assert_array_equal(sent(options["bytes"], 9, 14, 3), expected)
    options = film([x[:2], x[2:4], x[4:]], alt="Static").options
    assert options["tiles"] == 2
    np.testing.assert_array_equal(
        sent(options["bytes"], 2, 9, 14, 3), expected.reshape(3, 2, 9, 14, 3)
    )
    options = walk(model, x[0], x[1]).options
    with evaluating(model):
        ends = model.to_image(model.decode(model.encode(x[:2])))
    way = sent(options["bytes"], 2, 9, 14, 3)
    for k, image in ((0, ends[0]), (-1, ends[1])):
        for row in way[k]:
            assert np.abs(row.astype(int) - light_of(image)).max() <= 1
    end = np.frombuffer(zlib.decompress(base64.b64decode(options["ends"]["b"])), np.uint8)
    np.testing.assert_array_equal(end.reshape(9, 14, 3), expected[1])


DECODERS = {
    "dense": (VAE.dense(4, (9,), input_shape=(3, 9, 14)), 4),
    "linear": (Autoencoder.linear(4, input_shape=(3, 8, 11)), 4),
    "conv": (VAE.conv(4, (3, 5, 2), input_shape=(3, 13, 18)), 4),
    "conv autoencoder": (Autoencoder.conv(4, (3, 5), input_shape=(3, 31, 8)), 4),
    "grey": (Autoencoder.conv(4, (3, 5), input_shape=(1, 10, 17)), 4),
}


@pytest.mark.parametrize(("model", "width"), DECODERS.values(), ids=DECODERS)
def test_decoders_of_every_shape_are_packed(model, width):
    z = torch.randn(50, width, generator=torch.Generator().manual_seed(0))
    header = packed(trained(model), z)
    channels, *sides = model.input_shape
    last = header["layers"][-1]
    assert math.prod(last["target"]) * last["outputs"] == channels * math.prod(sides)
    assert header["levels"] <= LEVELS


@pytest.mark.parametrize("sides", [(8, 8), (9, 10), (10, 11), (11, 9), (13, 8)])
def test_patches_with_a_rest_are_packed(sides):
    """Their margins differ by side, and the browser is told both."""
    model = trained(VQVAE.patches(6, 2, 4, input_shape=(3, *sides)))
    view = scrub(model, colours(5, *sides))
    last = view.options["decoder"]["layers"][-1]
    assert last["target"] == list(sides) and last["outputs"] == 3
    assert last["padding"] == list(model.decoder[-1].padding)
    assert view.options["decoder"]["levels"] <= LEVELS
    assert view.options["grid"] == [-(-side // 4) for side in sides]


def test_what_the_kernel_decodes_is_in_colour_too():
    base = VAE.dense(2, (9,), input_shape=(3, 9, 14))
    model = VAE(base.encoder, nn.Sequential(base.decoder, nn.Softsign()), latent_dim=2)
    panel = scrub(model, z=torch.tensor([0.5, -1.0]))
    (picture,) = (child for child in panel.children if isinstance(child, ipywidgets.Image))
    sheet = np.asarray(Image.open(BytesIO(picture.value)).convert("RGBA"))
    with evaluating(model):
        expected = light_of(model.to_image(model.decode(torch.tensor([[0.5, -1.0]])))[0])
    large = expected.repeat(PIXEL, 0).repeat(PIXEL, 1)
    np.testing.assert_array_equal(sheet[1:-1, 1 : 1 + 14 * PIXEL, :3], large)
    assert (sheet[:, 2 + 14 * PIXEL :, 3] == 0).all()


# --- scrub ----------------------------------------------------------------------------------------


def test_without_images_scrubbing_begins_in_the_middle_of_the_prior():
    options = scrub(VAE.dense(3, (9,))).options
    assert (
        options["start"] == [0, 0, 0] and options["low"] == [-3] * 3 and options["high"] == [3] * 3
    )
    assert options["order"] == [0, 1, 2] and options["activity"] is None
    assert "pictures" not in options


def test_a_code_to_begin_with_is_within_reach():
    options = scrub(VAE.dense(3, (9,)), z=torch.tensor([0.5, -1.0, 4.2])).options
    assert options["start"] == [0.5, -1.0, 4.2] and options["high"] == [5] * 3


def test_scrubbing_leaves_the_model_as_it_was(x):
    for model in (VAE.conv(2, (2, 3, 4)), Autoencoder.conv(2, (2, 3)), VQVAE.patches(4)):
        model.train()
        before = {name: numbers.clone() for name, numbers in model.state_dict().items()}
        scrub(model, x)
        assert model.training and all(p.grad is None for p in model.parameters())
        for name, numbers in model.state_dict().items():
            assert torch.equal(numbers, before[name]), name


def test_sliders_of_an_autoencoder_span_its_codes(x):
    model = trained(Autoencoder.dense(4, (9,), code="relu"))
    with torch.no_grad():
        model.encoder[-1].weight *= 30
        model.encoder[-1].bias[1] = -500.0  # a dead unit
    options = scrub(model, x).options
    with evaluating(model):
        codes = model.encode(x)
    for j in (0, 2, 3):
        assert 0 <= options["low"][j] <= codes[:10, j].min()
        assert codes[:10, j].max() <= options["high"][j] < 1.2 * codes.max()
    assert options["low"][1] == 0 < options["high"][1] and options["silent"][1]
    mean = torch.tensor(options["random"]["mean"])
    factor = torch.tensor(options["random"]["factor"])
    torch.testing.assert_close(mean, codes.mean(0), rtol=1e-4, atol=1e-3)
    spread = codes.var(0, correction=0)
    torch.testing.assert_close(
        (factor @ factor.T).diag(), spread, rtol=0.02, atol=1e-3 * spread.max()
    )


def test_decimals_follow_the_size_of_the_codes(x):
    sizes = {}
    for factor in (0.01, 1.0, 100.0):
        model = Autoencoder.dense(2, (9,))
        with torch.no_grad():
            model.encoder[-1].weight *= factor
        options = scrub(model, x).options
        widest = max(high - low for low, high in zip(options["low"], options["high"], strict=True))
        sizes[factor] = widest * 10 ** options["decimals"]  # how many positions a slider has
    assert all(300 < positions < 8000 for positions in sizes.values()), sizes


def test_a_decoder_unknown_to_the_browser_is_scrubbed_in_the_kernel(x):
    parts = trained(VAE.dense(3, (9,)))
    parts.decoder[1] = nn.Tanh()
    view = scrub(parts, x)
    assert isinstance(view, ipywidgets.VBox)
    sliders = [child for child in view.children if isinstance(child, ipywidgets.FloatSlider)]
    assert sorted(slider.description for slider in sliders) == ["z[0]", "z[1]", "z[2]"]
    captions = [child for child in view.children if isinstance(child, ipywidgets.HTML)]
    assert "must be running, because its decoder has a Tanh" in captions[0].value
    picture = next(child for child in view.children if isinstance(child, ipywidgets.Image))
    before = bytes(picture.value)
    for slider in sliders:
        slider.value = 2.0
    assert bytes(picture.value) != before
    assert f"code of length {math.sqrt(12):.2f}" in captions[-1].value


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y: scrub(PeekingVAE.dense(2, (8,))), "no picture that belongs to a code alone"),
        (lambda x, y: scrub(nn.Linear(2, 3)), "model is a Linear; expected a VAE"),
        (lambda x, y: scrub(Autoencoder.dense(2)), r"no prior.*scrub\(model, x\)"),
        (lambda x, y: scrub(VQVAE.patches()), r"the start: scrub\(model, x\)"),
        (lambda x, y: scrub(ConditionalVAE.dense(2), x), r"needs the labels of x"),
        (lambda x, y: scrub(ConditionalVAE.dense(2), x, y + 9), "labels go from 9 to 12"),
        (lambda x, y: scrub(VAE.dense(2), None, y), "y holds the labels of x"),
        (lambda x, y: scrub(VAE.dense(2), x, y[:3]), "y has 3 labels for 12 images"),
        (lambda x, y: scrub(VAE.dense(2), x[0]), r"x has shape \(1, 28, 28\).*x\[None\].*z="),
        (
            lambda x, y: scrub(VAE.dense(2), torch.zeros(2)),
            r"x has shape \(2,\).*code is given as z=",
        ),
        (lambda x, y: scrub(VAE.dense(2), x[..., :14]), r"expected \(batch, 1, 28, 28\)"),
        (lambda x, y: scrub(VAE.dense(3), z=torch.zeros(1, 3)), r"z has shape \(1, 3\).*z\[0\]"),
        (
            lambda x, y: scrub(VAE(VAE.dense(3).encoder, VAE.dense(3).decoder)),
            "the width of the code is unknown",
        ),
        (
            lambda x, y: scrub(VAE.dense(2, input_shape=(50,), output="multinomial")),
            r"examples have shape \(50,\); scrub draws images in grey or colour",
        ),
        (lambda x, y: scrub(VQVAE.patches(9), x, z=torch.full((7, 7), 9)), r"symbols from 0 to 8"),
        (lambda x, y: walk(PeekingVAE.dense(2, (8,)), x[0], x[1]), "model is a PeekingVAE"),
        (lambda x, y: walk(VQVAE.patches(), x[0], x[1]), "model is a VQVAE"),
        (lambda x, y: walk(VAE.dense(2), x[:2], x[1]), r"a has shape \(2, 1, 28, 28\).*a\[0\]"),
        (lambda x, y: walk(VAE.dense(2), x[0], x[0, 0]), r"b has shape \(28, 28\)"),
        (lambda x, y: film(x, names=["one"], alt="Static"), "names has 1 entries for 12 frames"),
        (lambda x, y: film(x, alt=" "), "alt is empty"),
        (lambda x, y: film([x[0], x[:2]], alt="Static"), "frames have the shapes"),
        (lambda x, y: film([], alt="Static"), r"frames have the shapes \[\]"),
        (lambda x, y: film(list(x[:, 0]), alt="Static"), r"a frame has shape \(28, 28\)"),
    ],
)
def test_errors_name_the_input_and_the_way_out(x, y, call, message, unchecked):
    with pytest.raises(ValueError, match=message):
        call(x, y)


SMALL = VAE.dense(2, (8,))
SHAPELESS = VAE(SMALL.encoder, SMALL.decoder, latent_dim=2)
LINEAR = Autoencoder.dense(3, (8,), output="linear")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x.numpy(), r"is a numpy array; give a tensor: torch.as_tensor\("),
        (lambda x: [x, x], r"is a list; give one tensor, for instance torch.stack\("),
        (lambda x: (0.5, 1), r"is a tuple; give one tensor: torch.tensor\("),
        (lambda x: ["a"], r"is a list; give one tensor$"),
        (lambda x: 3.0, "is of type float; expected a tensor"),
        (
            lambda x: (255 * x).byte(),
            r"has whole numbers from 0 to 25\d; .* in \[0, 1\]: \w+ / 255",
        ),
        (lambda x: x > 0.5, r"has whole numbers from 0 to 1; .*: \w+\.float\(\)"),
        (lambda x: 255 * x, r"has values from [\d.]+ to 25[\d.]+; expected .* / 255"),
        (lambda x: x - 0.5, r"has values from -0.[\d]+ to .*normalisation, or \w+.clamp\(0, 1\)"),
        (
            lambda x: torch.where(x > 0.5, torch.nan, x),
            r"has \d+ pixels that are no finite numbers",
        ),
        (
            lambda x: torch.where(x > 0.5, torch.inf, x),
            r"has \d+ pixels that are no finite numbers",
        ),
    ],
)
def test_what_is_no_picture_is_said_in_one_sentence(x, change, message, unchecked):
    with pytest.raises(ValueError, match="^x " + message):
        scrub(SMALL, change(x))
    with pytest.raises(ValueError, match="^a " + message):
        walk(SMALL, change(x[0]), x[1])
    with pytest.raises(ValueError, match="^b " + message):
        walk(SMALL, x[0], change(x[1]))


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (lambda x: x.numpy(), r"frames is a numpy array; give a tensor: torch.as_tensor\(frames"),
        (lambda x: [x[0], x[1].numpy()], r"frames\[1\] is a numpy array; give a tensor"),
        (lambda x: 3, "frames is of type int; expected a tensor"),
        (lambda x: (255 * x).byte(), r"frames has whole numbers from 0 to 25\d; .*frames / 255"),
        (lambda x: x - 0.5, r"frames has values from -0.*frames.clamp\(0, 1\)"),
        (lambda x: x / 0, r"frames has \d+ pixels that are no finite numbers"),
        (lambda x: x[:, 0], r"frames has shape \(12, 28, 28\).*frames\[:, None\]"),
        (lambda x: x[0], r"frames has shape \(1, 28, 28\).*one picture, which is no film"),
        (lambda x: x[0, 0], r"frames has shape \(28, 28\); expected \(frames, n, channels"),
        (lambda x: x[:1], r"frames holds one frame, of shape \(1, 28, 28\).*at least two"),
        (lambda x: [x], r"frames holds one frame, of shape \(12, 1, 28, 28\).*at least two"),
        (
            lambda x: x.expand(-1, 4, -1, -1),
            r": without the transparency they are frames\[:, :3\]$",
        ),
        (lambda x: [x[0].expand(5, -1, -1)] * 2, r": of 5 channels draw one, frame\[:1\]$"),
        (
            lambda x: x.expand(-1, 3, -1, -1)[None].movedim(2, -1),
            r": the channels come first, frames.permute\(0, 1, 4, 2, 3\)$",
        ),
        (lambda x: [x[0].movedim(0, -1)] * 2, r"come first, frame.permute\(2, 0, 1\)$"),
    ],
)
def test_what_is_no_film_is_said_in_one_sentence(x, frames, message, unchecked):
    with pytest.raises(ValueError, match=message):
        film(frames(x), alt="Static")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x, y: scrub(SMALL, x, nn.functional.one_hot(y)),
            r"y has shape \(12, 4\); y holds class numbers, \(n,\): y.argmax\(1\)",
        ),
        (lambda x, y: scrub(SMALL, x, y[:, None]), r"class numbers, \(n,\): y.flatten\(\)"),
        (lambda x, y: scrub(SMALL, x, y + 0.25), "y holds 0.25; expected class numbers, which are"),
        (lambda x, y: scrub(SMALL, x, y / 0), "y holds nan; expected class numbers"),
        (lambda x, y: scrub(SMALL, x, ["a"] * 12), "y is of type list and holds no numbers"),
        (
            lambda x, y: scrub(SMALL, x.expand(-1, 3, -1, -1)),
            r"build VAE.dense\(..., input_shape=\(3, 28, 28\)\), or make them grey with x",
        ),
        (
            lambda x, y: scrub(SHAPELESS, x.expand(-1, 3, -1, -1).movedim(1, -1)),
            r"x has shape .*grey or colour.*: the channels come first, x.permute\(0, 3, 1, 2\)$",
        ),
        (
            lambda x, y: scrub(
                VAE.dense(2, (4,), input_shape=(2, 28, 28)), x.expand(-1, 2, -1, -1)
            ),
            r"examples have shape \(2, 28, 28\); scrub draws images in grey or colour",
        ),
        (lambda x, y: scrub(SMALL, z=[0.0, 1.0]), r"z is a list; .*: torch.tensor\(z\)"),
        (lambda x, y: scrub(SMALL, z=torch.tensor([0, torch.nan])), "z holds numbers that are not"),
        (
            lambda x, y: walk(SHAPELESS, x[0], x[1, :, :14]),
            "a has 28 × 28 pixels in grey, b has 14 × 28 pixels in grey; expected two images of",
        ),
        (
            lambda x, y: walk(SHAPELESS, x[0].expand(3, -1, -1), x[1]),
            "a has 28 × 28 pixels in colour, b has 28 × 28 pixels in grey; expected two images of",
        ),
        (lambda x, y: walk(SMALL, x[0], x[1, :, :14]), r"^b has shape .*\(batch, 1, 28, 28\)"),
        (lambda x, y: walk(SMALL, *x[:2, :, :14]), r"^a has shape .*\(batch, 1, 28, 28\)"),
        (
            lambda x, y: walk(SMALL, x[0].expand(3, -1, -1), x[1]),
            r"^a has shape \(1, 3, 28, 28\).*grey with a.mean\(1, keepdim=True\)",
        ),
        (
            lambda x, y: walk(SMALL, x[:1], x[1:2].expand(-1, 3, -1, -1)),
            r"^b has shape \(1, 3, 28, 28\).*grey with b.mean\(1, keepdim=True\)",
        ),
        (
            lambda x, y: walk(SMALL, x[0].expand(3, -1, -1).movedim(0, -1), x[1]),
            r"^a has shape \(28, 28, 3\).*: the channels come first, a.permute\(2, 0, 1\)$",
        ),
        (lambda x, y: film(x, alt=None), "alt is of type NoneType: say in a sentence"),
        (lambda x, y: film(x, names=12, alt="Static"), "names is of type int; give a list"),
        (lambda x, y: film(x, names="abcdefghijkl", alt="Static"), "names is of type str; give a"),
        (lambda x, y: scrub(LINEAR, x / 0), "pixels that are no finite numbers"),
        (lambda x, y: film(x, names=["one"], alt="Static"), "names has 1 entries for 12 frames"),
    ],
)
def test_other_wrong_inputs_are_said_in_one_sentence(x, y, call, message, unchecked):
    with pytest.raises(ValueError, match=message):
        call(x, y)


def test_double_precision_rounding_and_labels_of_other_types_are_taken(x, y, unchecked):
    expected = scrub(SMALL, x, y)._repr_html_()
    for labels in (y.double(), y.byte(), y.tolist(), y.numpy()):
        assert scrub(SMALL, x.double(), labels)._repr_html_() == expected
    assert scrub(SMALL, 1.009 * x, y).options["view"] == "scrub"
    walks = [walk(SMALL, a, x[1]).options for a in (x[0], x[0].double())]
    assert walks[0] == walks[1]
    assert film(x.double(), alt="Static").options == film(x, alt="Static").options


def test_a_model_of_other_ranges_takes_other_ranges(x):
    assert scrub(LINEAR, 3 * x - 1).options["view"] == "scrub"
    assert walk(LINEAR, 3 * x[0] - 1, x[1]).options["view"] == "play"


# --- draw -----------------------------------------------------------------------------------------


def sent_layers(header):
    """The layers as a browser has them: the model's, with the weights that were sent."""
    return [
        Layer(
            torch.tensor(weight, dtype=torch.float32),
            torch.tensor(bias),
            **{
                key: tuple(value) if isinstance(value, list) else value
                for key, value in layer.items()
                if key not in ("inputs", "kernel", "outputs")
            },
        )
        for layer, (weight, bias) in zip(header["layers"], unpacked(header), strict=True)
    ]


@pytest.mark.parametrize(
    "model", [VAE.dense(20, (400,)), VAE.conv(4, (6, 5, 7))], ids=["dense", "conv"]
)
@pytest.mark.parametrize("given", [True, False])
def test_both_networks_are_sent_with_the_terms_of_the_bound(model, given, images):
    x = images.test[:40]
    options = draw(trained(model), x if given else None).options
    encoder, decoder = (sent_layers(options[part]) for part in ("encoder", "decoder"))
    with evaluating(model):
        mu, log_var = model.encode(x)
        theirs = model.decode(mu)
        its_mu, its_log_var = (
            run(encoder, x, "linear", (2 * mu.shape[1], 1, 1)).flatten(1).chunk(2, 1)
        )
        logits = run(decoder, its_mu[:, :, None, None], "linear", (1, 28, 28))
    expected = torch.stack([bernoulli_nll(theirs, x), gaussian_kl(mu, log_var)])
    terms = torch.stack([bernoulli_nll(logits, x), gaussian_kl(its_mu, its_log_var)])
    allowed = 2 * (SHARE * expected).clamp(min=NATS)  # for either network once
    assert ((terms - expected).abs() <= (1 if given else 2) * allowed).all()
    assert (255 * (logits.sigmoid() - theirs.sigmoid()).abs()).max() <= LEVELS


def test_pictures_to_start_from_are_sent_as_they_are(images):
    view = draw(ENCODERS["dense"], images.test[:12])
    expected = (255 * images.test[:10, 0]).round().byte().numpy()
    np.testing.assert_array_equal(sent(view.options["pictures"]["bytes"], 28, 28), expected)
    assert len(view.options["pictures"]["names"]) == 10
    assert list(view.still) == ["pictures", "drawn again"]
    assert torch.equal(view.still["drawn again"], ENCODERS["dense"].reconstruct(images.test[:10]))


def test_a_network_written_around_rows_is_sent_as_that_of_the_course(x):
    model, rows = VAE.dense(3, (9,)), Rows()
    rows.first, (rows.back[0], rows.back[2]) = (
        model.encoder[1],
        (model.decoder[0], model.decoder[2]),
    )
    rows.second = nn.Identity()
    with torch.no_grad():
        for head, half in ((rows.mu, slice(0, 3)), (rows.log_var, slice(3, 6))):
            head.weight = nn.Parameter(model.encoder[3].weight[half])
            head.bias = nn.Parameter(model.encoder[3].bias[half])
    assert draw(VAE.around(rows, 3), x)._repr_html_() == draw(model, x)._repr_html_()


def test_drawing_leaves_the_model_as_it_was(x):
    for model in ENCODERS.values():
        model.train()
        before = {name: numbers.clone() for name, numbers in model.state_dict().items()}
        draw(model, x)
        assert model.training and all(p.grad is None for p in model.parameters())
        assert not any(part._forward_hooks for part in model.modules())
        for name, numbers in model.state_dict().items():
            assert torch.equal(numbers, before[name]), name


class Doubled(VAE):
    """Its code is not what its encoder says."""

    def encode(self, x):
        mu, log_var = super().encode(x)
        return 2 * mu, log_var


def with_tanh(model):
    model.encoder[2] = nn.Tanh()
    return model


DIGITS = {"input_shape": (1, 28, 28), "latent_dim": 3}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x: draw(PeekingVAE.dense(2, (8,))),
            "^a PeekingVAE draws pixel by pixel.*VAE.dense",
        ),
        (lambda x: draw(Autoencoder.dense(2)), "^model is an Autoencoder; expected a VAE, whose"),
        (lambda x: draw(nn.Linear(2, 3)), "^model is a Linear; expected a VAE"),
        (lambda x: draw(x), "^model is a Tensor; expected a VAE"),
        (lambda x: draw(VAE.dense(2, output="linear")), "^model has output='linear'; .*'sigmoid'"),
        (
            lambda x: draw(VAE.dense(2, input_shape=(3, 28, 28))),
            r"^model has input_shape=\(3, 28, 28\); expected \(1, 28, 28\).*: build it with",
        ),
        (
            lambda x: draw(VAE(VAE.dense(3).encoder, VAE.dense(3).decoder)),
            "^model has input_shape=None; expected",
        ),
        (
            lambda x: draw(with_tanh(VAE.dense(2, (8,)))),
            r"^the browser cannot answer .*: its encoder has a Tanh where none is expected",
        ),
        (
            lambda x: draw(VAE.around(Rows(torch.tanh), 3)),
            r"its encoder \(of the class Rows\) is not linear layers and ReLUs in a row; in Python",
        ),
        (
            lambda x: draw(
                Doubled(ENCODERS["dense"].encoder, ENCODERS["dense"].decoder, **DIGITS), x
            ),
            "its terms of the bound are not what its encoder's layers alone give; in Python it",
        ),
        (lambda x: draw(SMALL, x[0]), r"^x has shape \(1, 28, 28\); expected .*with x\[None\]"),
        (lambda x: draw(SMALL, x[:0]), r"^x has shape \(0, 1, 28, 28\); .*at least one"),
        (lambda x: draw(SMALL, x[..., :14]), r"^x has shape .*expected \(batch, 1, 28, 28\)"),
        (lambda x: draw(SMALL, x.numpy()), "^x is a numpy array; give a tensor"),
        (lambda x: draw(SMALL, (255 * x).byte()), r"^x has whole numbers .*: x / 255"),
        (lambda x: draw(SMALL, x / 0), r"^x has \d+ pixels that are no finite numbers"),
    ],
)
def test_what_cannot_answer_a_drawing_is_said_in_one_sentence(x, call, message, unchecked):
    with pytest.raises(ValueError, match=message) as error:
        call(x)
    assert "\n" not in str(error.value) and ". " not in str(error.value)


# --- walk and film --------------------------------------------------------------------------------


def test_the_spherical_way_turns_at_an_even_pace():
    a, b = torch.tensor([3.0, 0.0, 0.0]), torch.tensor([0.0, 2.0, 0.0])
    t = torch.tensor([[0.0], [1 / 3], [0.5], [1.0]])
    way = spherical(a, b, t)
    third = torch.tensor([3 * math.sin(math.pi / 3), 2 * math.sin(math.pi / 6), 0.0])
    half = torch.tensor([3.0, 2.0, 0.0]) * math.sqrt(0.5)
    torch.testing.assert_close(way, torch.stack([a, third, half, b]))
    equal = spherical(a, 1.5 * b, torch.linspace(0, 1, 9)[:, None])
    torch.testing.assert_close(equal.norm(dim=1), torch.full((9,), 3.0))


@pytest.mark.parametrize("factor", [2.0, -1.0, 0.0])
def test_without_an_arc_the_spherical_way_is_straight(factor):
    a = torch.tensor([1.0, 2.0])
    t = torch.linspace(0, 1, 5)[:, None]
    torch.testing.assert_close(spherical(a, factor * a, t), (1 - t) * a + t * factor * a)


def test_coarse_greys_stay_near_and_stand_still():
    frames = np.random.default_rng(0).integers(0, 256, (6, 40), dtype=np.uint8)
    np.testing.assert_array_equal(coarse(frames, 1), frames)
    drift = np.array([[100], [104], [107], [111], [118]], dtype=np.uint8)
    assert coarse(drift, 15).flatten().tolist() == [105, 105, 105, 105, 120]
    difference = coarse(frames, 15).astype(int) - frames
    assert np.abs(difference).max() <= 11


def test_a_long_film_keeps_within_the_limit():
    grown = torch.linspace(0, 1, 20)[:, None, None, None, None]
    blot = torch.exp(-(torch.linspace(-3, 3, 28)[:, None] ** 2 + torch.linspace(-3, 3, 28) ** 2))
    noise = torch.rand(60, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    grown_and_noise = (grown * blot + 0.06 * noise).clamp(0, 1)
    long = film(grown_and_noise, alt="A blot grows.")
    short = film((grown * blot)[:3, :1], alt="A blot grows.")
    assert len(long.options["bytes"]) <= FILM_LIMIT < len(pack_frames(ink(grown_and_noise)))
    changes = np.frombuffer(zlib.decompress(base64.b64decode(short.options["bytes"])), np.uint8)
    assert np.array_equal(
        np.cumsum(changes.reshape(3, -1), 0, np.uint8)[2], ink(grown[2] * blot).ravel()
    )


def test_a_film_takes_single_pictures_and_lists(x):
    for frames in (x, list(x), x[:, None], (picture for picture in x)):
        options = film(frames, alt="Static").options
        assert options["tiles"] == 1 and options["names"] == [str(k) for k in range(12)]


@pytest.mark.parametrize(("tiles", "shown"), [(5, 5), (24, 24), (60, 24)])
def test_the_still_of_a_film_is_its_sheet(tiles, shown):
    frames = torch.rand(3, tiles, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    view = film(frames, names=["one", "two", "three"], alt="Noise becomes noise.")
    columns = view.options["columns"]
    shell = Shell(view._repr_html_())
    assert len(shell.images) == 3 and shown % columns == 0
    for name, image, pictures in zip(("one", "two", "three"), shell.images, frames, strict=True):
        assert image["alt"].startswith(f"{name}: {shown} pictures; Noise becomes noise.")
        sheet = np.asarray(Image.open(BytesIO(base64.b64decode(image["src"][22:]))))[..., 0]
        side = 2 * 28 + 2 + 4
        assert sheet.shape == (shown // columns * side, columns * side - 4)
        for k in range(shown):
            y, x = k // columns * side + 1, k % columns * side + 1
            drawn = sheet[y : y + 56, x : x + 56][::2, ::2]
            np.testing.assert_array_equal(drawn, 255 - ink(pictures[k, 0]))
    assert ("(Here the first 24 of 60 pictures.)" in view.caption) == (tiles > shown)


def test_the_name_of_a_film_can_be_followed_by_a_comma(x):
    view = film(x, alt="Noise becomes noise. ")
    assert view.options["rows"] == [{"name": "Noise becomes noise"}]
    assert view.caption == "Noise becomes noise. "
