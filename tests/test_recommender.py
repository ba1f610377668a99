"""Made-up plays, the multinomial VAE, and the measures of a ranking."""

import inspect
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Multinomial
from torch.nn import functional as F

from course_utils import (
    VAE,
    Autoencoder,
    PeekingVAE,
    elbo,
    fit,
    jukebox,
    linear_warmup,
    load,
    multinomial_nll,
    ndcg_at_k,
    negative_elbo,
    recall_at_k,
    save,
)


@pytest.fixture(scope="module")
def club():
    return jukebox(300, 200, 200, songs=100, tastes=6)


# --- the jukebox --------------------------------------------------------------------------------


def test_shapes_and_splits(club):
    assert club.train.shape == (300, 100) and club.tastes.shape == (6, 100)
    for heard, new in (
        (club.validation, club.validation_held_out),
        (club.test, club.test_held_out),
    ):
        assert heard.shape == new.shape == (200, 100)
        assert not ((heard > 0) & (new > 0)).any()
        assert new.any(dim=1).all() and set(new.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(club.train, club.train.round()) and club.train.min() == 0
    assert club.train.sum(1).min() >= 10 and club.train.sum(1).max() <= 150
    assert club.test.sum(1).min() >= 8  # the first four fifths


def test_the_seed_decides_and_the_global_stream_does_not_move(club):
    before = torch.get_rng_state()
    again = jukebox(300, 200, 200, songs=100, tastes=6)
    other = jukebox(300, 200, 200, songs=100, tastes=6, seed=1)
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(club, again, strict=True))
    assert not torch.equal(club.train, other.train)


def test_chances_are_mixtures_of_tastes(club):
    for chances in (club.train_chances, club.test_chances, club.tastes):
        assert torch.allclose(chances.sum(1), torch.ones(len(chances)), atol=1e-5)
    mixture = torch.linalg.lstsq(club.tastes.T.double(), club.test_chances.T.double()).solution
    assert torch.allclose(club.tastes.T.double() @ mixture, club.test_chances.T.double(), atol=1e-6)
    assert mixture.min() > -1e-4 and torch.allclose(mixture.sum(0), torch.ones(200).double())


def test_plays_are_drawn_from_the_chances(club):
    plays = club.train.sum(1, keepdim=True)
    expected, spread = (club.train_chances * plays).sum(0), club.train_chances
    deviation = (plays * spread * (1 - spread)).sum(0).sqrt()
    # Who played nothing new at last was left out, which shifts the counts a little: 3 % allowed.
    assert ((club.train.sum(0) - expected).abs() < 6 * deviation + 0.03 * expected).all()


def test_no_ranking_beats_the_truth(club):
    popular = club.train.sum(0).expand_as(club.test)
    truth = recall_at_k(club.test_chances, club.test_held_out, 10, club.test).mean()
    assert truth > recall_at_k(popular, club.test_held_out, 10, club.test).mean() + 0.05


@pytest.mark.parametrize("numbers", [(0, 1, 1), (1, -1, 1)])
def test_nobody_is_refused(numbers):
    with pytest.raises(ValueError, match="expected 1 or more of each"):
        jukebox(*numbers)


def test_too_few_songs_are_refused():
    with pytest.raises(ValueError, match="songs is 2: too few"):
        jukebox(50, 50, 50, songs=2)


# --- the model ----------------------------------------------------------------------------------


def test_the_cost_is_torchs_less_the_coefficient(club):
    """Property 33."""
    counts = club.test[:20].double()
    logits = torch.randn(20, 100, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for row, played, cost in zip(logits, counts, multinomial_nll(logits, counts), strict=True):
        coefficient = torch.lgamma(played.sum() + 1) - torch.lgamma(played + 1).sum()
        exact = Multinomial(int(played.sum()), logits=row).log_prob(played)
        assert math.isclose(-cost, exact - coefficient, rel_tol=1e-9)


def small(**options):
    settings = {"input_shape": (100,), "output": "multinomial", "dropout": 0.5}
    return VAE.dense(4, (30,), **(settings | options))


def test_a_multinomial_vae(club):
    model = small().eval()
    logits, _, _, z = model(club.test)
    assert torch.equal(model.decode(z), logits)
    assert torch.allclose(model.nll(logits, club.test), multinomial_nll(logits, club.test))
    shares = model.reconstruct(club.test)
    assert torch.allclose(shares.sum(1), torch.ones(200)) and shares.min() > 0
    assert torch.allclose(model.sample(5).sum(1), torch.ones(5))
    assert elbo(model, club.test).shape == (200,)


def test_how_much_was_played_does_not_change_the_code(club):
    model = small().eval()
    once, thrice = model.encode(club.test)[0], model.encode(3 * club.test)[0]
    assert torch.allclose(once, thrice, atol=1e-6)
    nothing = model.encode(torch.zeros(1, 100))[0]
    assert nothing.isfinite().all()


def test_inputs_are_left_out_in_training_only(club):
    model = small()
    torch.manual_seed(0)
    assert not torch.equal(model.encode(club.test)[0], model.encode(club.test)[0])
    model.eval()
    assert torch.equal(model.encode(club.test)[0], model.encode(club.test)[0])
    whole = small(dropout=0.0)
    assert torch.equal(whole.encode(club.test)[0], whole.encode(club.test)[0])


def test_dropout_changes_no_first_weight():
    plain, dropped = VAE.dense(4, (30,)), VAE.dense(4, (30,), dropout=0.3)
    for a, b in zip(plain.parameters(), dropped.parameters(), strict=True):
        assert torch.equal(a, b)


def test_it_learns_and_beats_popularity(club):
    model = small()
    objective = negative_elbo(linear_warmup(0.5, 0.2))
    history = fit(model, objective, club.train, epochs=60, batch_size=50, lr=5e-3)
    assert history.terms["reconstruction"][-1] < history.terms["reconstruction"][0]
    popular = club.train.sum(0).expand_as(club.test)
    ours = recall_at_k(model.reconstruct(club.test), club.test_held_out, 10, club.test).mean()
    assert ours > recall_at_k(popular, club.test_held_out, 10, club.test).mean() + 0.03


def test_save_and_load(club, tmp_path):
    model = small().eval()
    save(model, tmp_path / "model.safetensors")
    assert torch.equal(load(tmp_path / "model.safetensors")(club.test).mu, model(club.test).mu)


def test_negative_counts_are_refused(club):
    with pytest.raises(ValueError, match="down to -1; this model wants counts"):
        fit(small(), negative_elbo(), club.train - 1, epochs=1)


def test_a_decoder_that_draws_pixel_by_pixel_has_no_multinomial():
    with pytest.raises(ValueError, match="pixel by pixel"):
        PeekingVAE.dense(4, (20,), output="multinomial")


def test_shares_of_images_sum_to_one_over_all_pixels():
    x = torch.rand(3, 1, 28, 28)
    assert torch.allclose(
        Autoencoder.dense(2, (5,), output="multinomial").reconstruct(x).sum((1, 2, 3)),
        torch.ones(3),
    )


# --- the measures -------------------------------------------------------------------------------


def brute_force(scores, held_out, seen, k):
    """Recall@k and NDCG@k of one user, by lists."""
    items = [i for i in range(len(scores)) if not seen[i]]
    ranked = sorted(items, key=lambda i: -scores[i])[:k]
    wanted = [i for i in range(len(scores)) if held_out[i]]
    recall = sum(i in wanted for i in ranked) / min(k, len(wanted))
    gain = sum(1 / math.log2(place + 2) for place, i in enumerate(ranked) if i in wanted)
    best = sum(1 / math.log2(place + 2) for place in range(min(k, len(wanted))))
    return recall, gain / best


@given(st.integers(0, 1000), st.integers(1, 12))
def test_measures_are_those_by_lists(seed, k):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randint(0, 6, (5, 12), generator=generator).float()  # with ties
    kind = torch.randint(0, 3, (5, 12), generator=generator)
    kind[:, seed % 12] = 1
    held_out, seen = (kind == 1).float(), (kind == 2).float()
    recalls = recall_at_k(scores, held_out, k, seen)
    ndcgs = ndcg_at_k(scores, held_out, k, seen)
    for user in range(5):
        recall, ndcg = brute_force(*(t[user].tolist() for t in (scores, held_out, seen)), k)
        assert math.isclose(recalls[user], recall, rel_tol=1e-5, abs_tol=1e-6)
        assert math.isclose(ndcgs[user], ndcg, rel_tol=1e-5, abs_tol=1e-6)


@pytest.mark.parametrize("k", [1, 3, 20])
def test_ndcg_is_scikit_learns(k):
    from sklearn.metrics import ndcg_score

    generator = torch.Generator().manual_seed(1)
    scores = torch.randn(30, 20, generator=generator, dtype=torch.float64)
    held_out = (torch.rand(30, 20, generator=generator) < 0.2).double()
    held_out[:, 0] = 1
    ours = ndcg_at_k(scores, held_out, k).mean().item()
    assert math.isclose(ours, ndcg_score(held_out.numpy(), scores.numpy(), k=k), rel_tol=1e-9)


def test_best_and_worst_orders():
    held_out = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    best, worst = torch.tensor([[4.0, 3.0, 2.0, 1.0]]), torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    for measure, k in itertools.product((recall_at_k, ndcg_at_k), (1, 2)):
        assert measure(best, held_out, k) == 1 and measure(worst, held_out, k) == 0
    assert recall_at_k(worst, held_out, 4) == 1 > ndcg_at_k(worst, held_out, 4)


def test_what_was_seen_is_recommended_last():
    scores = torch.tensor([[9.0, 1.0, 0.0]])
    held_out, seen = torch.tensor([[0.0, 1.0, 0.0]]), torch.tensor([[1.0, 0.0, 0.0]])
    assert recall_at_k(scores, held_out, 1, seen) == 1 > recall_at_k(scores, held_out, 1)


def test_counts_and_marks_mean_the_same():
    scores = torch.randn(4, 9, generator=torch.Generator().manual_seed(2))
    counts = F.pad(torch.full((4, 4), 3.0), (0, 5))
    assert torch.equal(ndcg_at_k(scores, counts, 5), ndcg_at_k(scores, (counts > 0).float(), 5))


@pytest.mark.parametrize("measure", [recall_at_k, ndcg_at_k])
def test_arrays_and_lists_are_measured_as_tensors_are(measure):
    scores = torch.randn(4, 9, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    held_out, seen = F.pad(torch.ones(4, 4), (0, 5)), F.pad(torch.ones(4, 2), (7, 0))
    expected = measure(scores, held_out, 5, seen)
    for held in (Tensor.numpy, Tensor.tolist):
        assert torch.equal(measure(held(scores), held(held_out), 5, held(seen)), expected)
    assert torch.equal(measure(scores, held_out.bool(), np.int64(5), seen.int().numpy()), expected)


@pytest.mark.parametrize("measure", [recall_at_k, ndcg_at_k])
def test_what_cannot_be_measured_is_refused(measure):
    scores, held_out = torch.randn(2, 3), torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    with pytest.raises(ValueError, match="k is 4; expected"):
        measure(scores, held_out, 4)
    unchecked = inspect.unwrap(measure)  # without jaxtyping, as learners have it
    with pytest.raises(ValueError, match=r"shapes \(2, 3\), \(2, 3\) and \(1, 3\)"):
        unchecked(scores, held_out, 1, held_out[:1])
    with pytest.raises(ValueError, match="1 users have nothing held out"):
        measure(scores, held_out * torch.tensor([[1.0], [0.0]]), 1)
    with pytest.raises(ValueError, match="both seen and held out"):
        measure(scores, held_out, 1, held_out)
    with pytest.raises(ValueError, match=r"k is 1\.5; expected"):
        unchecked(scores, held_out, 1.5)
    with pytest.raises(ValueError, match="scores hold 6 nan"):
        measure(scores * torch.nan, held_out, 1)
    with pytest.raises(ValueError, match=r"held_out has shape \(2,\); expected \(users, items\)"):
        measure(scores, held_out[:, 0], 1)
    with pytest.raises(ValueError, match="scores is a list of something else than real numbers"):
        measure([["a", "b", "c"]] * 2, held_out, 1)
