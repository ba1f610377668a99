"""A velocity over codes, flow matching and the way from noise to codes.

The oracle is a Gaussian: on the straight line from N(0, I) to N(m, s² I) the velocity, where each
point arrives, and the smallest loss there is, are known in closed form.
"""

import math

import pytest
import torch

from course_utils import Velocity, fit, flow_matching, integrate_flow, load, sample_flow, save

M, S = torch.tensor([1.0, -0.5, 2.0]), 0.4


def stream(seed=0):
    return torch.Generator().manual_seed(seed)


def exact(z, t, y=None):
    """E[z₁ - z₀ | z_t = z] for z₁ ~ N(m, s² I)."""
    variance = (1 - t) ** 2 + (t * S) ** 2
    return M + (t * S**2 - (1 - t)) / variance * (z - t * M)


class Exact(Velocity):
    """The velocity that training would end at."""

    forward = staticmethod(exact)


def an_exact():
    return Exact(torch.nn.Linear(1, 1), latent_dim=3)


@pytest.fixture
def labelled():
    return Velocity.dense(3, (16,), num_classes=4, seed=1)


# --- the way --------------------------------------------------------------------------------------


def errors(method, steps):
    z0 = torch.randn(50, 3, generator=stream(), dtype=torch.double)
    arrived = [integrate_flow(exact, z0, steps=each, method=method) for each in steps]
    return torch.stack([(z - (M + S * z0)).abs().max() for z in arrived])


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("heun", 2)])
def test_twice_as_many_steps_divide_the_error_by_two_to_the_order(method, order):
    off = errors(method, (40, 80, 160, 320))
    measured = torch.log2(off[:-1] / off[1:])
    torch.testing.assert_close(
        measured, torch.full_like(measured, order), atol=0.1, rtol=0
    )  # the next term of the error is a fortieth of the first


@pytest.mark.parametrize("method", ["euler", "heun"])
def test_one_step_by_hand(method):
    z0 = torch.tensor([[1.0, 2.0]])
    seen = []

    def velocity(z, t):
        seen.append((z, t.item()))
        return 2 * z + t

    arrived = integrate_flow(velocity, z0, steps=1, method=method)
    end = 3 * z0  # z0 + v, v = 2 z0
    expected = end if method == "euler" else z0 + (2 * z0 + 2 * end + 1) / 2
    torch.testing.assert_close(arrived, expected)
    assert [t for _, t in seen] == ([0.0] if method == "euler" else [0.0, 1.0])


def test_the_exact_velocity_leads_to_the_gaussian_it_belongs_to():
    codes = sample_flow(an_exact(), 100_000, steps=50, generator=stream())
    wrong_by = (codes.mean(0) - M).abs().max()
    assert wrong_by < 6 * S / math.sqrt(100_000) + 1e-3  # 50 steps of Heun are off by less
    torch.testing.assert_close(codes.std(0), torch.full((3,), S), rtol=0.02, atol=0)


def test_velocity_and_score_know_the_same():
    """v = (z + (1 - t) ∇ log p_t) / t, as lesson 18 says."""
    z = torch.randn(40, 3, generator=stream(), dtype=torch.double)
    t = 0.05 + 0.9 * torch.rand(40, 1, generator=stream(1), dtype=torch.double)
    score = (t * M - z) / ((1 - t) ** 2 + (t * S) ** 2)
    torch.testing.assert_close(exact(z, t), (z + (1 - t) * score) / t)


def test_the_smallest_loss_is_that_of_the_exact_velocity():
    """E‖z₁ - z₀ - v‖² = d ∫ s² / ((1 - t)² + t² s²) dt = d s π/2."""
    codes = M + S * torch.randn(200_000, 3, generator=stream())
    torch.manual_seed(0)
    loss = flow_matching()(an_exact(), codes)["loss"]
    assert abs(loss.mean() - 3 * S * math.pi / 2) < 6 * loss.std() / math.sqrt(len(loss))


def test_codes_of_another_size_are_brought_to_the_networks():
    small = Velocity.dense(3, (16,), seed=2)
    large = Velocity.dense(3, (16,), scale=5.0, seed=2)
    torch.testing.assert_close(
        sample_flow(large, 10, generator=stream()), 5 * sample_flow(small, 10, generator=stream())
    )
    codes, losses = torch.randn(8, 3, generator=stream()), []
    for model, given in ((small, codes), (large, 5 * codes)):
        torch.manual_seed(0)
        losses.append(flow_matching()(model, given)["loss"])
    torch.testing.assert_close(*losses)


# --- labels ---------------------------------------------------------------------------------------


def test_guidance_goes_along_the_line_through_both_velocities(labelled):
    """One step of Euler is one velocity, so that the codes lie where the formula says."""
    y = torch.tensor([0, 1, 2, 3, 3])

    def drawn(**more):
        return sample_flow(labelled, 5, steps=1, method="euler", generator=stream(), **more)

    without, told = drawn(), drawn(y=y)
    assert (without - told).abs().amax(1).min() > 0
    torch.testing.assert_close(drawn(y=y, guidance=0.0), without)
    torch.testing.assert_close(drawn(y=y, guidance=3.0), without + 3 * (told - without))


def test_labels_of_any_kind_of_whole_numbers_and_none_are_told(labelled, unchecked):
    z, t = torch.randn(4, 3, generator=stream()), torch.rand(4, 1, generator=stream(1))
    y = torch.tensor([0, 1, 2, 3])
    assert torch.equal(labelled(z, t, y.to(torch.uint8)), labelled(z, t, y))
    assert torch.equal(labelled(z, t), labelled(z, t, torch.full((4,), 4)))
    assert (labelled(z, t) - labelled(z, t, y)).abs().amax(1).min() > 0


def test_as_many_labels_are_withheld_as_was_asked():
    seen = []

    class Listens(Velocity):
        def forward(self, z, t, y=None):
            seen.append(y)
            return super().forward(z, t, y)

    model = Listens.dense(3, (4,), num_classes=5)
    codes, y, n = torch.zeros(10_000, 3), torch.arange(10_000) % 5, 10_000
    for share in (0.0, 0.1, 1.0):
        torch.manual_seed(0)
        flow_matching(share)(model, codes, y)
        withheld = seen[-1] == 5
        spread = math.sqrt(share * (1 - share) / n)
        assert abs(withheld.double().mean() - share) <= 6 * spread
        assert torch.equal(seen[-1][~withheld], y[~withheld])


# --- the model ------------------------------------------------------------------------------------


def test_weights_are_counted():
    count = sum(p.numel() for p in Velocity.dense(20, num_classes=10).parameters())
    layers = (20 + 16 + 16) * 256 + 256 + 2 * (256 * 256 + 256) + 256 * 20 + 20
    assert count == layers + 11 * 16


@pytest.mark.parametrize("num_classes", [None, 4])
def test_it_learns_and_saving_keeps_it(num_classes, tmp_path):
    generator = stream()
    y = torch.randint(4, (512,), generator=generator)
    corners = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 3.0], [0.0, -3.0]])
    codes = corners[y] + 0.2 * torch.randn(512, 2, generator=generator)
    model = Velocity.dense(2, (64, 64), num_classes=num_classes, scale=codes.std())
    data = codes if num_classes is None else (codes, y)
    history = fit(model, flow_matching(), data, epochs=60, batch_size=128, lr=1e-2)
    assert history.terms["loss"][-1] < 0.8 * history.terms["loss"][0]
    save(model, tmp_path / "velocity")
    again = load(tmp_path / "velocity")
    asked = None if num_classes is None else torch.arange(200) % 4
    drawn, same = (sample_flow(each, 200, y=asked, generator=stream()) for each in (model, again))
    assert torch.equal(drawn, same) and again.scale == pytest.approx(codes.std().item())
    away, nearest = torch.cdist(drawn, corners).min(1)
    assert (away < 1).double().mean() > 0.8
    assert len(nearest.unique()) == 4
    if asked is not None:
        assert (nearest == asked).double().mean() > 0.95


def test_gradient_reaches_every_parameter(labelled):
    torch.manual_seed(0)
    codes, y = torch.randn(64, 3, generator=stream()), torch.arange(64) % 4
    flow_matching(0.5)(labelled, codes, y)["loss"].mean().backward()
    for name, parameter in labelled.named_parameters():
        assert parameter.grad.abs().max() > 0, name


def test_sampling_leaves_the_model_as_it_was(labelled):
    labelled.train()
    before = torch.random.get_rng_state()
    codes = sample_flow(labelled, 2500, steps=2, generator=stream())
    assert labelled.training and not codes.requires_grad and len(codes) == 2500
    assert torch.equal(before, torch.random.get_rng_state())
    z0 = torch.randn(2500, 3, generator=stream())
    with torch.no_grad():
        at_once = integrate_flow(labelled, z0, steps=2)
    torch.testing.assert_close(codes, at_once)  # the pieces do not show


PLAIN = Velocity.dense(3, (4,))
OF_LABELS = Velocity.dense(3, (4,), num_classes=4)
Z, T, Y = torch.zeros(2, 3), torch.zeros(2, 1), torch.tensor([0, 3])
WRONG = {
    "no steps": (lambda: sample_flow(PLAIN, 2, steps=0), "steps is 0; expected the number of"),
    "half a step": (lambda: sample_flow(PLAIN, 2, steps=0.5), "steps is 0.5; expected the"),
    "method": (
        lambda: sample_flow(PLAIN, 2, method="rk4"),
        "method is 'rk4'; expected 'heun' or 'euler'",
    ),
    "no codes": (lambda: sample_flow(PLAIN, 0), "n is 0; expected the number of codes to draw"),
    "labels for none": (lambda: sample_flow(PLAIN, 2, y=Y), "knows no labels: leave out y, or"),
    "labels, forward": (lambda: PLAIN(Z, T, Y), "this velocity knows no labels: leave out y"),
    "of another count": (
        lambda: sample_flow(OF_LABELS, 3, y=Y),
        "there are 2 labels for 3 codes: give one for each",
    ),
    "too large": (lambda: sample_flow(OF_LABELS, 2, y=Y + 1), "labels go from 1 to 4; this model"),
    "too large, forward": (lambda: OF_LABELS(Z, T, Y + 2), "go from 2 to 5; this model knows 0 to"),
    "a list": (lambda: sample_flow(OF_LABELS, 2, y=[0, 1]), "y is a list; expected a tensor"),
    "guided by nothing": (
        lambda: sample_flow(OF_LABELS, 2, guidance=3),
        "guidance is 3, but no labels are given that could guide; pass y",
    ),
    "guided backwards": (lambda: sample_flow(OF_LABELS, 2, y=Y, guidance=-1), "guidance is -1; ex"),
    "guidance": (lambda: sample_flow(OF_LABELS, 2, y=Y, guidance="2"), "guidance is '2'; expected"),
    "width": (
        lambda: PLAIN(torch.zeros(2, 5), T),
        r"z has shape \(2, 5\); expected \(batch, 3\): .* build Velocity.dense\(latent_dim=5\)",
    ),
    "times in a row": (lambda: PLAIN(Z, T[:, 0]), r"t has shape \(2,\); .*: t\.reshape\(-1, 1\)$"),
    "one time": (lambda: PLAIN(Z, T[0, 0]), r"t has shape \(\); .*: t\.expand\(2, 1\)$"),
    "three times": (lambda: PLAIN(Z, torch.zeros(3, 1)), r"a time for each point, \(2, 1\)$"),
    "a number": (lambda: PLAIN(Z, 0.5), "t is a float; expected a tensor"),
    "scale": (lambda: Velocity.dense(3, scale=0), "scale is 0; expected the standard deviation"),
    "share": (lambda: flow_matching(1.5), "drop_label is 1.5; expected a share, from 0 to 1"),
    "no share": (lambda: flow_matching(None), "drop_label is None; expected a share"),
    "nan": (
        lambda: fit(PLAIN, flow_matching(), Z / 0),
        "train holds nan or infinite values",
    ),
    "labels missing": (
        lambda: fit(OF_LABELS, flow_matching(), Z),
        r"knows 4 labels, and codes came alone; pass a tuple \(codes, labels\)",
    ),
    "labels not wanted": (
        lambda: fit(PLAIN, flow_matching(), (Z, Y)),
        "this velocity knows no labels: pass the codes alone",
    ),
    "labels out of range": (
        lambda: fit(OF_LABELS, flow_matching(), (Z, Y + 1)),
        "labels go from 1 to 4; this model knows 0 to 3: y - 1",
    ),
    "other codes": (
        lambda: fit(PLAIN, flow_matching(), torch.zeros(4, 7)),
        r"shape \(4, 7\); expected \(batch, 3\): .*latent_dim=7",
    ),
}


@pytest.mark.parametrize(("call", "message"), WRONG.values(), ids=WRONG)
def test_what_does_not_go_together_is_one_sentence(call, message, unchecked):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
