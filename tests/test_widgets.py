"""The interactive views: what a slider moves is what the picture and its text show."""

import math
import re
import time
from io import BytesIO

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image

from course_utils import (
    VAE,
    Autoencoder,
    PeekingVAE,
    bound_parts,
    cosine_decay,
    fit,
    gaussian_noise,
    linear_warmup,
    masking_noise,
    negative_elbo,
    plots,
    salt_and_pepper,
)
from course_utils.widgets import (
    collapse_lab,
    compare_code_sizes,
    compare_gaussians,
    denoise_at,
    move_samples,
    scrub,
)
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


# --- compare_gaussians and move_samples -----------------------------------------------------------


def numbers(caption):
    """The numbers in a line of text."""
    return [float(number) for number in re.findall(r"-?\d+\.\d+", caption.value)]


def divergences(mu, sigma):
    """KL(q‖p) and KL(p‖q) of q = N(μ, σ²) and p = N(0, 1), by the formula."""
    of_q = (sigma**2 + mu**2 - 1) / 2 - math.log(sigma)
    of_p = ((1 + mu**2) / sigma**2 - 1) / 2 + math.log(sigma)
    return of_q, of_p


def test_gaussians_begin_with_the_divergences_of_the_formula():
    mu, sigma, _, caption = compare_gaussians().children
    assert (mu.value, sigma.value) == (1.0, 0.5)
    assert numbers(caption) == pytest.approx(divergences(1.0, 0.5), abs=6e-4)


def test_gaussians_follow_the_sliders_into_every_corner():
    mu, sigma, picture, caption = compare_gaussians().children
    seen = {picture.value}
    for mean in (mu.min, mu.max):
        for deviation in (sigma.min, sigma.max):
            mu.value, sigma.value = mean, deviation
            assert numbers(caption) == pytest.approx(divergences(mean, deviation), abs=6e-4)
            seen.add(picture.value)
    assert len(seen) == 5  # a picture of its own for each place
    mu.value, sigma.value = 0.0, 1.0
    assert numbers(caption) == [0.0, 0.0]


def test_areas_of_both_directions_are_drawn_to_one_scale():
    z = torch.linspace(-20, 20, 4001)
    log_q, log_p = -(((z - 1) / 0.5) ** 2) / 2, -(z**2) / 2
    _, forward, backward = plots.kl_areas(z, log_q, log_p).axes
    assert forward.get_ylim() == backward.get_ylim()
    assert forward.get_ylim()[1] > (log_p.exp() * (log_p - log_q)).max()


def test_samples_move_with_the_sliders_while_the_throws_stay():
    mu, sigma, picture, caption = move_samples(12).children
    epsilon = torch.randn(12, generator=torch.Generator().manual_seed(0))
    seen = set()
    for mean, deviation in ((mu.value, sigma.value), (-2.5, 0.5), (-2.5, 1.5), (0.0, 0.05)):
        mu.value, sigma.value = mean, deviation
        z = mean + deviation * epsilon
        expected = [mean, deviation, z.mean().item(), z.std().item()]
        assert numbers(caption) == pytest.approx(expected, abs=6e-3)
        seen.add(picture.value)
    assert len(seen) == 4


def test_throws_are_joined_to_the_codes_they_become():
    epsilon = torch.tensor([-1.0, 0.5, 2.0])
    (ax,) = plots.moved_throws(epsilon, 1.0, 0.5).axes
    ends = [line.get_xdata().tolist() for line in ax.lines[:3]]
    assert ends == [[-1.0, 0.5], [0.5, 1.25], [2.0, 2.0]]


@pytest.mark.parametrize("view", [compare_gaussians, move_samples])
def test_sliders_of_distributions_have_labels(view):
    *sliders, picture, _ = view().children
    assert all(slider.description for slider in sliders)
    assert bytes(picture.value).startswith(b"\x89PNG")


def test_one_sample_has_no_spread():
    with pytest.raises(ValueError, match="n is 1; expected at least 2"):
        move_samples(1)


# --- collapse_lab ---------------------------------------------------------------------------------


@pytest.fixture
def lab():
    """A laboratory that trains in a fraction of a second."""
    x = torch.rand(70, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    black_and_white = (x > 0.7).float()
    small = {"latent_dim": 3, "hidden": (8,), "epochs": 2, "seed": 4}
    return collapse_lab(black_and_white[:60], black_and_white[60:], **small)


def test_the_button_trains_what_the_knobs_say(lab):
    lab.knobs["reach"].value, lab.knobs["beta"].value = 1, 2.0
    lab.knobs["warm_up"].value, lab.knobs["free_bits"].value = 0.5, 0.1
    lab.button.click()
    (run,) = lab.runs
    model = PeekingVAE.dense(3, (8,), reach=1, seed=4)
    objective = negative_elbo(linear_warmup(0.5, 2.0), free_bits=0.1)
    options = {"epochs": 2, "batch_size": 50, "lr": cosine_decay(1e-2), "seed": 4}
    fit(model, objective, lab._train, **options)
    expected = bound_parts(model, lab._test, 5, torch.Generator().manual_seed(4))
    assert run.parts.negative_elbo == expected.negative_elbo
    assert torch.equal(run.parts.kl_per_dimension, expected.kl_per_dimension)
    for number in (expected.reconstruction, expected.kl, expected.negative_elbo):
        assert f"{number:.2f}" in lab.status.value and f"<td>{number:.2f}</td>" in lab.table.value
    assert f"{expected.active_units} of 3 active" in lab.status.value
    assert bytes(lab.bars.value).startswith(b"\x89PNG") and lab.bars.layout.display is None


def test_a_decoder_that_sees_no_pixel_with_gaussian_ones(lab):
    parts = lab.run(reach=0, variance=0.5)
    model = VAE.dense(3, (8,), output="linear", sigma=0.5**0.5, seed=4)
    options = {"epochs": 2, "batch_size": 50, "lr": cosine_decay(1e-2), "seed": 4}
    fit(model, negative_elbo(), lab._train, **options)
    expected = bound_parts(model, lab._test, 5, torch.Generator().manual_seed(4))
    assert parts.negative_elbo == expected.negative_elbo
    assert "σ² = 0.5" in lab.table.value and "no pixel" in lab.table.value


def test_every_run_adds_a_row_and_the_latest_is_marked(lab):
    assert lab.runs == [] and lab.table.value == ""
    for number, beta in enumerate((1.0, 0.0, 5.0), start=1):
        lab.run(beta=beta)
        assert len(lab.runs) == number
        assert lab.table.value.count("<tr") == number + 1  # and the head
        assert lab.table.value.count("bold") == 1
    assert [run.settings.beta for run in lab.runs] == [1.0, 0.0, 5.0]
    assert lab.settings == lab.runs[-1].settings


def test_the_same_settings_are_not_trained_twice(lab):
    # Also what a second press does that waited while the first was at work.
    first = lab.run(beta=2.0)
    lab.run()
    lab.knobs["beta"].value = 2.0
    bars = lab.bars.value
    lab.button.click()
    assert len(lab.runs) == 2 and "those of run 1" in lab.status.value
    assert lab.run(beta=2.0) is first and lab.bars.value != bars


def test_pressing_while_training_does_nothing(lab, monkeypatch):
    states = []
    done = lab._epoch_done

    def press(model, history):
        states.append((lab.button.disabled, len(lab.runs)))
        lab.knobs["beta"].value = 3.0
        lab.button.click()
        done(model, history)

    monkeypatch.setattr(lab, "_epoch_done", press)
    lab.button.click()
    assert states == [(True, 0)] * 2 and len(lab.runs) == 1 and not lab.button.disabled
    assert lab.runs[0].settings.beta == 1.0, "what was trained is what stood there at first"


def test_what_goes_wrong_is_said_in_one_sentence_and_the_button_comes_back(lab, monkeypatch):
    def fails(settings):
        raise FloatingPointError("the loss stopped being finite (loss = nan). Try another.")

    monkeypatch.setattr(lab, "fit", fails)
    lab.button.click()
    assert "did not work: the loss stopped being finite (loss = nan)." in lab.status.value
    assert "Try" not in lab.status.value and lab.runs == [] and not lab.button.disabled


def test_a_training_that_was_stopped_adds_no_row(lab, monkeypatch):
    def stop(model, history):
        raise KeyboardInterrupt

    monkeypatch.setattr(lab, "_epoch_done", stop)
    lab.button.click()
    assert "was stopped" in lab.status.value and lab.runs == [] and not lab.button.disabled


def test_every_knob_and_the_button_have_a_description(lab):
    assert all(knob.description for knob in lab.knobs.values()) and lab.button.description
    assert set(lab.children) >= {*lab.knobs.values(), lab.button, lab.status, lab.bars, lab.table}
    assert 'role="status"' in lab.status.value


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda lab: lab.run(gamma=1.0), r"no knob is called \['gamma'\]; there are \['reach'"),
        (lambda lab: lab.run(beta=7.3), "beta is 7.3; the knob has the positions"),
        (lambda lab: collapse_lab(lab._train[0], lab._test), r"train has shape \(1, 28, 28\)"),
        (lambda lab: collapse_lab(lab._train, lab._test[:0]), r"test has shape \(0, 1, 28, 28\)"),
    ],
)
def test_the_laboratory_names_its_errors(lab, act, message, unchecked):
    with pytest.raises(ValueError, match=message):
        act(lab)


# --- scrub ----------------------------------------------------------------------------------------


def scrub_parts(view):
    """The widgets in a view: sliders, picture, captions."""
    *sliders, picture, captions = view.children
    return sliders, picture, captions


@pytest.mark.parametrize("output", ["sigmoid", "linear"])
def test_each_slider_moves_one_number_of_the_code(output):
    model = VAE.dense(3, (9,), output=output).eval()
    sliders, picture, captions = scrub_parts(scrub(model, torch.tensor([0.5, -1.0, 4.2])))
    assert [slider.description for slider in sliders] == ["z[0]", "z[1]", "z[2]"]
    assert all(slider.max >= 4.2 for slider in sliders)  # the code to begin with is within reach
    code = [0.5, -1.0, 4.2]
    for number, value in [(0, 0.5), (1, 2.0), (2, -3.0)]:
        sliders[number].value = code[number] = value
        with torch.no_grad():
            expected = model.to_image(model.decode(torch.tensor([code])))[0]
        np.testing.assert_array_equal(tiles(picture, 1)[0], ink(expected))
        assert f"code of length {torch.tensor(code).norm():.2f}" in captions.value


def test_scrubbing_begins_in_the_middle_of_the_prior_and_leaves_the_model_as_it_was():
    model = VAE.conv(2, (2, 3, 4)).train()
    sliders, *_ = scrub_parts(scrub(model))
    assert [slider.value for slider in sliders] == [0.0, 0.0]
    assert model.training and all(parameter.grad is None for parameter in model.parameters())


def test_scrubbing_names_its_errors(unchecked):
    model = VAE.dense(3, (9,))
    with pytest.raises(ValueError, match=r"z has shape \(1, 3\); expected \(3,\).*z\[0\]"):
        scrub(model, torch.zeros(1, 3))
    with pytest.raises(ValueError, match="the width of the code is unknown"):
        scrub(VAE(model.encoder, model.decoder))
