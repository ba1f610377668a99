"""Answers to `repaired_ndcg`, lesson 15, as learners write them."""

import math

import numpy as np
import torch

# --- right ----------------------------------------------------------------------------------------


def ndcg_loop(ranked, wanted, k):
    gain = ideal = 0.0
    for place in range(k):
        worth = 1 / math.log2(place + 2)
        if place < len(ranked) and ranked[place] in wanted:
            gain += worth
        if place < len(wanted):
            ideal += worth
    return gain / ideal


def ndcg_numpy(ranked, wanted, k):
    worth = 1 / np.log2(np.arange(2, k + 2))
    hits = np.isin(ranked[:k], wanted)
    return float(worth[: len(hits)][hits].sum() / worth[: len(set(wanted))].sum())


def ndcg_scikit(ranked, wanted, k):
    from sklearn.metrics import ndcg_score

    items = sorted({*ranked, *wanted})
    truth = [[float(item in wanted) for item in items]]
    place = {item: rank for rank, item in enumerate(ranked)}
    score = [[-float(place.get(item, len(items) + n)) for n, item in enumerate(items)]]
    return float(ndcg_score(truth, score, k=k, ignore_ties=True))


# --- wrong ----------------------------------------------------------------------------------------


def _gain(hits):
    return sum(hit / math.log2(rank + 1) for rank, hit in enumerate(hits, 1))


def _found(ranked, wanted, k):
    return [float(item in wanted) for item in ranked[:k]]


def ndcg_all_places(ranked, wanted, k):
    return _gain(_found(ranked, wanted, k)) / _gain([1.0] * k)


def ndcg_all_wanted(ranked, wanted, k):
    return _gain(_found(ranked, wanted, k)) / _gain([1.0] * len(wanted))


def ndcg_whole_ranking(ranked, wanted, k):
    best = sorted((float(item in wanted) for item in ranked), reverse=True)[:k]
    return _gain(_found(ranked, wanted, k)) / _gain(best) if any(best) else 0.0


def ndcg_gain(ranked, wanted, k):
    return float(_gain(_found(ranked, wanted, k)))


def ndcg_recall(ranked, wanted, k):
    return len(set(ranked[:k]) & set(wanted)) / len(wanted)


def ndcg_capped_recall(ranked, wanted, k):
    return sum(_found(ranked, wanted, k)) / min(k, len(wanted))


def ndcg_precision(ranked, wanted, k):
    return sum(_found(ranked, wanted, k)) / k


def _ndcg(ranked, wanted, k, worth):
    hits, best = _found(ranked, wanted, k), [1.0] * min(k, len(wanted))
    gain, ideal = (sum(h * worth(r) for r, h in enumerate(row, 1)) for row in (hits, best))
    return gain / ideal


def ndcg_natural_logarithm(ranked, wanted, k):
    return _ndcg(ranked, wanted, k, lambda rank: 1 / math.log(rank) if rank > 1 else 1.0)


def ndcg_reciprocal(ranked, wanted, k):
    return _ndcg(ranked, wanted, k, lambda rank: 1 / rank)


def ndcg_shifted(ranked, wanted, k):
    return _ndcg(ranked, wanted, k, lambda rank: 1 / math.log2(rank + 2))


def ndcg_upside_down(ranked, wanted, k):
    gain = _gain(_found(ranked, wanted, k))
    return _gain([1.0] * min(k, len(wanted))) / gain if gain else 0.0


def ndcg_tensor(ranked, wanted, k):
    return torch.tensor(ndcg_loop(ranked, wanted, k))


def ndcg_sorts_in_place(ranked, wanted, k):
    ranked.sort()
    return ndcg_loop(ranked, wanted, k)


def ndcg_without_first(ranked, wanted, k):
    """No known mistake: the first place is forgotten."""
    return _gain([0.0, *_found(ranked, wanted, k)[1:]]) / _gain([1.0] * min(k, len(wanted)))


# --- the specimen ---------------------------------------------------------------------------------


def ndcg_specimen(ranked, wanted, k):
    hits = _found(ranked, wanted, k)
    return _gain(hits) / _gain([1.0] * int(sum(hits))) if any(hits) else 0.0


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [ndcg_loop, ndcg_numpy, ndcg_scikit]

WRONG = {
    ndcg_all_places: "fills all k places",
    ndcg_all_wanted: "counts all wanted items",
    ndcg_whole_ranking: "*whole* ranking",
    ndcg_gain: "this is the gain itself",
    ndcg_recall: "This is the recall",
    ndcg_capped_recall: "This counts hits",
    ndcg_precision: "This is the precision",
    ndcg_natural_logarithm: "The logarithm is the natural one",
    ndcg_reciprocal: "The discount is 1/rank",
    ndcg_shifted: "once too often",
    ndcg_upside_down: "upside down",
    ndcg_tensor: "a tensor of shape ()",
    ndcg_sorts_in_place: "changed its argument `ranked` in place",
    ndcg_without_first: "of which one is found",
}

UNREPAIRED = [ndcg_specimen]
