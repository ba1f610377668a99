"""Answers to `top_pictures`, lesson 04, as learners write them."""

import numpy as np
import torch

# --- right ----------------------------------------------------------------------------------------


def by_sorting(activations, unit, k):
    return torch.argsort(activations[:, unit], descending=True)[:k]


def by_pythons_sort(activations, unit, k):
    values = activations[:, unit].tolist()
    order = sorted(range(len(values)), key=lambda i: values[i], reverse=True)
    return torch.tensor(order[:k])


def by_numpy(activations, unit, k):
    return torch.from_numpy(np.argsort(-activations[:, unit].numpy())[:k].copy())


def largest_again_and_again(activations, unit, k):
    column, found = activations.T[unit].clone(), []
    for _ in range(k):
        found.append(column.argmax())
        column[found[-1]] = -torch.inf
    return torch.stack(found)


# --- wrong ----------------------------------------------------------------------------------------


def how_loud(activations, unit, k):
    return activations[:, unit].topk(k).values


def both_results(activations, unit, k):
    return tuple(activations[:, unit].topk(k))


def quietest(activations, unit, k):
    return activations[:, unit].argsort()[:k]


def loudest_last(activations, unit, k):
    return activations[:, unit].argsort()[-k:]


def by_magnitude(activations, unit, k):
    return activations[:, unit].abs().argsort(descending=True)[:k]


def units_of_an_example(activations, unit, k):
    return activations[unit].argsort(descending=True)[:k]


def for_every_unit(activations, unit, k):
    return activations.topk(k, dim=0).indices


def all_units_together(activations, unit, k):
    return activations.sum(1).argsort(descending=True)[:k]


def in_the_order_of_the_data(activations, unit, k):
    return activations[:, unit].topk(k).indices.sort().values


def without_the_loudest(activations, unit, k):
    return activations[:, unit].argsort(descending=True)[1 : k + 1]


def the_first_awake(activations, unit, k):
    return torch.where(activations[:, unit] > 0)[0][:k]


def counted_from_one(activations, unit, k):
    return activations[:, unit - 1].topk(k).indices


def as_a_mask(activations, unit, k):
    return activations[:, unit] >= activations[:, unit].topk(k).values[-1]


def only_parted(activations, unit, k):
    column = activations[:, unit].numpy()
    return torch.from_numpy(np.argpartition(-column, k - 1)[:k])


RIGHT = [by_sorting, by_pythons_sort, by_numpy, largest_again_and_again]
WRONG = {
    how_loud: "expected whole numbers",
    both_results: "more than one result",
    quietest: "wake the unit *least*",
    loudest_last: "the weakest of them first",
    by_magnitude: "You went by magnitude",
    units_of_an_example: "ranked its units",
    for_every_unit: "for every unit at once",
    all_units_together: "by all units together",
    in_the_order_of_the_data: "in the order of the data",
    without_the_loudest: "left out the strongest",
    the_first_awake: "wake the unit at all",
    counted_from_one: "the unit before",
    as_a_mask: "The result has shape",
    only_parted: "Which entry is the largest",
}
