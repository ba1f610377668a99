"""Answers to `recall_at_k`, lesson 14, as learners write them."""

import numpy as np
import torch

# --- right ----------------------------------------------------------------------------------------


def by_topk(scores, held_out, seen, k):
    ranked = torch.where(seen > 0, torch.full_like(scores, float("-inf")), scores)
    first = torch.topk(ranked, k, dim=-1)[1]
    hits = torch.take_along_dim(held_out, first, dim=1).sum(-1)
    return hits / torch.minimum(held_out.sum(-1), torch.tensor(k))


def by_places(scores, held_out, seen, k):
    """The place of each item: argsort of argsort."""
    hidden = scores.clone()
    hidden[seen != 0] = -1e9
    place = hidden.argsort(dim=1, descending=True).argsort(dim=1)
    return ((place < k) * held_out).sum(1) / held_out.sum(1).clamp(max=k)


def by_sets(scores, held_out, seen, k):
    recalls = []
    for row, wanted, known in zip(scores.tolist(), held_out.tolist(), seen.tolist(), strict=True):
        new = [item for item in range(len(row)) if known[item] == 0]
        first = sorted(new, key=lambda item: -row[item])[:k]
        goal = {item for item, is_wanted in enumerate(wanted) if is_wanted}
        recalls.append(len(goal & set(first)) / min(k, len(goal)))
    return torch.tensor(recalls, dtype=scores.dtype)


def by_threshold(scores, held_out, seen, k):
    ranked = scores - torch.where(seen > 0, torch.inf, 0.0)
    last = ranked.sort(dim=1).values[:, -k][:, None]
    return ((ranked >= last) & (held_out == 1)).sum(1) / held_out.sum(1).clamp(max=k)


def by_numpy(scores, held_out, seen, k):
    ranked = np.where(seen.numpy() > 0, -np.inf, scores.numpy())
    first = np.argsort(-ranked, axis=1)[:, :k]
    hits = np.take_along_axis(held_out.numpy(), first, axis=1).sum(1)
    return torch.from_numpy(hits / np.minimum(k, held_out.numpy().sum(1)))


# --- wrong ----------------------------------------------------------------------------------------


def share(ranked, held_out, k):
    hits = held_out.gather(1, ranked.topk(k, dim=1).indices).sum(1)
    return hits / held_out.sum(1).clamp(max=k)


def without(scores, seen):
    return torch.where(seen > 0, -torch.inf, scores)


def hits(scores, held_out, seen, k):
    return held_out.gather(1, without(scores, seen).topk(k, dim=1).indices).sum(1)


def seen_is_recommended(scores, held_out, seen, k):
    return share(scores, held_out, k)


def lowest_first(scores, held_out, seen, k):
    first = scores.masked_fill(seen > 0, torch.inf).argsort(dim=1)[:, :k]
    return held_out.gather(1, first).sum(1) / held_out.sum(1).clamp(max=k)


def seen_to_zero(scores, held_out, seen, k):
    ranked = scores.clone()
    ranked[seen > 0] = 0
    return share(ranked, held_out, k)


def minus_counts(scores, held_out, seen, k):
    return share(scores - seen, held_out, k)


def seen_once(scores, held_out, seen, k):
    return share(scores.masked_fill(seen == 1, float("-inf")), held_out, k)


def only_the_seen(scores, held_out, seen, k):
    return share(scores.masked_fill(seen == 0, float("-inf")), held_out, k)


def not_low_enough(scores, held_out, seen, k):
    return share(torch.where(seen > 0, -100.0, scores), held_out, k)


def by_all_held_out(scores, held_out, seen, k):
    return hits(scores, held_out, seen, k) / held_out.sum(1)


def precision(scores, held_out, seen, k):
    return hits(scores, held_out, seen, k) / k


def larger_of_both(scores, held_out, seen, k):
    return hits(scores, held_out, seen, k) / torch.clamp(held_out.sum(1), min=k)


def number_found(scores, held_out, seen, k):
    return hits(scores, held_out, seen, k)


def divisor_over_all_users(scores, held_out, seen, k):
    return hits(scores, held_out, seen, k) / min(k, held_out.sum().item())


def mean_over_items(scores, held_out, seen, k):
    return hits(scores, held_out, seen, k) / held_out.shape[1]


def order_for_place(scores, held_out, seen, k):
    order = without(scores, seen).argsort(dim=1, descending=True)
    return (held_out * (order < k)).sum(1) / held_out.sum(1).clamp(max=k)


def one_place_short(scores, held_out, seen, k):
    ranked = without(scores, seen)
    kth = ranked.topk(k, dim=1).values.min(dim=1, keepdim=True).values
    return (held_out * (ranked > kth)).sum(1) / held_out.sum(1).clamp(max=k)


def hit_rate(scores, held_out, seen, k):
    return (hits(scores, held_out, seen, k) >= 1).to(scores.dtype)


def averaged(scores, held_out, seen, k):
    return by_topk(scores, held_out, seen, k).mean()


def all_together(scores, held_out, seen, k):
    return hits(scores, held_out, seen, k).sum() / held_out.sum(1).clamp(max=k).sum()


def in_place(scores, held_out, seen, k):
    scores[seen > 0] = -torch.inf
    return share(scores, held_out, k)


def whole_numbers(scores, held_out, seen, k):
    return hits(scores, held_out, seen, k).long() // held_out.sum(1).clamp(max=k).long()


def seen_once_stays_in(scores, held_out, seen, k):
    return hits(scores, held_out, (seen > 1).to(seen), k) / held_out.sum(1).clamp(max=k)


def hides_what_is_held_out(scores, held_out, seen, k):
    """No known mistake, though on the first input it finds as little as one that is known."""
    return hits(scores, held_out, seen + held_out, k) / held_out.sum(1).clamp(max=k)


def one_more_place(scores, held_out, seen, k):
    """No known mistake: the advice has to do."""
    return hits(scores, held_out, seen, min(k + 1, scores.shape[1])) / held_out.sum(1).clamp(max=k)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [by_topk, by_places, by_sets, by_threshold, by_numpy]

WRONG = {
    seen_is_recommended: "What was seen takes up places",
    lowest_first: "the *lowest* scores first",
    seen_once_stays_in: "seen exactly once stays in",
    hides_what_is_held_out: "Do the first user by hand",
    seen_to_zero: "what was seen the score 0",
    minus_counts: "subtract the counts",
    seen_once: "exactly once",
    only_the_seen: "the wrong way round",
    not_low_enough: "some scores are lower still",
    by_all_held_out: "divide by all that was held out",
    precision: "the *precision*",
    larger_of_both: "the *larger* of k",
    number_found: "This is the number found",
    divisor_over_all_users: "a divisor of their own",
    mean_over_items: "mean over all items",
    order_for_place: "which item stands at each place",
    one_place_short: "Only k - 1 items",
    hit_rate: "the *hit rate*",
    averaged: "mean over the users",
    all_together: "hits of all users together",
    in_place: "changed its argument `scores` in place",
    whole_numbers: "expected real numbers",
    one_more_place: "Do the first user by hand",
}
