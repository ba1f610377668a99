"""Answers to `conformal_threshold_twin`, lesson 13, as learners write them."""

import torch


def joined(scores, new):
    every = [torch.cat([scores, one[None]]) for one in new]
    return torch.stack([(group >= group[-1]).float().mean() for group in every])


def by_searching(scores, new):
    below = torch.searchsorted(scores.sort().values, new.contiguous())
    return (len(scores) - below + 1) / (len(scores) + 1)


def by_loop(scores, new):
    n = len(scores)
    return torch.tensor([(1 + sum(s >= one for s in scores).item()) / (n + 1) for one in new])


def uncounted(scores, new):
    return (scores[None] >= new[:, None]).float().mean(1)


def only_below_the_line(scores, new):
    return (scores[None] >= new[:, None]).sum(1) / (scores.numel() + 1)


def only_above_the_line(scores, new):
    return (1 + (scores[None] >= new[:, None]).sum(1)) / scores.numel()


def strictly(scores, new):
    return (1 + (scores[:, None] > new).sum(0)) / (1 + len(scores))


def other_side(scores, new):
    return (1 + (scores[:, None] <= new).sum(0)) / (1 + len(scores))


def one_less(scores, new):
    return 1 - joined(scores, new)


def place(scores, new):
    return joined(scores, new) * (len(scores) + 1)


def by_the_bell(scores, new):
    bell = torch.distributions.Normal(scores.mean(), scores.std())
    return 1 - bell.cdf(new)


def exchanged(scores, new):
    return (1 + (new >= scores[:, None]).sum(1)) / (1 + len(new))


RIGHT = [joined, by_searching, by_loop]
WRONG = {
    uncounted: "neither above nor below the line",
    only_below_the_line: "is not counted above it",
    only_above_the_line: "counted above the line and not below it",
    strictly: "Scores that are equal",
    other_side: "at most as high",
    one_less: "one less the p-value",
    place: "the place of the new score",
    by_the_bell: "normally distributed",
    exchanged: "The two are exchanged",
}
