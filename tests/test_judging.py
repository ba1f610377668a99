"""The judge of drawings, tried on what it has never seen, and the distance between two sets."""

import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_utils import Judge, frechet_distance, load_images, train_judge
from course_utils.metrics import judging


@pytest.fixture(scope="module")
def images():
    return load_images("digits")


@pytest.fixture(scope="module")
def judge(images):
    return train_judge(images.train, images.train_labels, steps=250)


def test_it_reads_real_digits_and_all_ten(judge, images):
    assert judge.certainty(images.test).mean() > 0.75
    assert judge.classes_drawn(images.test) > 9.5
    read = judge(images.test)[:, :10].argmax(1)
    assert (read == images.test_labels).double().mean() > 0.9


@pytest.mark.parametrize("name", ["noise", "half as bright noise", "grey", "mean"])
def test_it_is_not_fooled_by_what_is_no_digit(judge, images, name):
    noise = torch.rand(100, 1, 28, 28, generator=torch.Generator().manual_seed(5))
    pictures = {
        "noise": noise,
        "half as bright noise": noise / 2,
        "grey": torch.full_like(noise, 0.5),
        "mean": images.train.mean(0, keepdim=True).repeat(100, 1, 1, 1),
    }
    assert judge.certainty(pictures[name]).mean() < 0.2


def test_one_digit_many_times_is_read_but_counts_as_one(judge, images):
    certainty = judge.certainty(images.train[:60])
    copies = images.train[certainty.argmax()].repeat(100, 1, 1, 1)
    assert judge.certainty(copies).mean() > 0.8
    assert judge.classes_drawn(copies) < 1.5


def test_the_number_of_classes_is_the_exponential_of_an_entropy():
    judge = Judge(pixels=3, classes=3)
    with torch.no_grad():
        judge.look[1].weight.zero_(), judge.look[1].bias.zero_()
        judge.answer.weight.zero_()
        judge.answer.bias.copy_(torch.tensor([0.5, 0.25, 0.25, 9.0]).log())  # the last is "none"
    x = torch.zeros(4, 3)
    assert judge.classes_drawn(x) == pytest.approx(2**1.5)  # entropy: 1.5 bits
    torch.testing.assert_close(judge.certainty(x), torch.full((4,), 0.05))


def test_the_same_seed_is_the_same_judge_and_moves_no_other_stream(images):
    few = images.train[:40], images.train_labels[:40]
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    one, again = (train_judge(*few, steps=3, seed=7).state_dict() for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(one[name], again[name]) for name in one)
    other = train_judge(*few, steps=3, seed=8).state_dict()
    assert not torch.equal(one["look.1.weight"], other["look.1.weight"])


def test_it_is_shown_halves_of_two_pictures_and_noise(images, monkeypatch):
    shown = []
    monkeypatch.setattr(
        judging, "fit", lambda judge, objective, given, **options: shown.append(given)
    )
    pictures, labels = images.train[:80], images.train_labels[:80]
    train_judge(pictures, labels)
    ((x, answers),) = shown
    assert torch.equal(x[:80], pictures) and torch.equal(answers[:80], labels)
    assert answers[80:].tolist() == [10] * 30
    partners = (2 * x[80:100] - pictures[:20]).flatten(1)
    assert torch.cdist(partners, pictures.flatten(1)).amin(1).max() < 0.1
    noise = x[100:]
    assert noise.min() >= 0 and noise.max() <= 1 and abs(noise.mean() - 0.5) < 0.02


def test_looking_leaves_the_mode_and_the_gradients_alone(judge, images):
    judge.train()
    seen, certainty = judge.features(images.test[:5]), judge.certainty(images.test[:5])
    assert judge.training and not seen.requires_grad and not certainty.requires_grad
    judge.eval()
    assert seen.shape == (5, 256) and (seen >= 0).all()


@pytest.mark.parametrize(("n", "labels"), [(10, [0] * 9), (7, [0] * 7), (10, [-1] * 10)])
def test_labels_that_do_not_fit_are_refused(n, labels, unchecked):
    with pytest.raises(ValueError, match="expected a label, 0 or more, for each"):
        train_judge(torch.rand(n, 1, 4, 4), torch.tensor(labels), steps=1)


def rows(seed, n, d):
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(d, d, generator=generator, dtype=torch.float64)
    return torch.randn(n, d, generator=generator, dtype=torch.float64) @ mixing + seed


@given(st.integers(0, 50), st.integers(1, 6))
def test_frechet_distance_agrees_with_scipys_root(seed, d):
    a, b = rows(seed, 40, d), rows(seed + 1, 30, d)
    cov_a, cov_b = a.T.cov().reshape(d, d), b.T.cov().reshape(d, d)
    root = torch.tensor(scipy.linalg.sqrtm((cov_a @ cov_b).numpy()).real)
    expected = (a.mean(0) - b.mean(0)).square().sum() + (cov_a + cov_b - 2 * root).trace()
    assert frechet_distance(a, b) == pytest.approx(expected.item(), rel=1e-6, abs=1e-8)


def test_frechet_distance_of_one_feature_is_known():
    a = torch.tensor([[0.0], [2.0]], dtype=torch.float64)  # mean 1, variance 2
    expected = (5 - 1) ** 2 + (3 * 2**0.5 - 2**0.5) ** 2  # (Δm)² + (Δσ)²
    assert frechet_distance(a, 3 * a + 2) == pytest.approx(expected)


def test_frechet_distance_is_zero_at_home_symmetric_and_blind_to_the_order():
    a, b = rows(0, 50, 4), rows(3, 50, 4)
    assert frechet_distance(a, a.flip(0)) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a))
    flat = torch.cat([a, torch.zeros(50, 2, dtype=torch.float64)], dim=1)  # features that sleep
    assert frechet_distance(flat, flat + 1) == pytest.approx(6)


def test_features_that_cannot_be_compared_are_refused(unchecked):
    a = torch.rand(5, 3)
    for b in (torch.rand(5, 2), torch.rand(1, 3), torch.rand(5)):
        with pytest.raises(ValueError, match="of equally many features"):
            frechet_distance(a, b)
    with pytest.raises(ValueError, match="b holds nan or infinity"):
        frechet_distance(a, a.log() / 0)
