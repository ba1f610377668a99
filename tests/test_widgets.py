"""The interactive views: what a slider moves is what the picture and its text show."""

import time
from io import BytesIO

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image

from course_utils import Autoencoder, gaussian_noise, masking_noise, salt_and_pepper
from course_utils.widgets import compare_code_sizes, denoise_at
from course_utils.widgets.knobs import GAP, PIXEL

SIZES = (2, 16, 4)  # not sorted: the slider sorts them
SIDE = 28


@pytest.fixture
def x():
    return torch.rand(3, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def reconstructions(x):
    """Two methods whose errors are known: 784 · 1/k² and 784 · 0.25/k², except on image 1."""
    pca = {k: x + 1 / k for k in SIZES}
    autoencoder = {k: x - 0.5 / k for k in SIZES}
    for by_size in (pca, autoencoder):
        for x_hat in by_size.values():
            x_hat[1] = x[1]
    return {"PCA": pca, "autoencoder": autoencoder}


def parts(view):
    """The widgets in a view: code size, image, picture, captions."""
    kinds = (ipywidgets.SelectionSlider, ipywidgets.IntSlider, ipywidgets.Image, ipywidgets.HTML)
    return [next(child for child in view.children if isinstance(child, kind)) for kind in kinds]


def tiles(picture, count):
    """Decode the PNG and undo the enlargement: one array of grey levels to each image."""
    sheet = np.asarray(Image.open(BytesIO(picture.value)))[..., 0]
    width = SIDE * PIXEL
    return [
        sheet[1 : 1 + width, 1 + place * (width + GAP) :][:, :width][::PIXEL, ::PIXEL]
        for place in range(count)
    ]


def ink(image):
    """Dark ink on white paper: 0 is white, 1 is black, values beyond are clipped."""
    return np.rint(255 * (1 - image[0].clamp(0, 1).numpy())).astype(np.uint8)


def test_sliders_choose_what_is_drawn(x, reconstructions):
    size, index, picture, _ = parts(compare_code_sizes(x, reconstructions))
    assert size.options == (2, 4, 16)
    for slider, value in [(size, 16), (index, 2), (size, 4), (index, 0), (index, 1), (size, 2)]:
        slider.value = value
        i, k = index.value, size.value
        expected = [x[i], reconstructions["PCA"][k][i], reconstructions["autoencoder"][k][i]]
        for drawn, image in zip(tiles(picture, 3), expected, strict=True):
            np.testing.assert_array_equal(drawn, ink(image))


def test_every_pixel_is_one_crisp_square(x):
    _, _, picture, _ = parts(compare_code_sizes(x, {"PCA": {2: x}}))
    sheet = np.asarray(Image.open(BytesIO(picture.value)))[..., 0]
    drawn = sheet[1 : 1 + SIDE * PIXEL, 1 : 1 + SIDE * PIXEL]
    np.testing.assert_array_equal(drawn, np.kron(ink(x[0]), np.ones((PIXEL, PIXEL), np.uint8)))


def test_captions_give_the_errors_as_text(x, reconstructions):
    labels = torch.tensor([7, 2, 1])
    size, index, _, captions = parts(compare_code_sizes(x, reconstructions, labels))
    size.value = 4
    assert "784 numbers, a 7" in captions.value
    assert "PCA, 4 numbers" in captions.value and "squared error 49.00" in captions.value
    assert "autoencoder, 4 numbers" in captions.value and "squared error 12.25" in captions.value
    index.value = 1
    assert "784 numbers, a 2" in captions.value
    assert captions.value.count("squared error 0.00") == 2


def test_every_control_has_a_label(x, reconstructions):
    size, index, *_ = parts(compare_code_sizes(x, reconstructions))
    assert size.description and index.description


def test_method_names_are_text_not_html(x):
    *_, captions = parts(compare_code_sizes(x, {"<b>deep</b>": {2: x}}))
    assert "&lt;b&gt;deep&lt;/b&gt;" in captions.value


def test_arguments_are_left_alone_and_gradients_allowed(x, reconstructions):
    before = reconstructions["PCA"][2].clone()
    leaf = reconstructions["autoencoder"][2].requires_grad_()
    compare_code_sizes(x, {"PCA": {2: reconstructions["PCA"][2]}, "autoencoder": {2: leaf}})
    torch.testing.assert_close(reconstructions["PCA"][2], before, rtol=0, atol=0)
    assert leaf.requires_grad


def test_a_change_is_drawn_within_a_frame(x, reconstructions):
    size, *_ = parts(compare_code_sizes(x, reconstructions))
    durations = []
    for k in (4, 16, 2) * 5:
        start = time.perf_counter()
        size.value = k
        durations.append(time.perf_counter() - start)
    assert np.median(durations) < 0.05  # 2 ms measured; 20 ms promised on an idle machine


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, r: (x[0], r), r"x has shape \(1, 28, 28\)"),
        (lambda x, r: (x.expand(-1, 3, -1, -1), r), r"expected \(batch, 1, height, width\)"),
        (lambda x, r: (x[:0], r), "at least one image"),
        (lambda x, r: (x, {}), "at least one method"),
        (lambda x, r: (x, {"PCA": {}}), "at least one, for every method"),
        (
            lambda x, r: (x, {**r, "deep": {2: x}}),
            r"'deep'.*\[2\], another method has \[2, 4, 16\]",
        ),
        (lambda x, r: (x[:2], r), r"\['PCA'\]\[2\] has shape \(3, 1, 28, 28\); expected \(2, 1"),
        (lambda x, r: (x, r, torch.zeros(2).long()), "labels has 2 entries for 3 images"),
    ],
)
def test_errors_name_the_input_and_the_way_out(x, reconstructions, change, message):
    with pytest.raises(ValueError, match=message):
        compare_code_sizes(*change(x, reconstructions))


# --- denoise_at -----------------------------------------------------------------------------------

NOISES = {"Gaussian": gaussian_noise, "masking": masking_noise, "salt and pepper": salt_and_pepper}


@pytest.fixture
def model():
    return Autoencoder.dense(4, (9,))


def noise_parts(view):
    """The widgets in a view: kind of noise, strength, image, picture, captions."""
    kinds = (
        ipywidgets.ToggleButtons,
        ipywidgets.FloatSlider,
        ipywidgets.IntSlider,
        ipywidgets.Image,
        ipywidgets.HTML,
    )
    return [next(child for child in view.children if isinstance(child, kind)) for kind in kinds]


def test_noise_is_drawn_and_denoised_at_the_chosen_strength(x, model):
    kind, level, index, picture, captions = noise_parts(denoise_at(x, model, NOISES))
    assert kind.options == tuple(NOISES)
    for control, value in [(level, 0.25), (kind, "masking"), (index, 2), (level, 1.0), (level, 0)]:
        control.value = value
        clean = x[index.value]
        corrupt = NOISES[kind.value](level.value)
        noisy = corrupt(clean[None], torch.Generator().manual_seed(index.value))[0]
        denoised = model.reconstruct(noisy[None])[0]
        for drawn, image in zip(tiles(picture, 3), (clean, noisy, denoised), strict=True):
            np.testing.assert_array_equal(drawn, ink(image))
        error = ((denoised - clean) ** 2).sum()
        assert f"squared error {error:.2f}" in captions.value
    assert "<b>noisy</b><br>squared error 0.00" in captions.value  # a strength of 0 leaves all


def test_the_same_noise_grows_with_the_slider(x, model):
    kind, level, _, picture, _ = noise_parts(denoise_at(x, model, NOISES))
    kind.value, level.value = "masking", 0.3
    masked_before = tiles(picture, 3)[1] == 255
    level.value = 0.6
    masked_after = tiles(picture, 3)[1] == 255
    assert (masked_after >= masked_before).all() and masked_after.sum() > masked_before.sum()


def test_denoising_view_labels_its_controls_and_names_its_errors(x, model):
    *controls, _, captions = noise_parts(denoise_at(x, model, NOISES, torch.tensor([7, 2, 1])))
    assert all(control.description for control in controls)
    assert "784 numbers, a 7" in captions.value
    with pytest.raises(ValueError, match="noises is empty"):
        denoise_at(x, model, {})
    with pytest.raises(ValueError, match=r"x has shape \(1, 28, 28\)"):
        denoise_at(x[0], model, NOISES)
