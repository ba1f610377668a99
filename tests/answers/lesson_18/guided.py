"""Answers to `guided`, lesson 18, as learners write them."""

import torch

# --- right ----------------------------------------------------------------------------------------


def by_mixing(velocity, z, t, y, weight):
    return (1 - weight) * velocity(z, t, None) + weight * velocity(z, t, y)


def by_lerp(velocity, z, t, y, weight):
    return torch.lerp(velocity(z, t), velocity(z, t, y), weight)


def beyond_the_label(velocity, z, t, y, weight):
    told = velocity(z, t, y)
    return told + (weight - 1) * (told - velocity(z, t, None))


def by_name(velocity, z, t, y, weight):
    return torch.lerp(velocity(z, t, y=None), velocity(y=y, z=z, t=t), weight)


# --- wrong ----------------------------------------------------------------------------------------


def both(velocity, z, t, y):
    return velocity(z, t, None), velocity(z, t, y)


def begins_with_the_label(velocity, z, t, y, weight):
    without, told = both(velocity, z, t, y)
    return (1 + weight) * told - weight * without


def places_changed(velocity, z, t, y, weight):
    told, without = both(velocity, z, t, y)
    return without + weight * (told - without)


def less_by_one(velocity, z, t, y, weight):
    without, told = both(velocity, z, t, y)
    return without + (weight - 1) * (told - without)


def sign(velocity, z, t, y, weight):
    without, told = both(velocity, z, t, y)
    return without - weight * (told - without)


def no_difference(velocity, z, t, y, weight):
    without, told = both(velocity, z, t, y)
    return without + weight * told


def difference_alone(velocity, z, t, y, weight):
    without, told = both(velocity, z, t, y)
    return weight * told - weight * without


def multiplied(velocity, z, t, y, weight):
    return weight * velocity(z, t, y)


def mean(velocity, z, t, y, weight):
    without, told = both(velocity, z, t, y)
    return without / (1 + weight) + told * weight / (1 + weight)


def clamped(velocity, z, t, y, weight):
    without, told = both(velocity, z, t, y)
    return torch.lerp(without, told, max(0.0, min(weight, 1.0)))


def weight_unused(velocity, z, t, y, weight):
    return velocity(z, t, y)


def label_unused(velocity, z, t, y, weight):
    without = velocity(z, t, None)
    return without + weight * (without - without)


def label_zero(velocity, z, t, y, weight):
    without = velocity(z, t, 0 * y)
    return without + weight * (velocity(z, t, y) - without)


def one_row(velocity, z, t, y, weight):
    return by_mixing(velocity, z, t, y, weight).sum(0)


def one_hot(velocity, z, t, y, weight):
    y = torch.nn.functional.one_hot(y, 10)
    return by_mixing(velocity, z, t, y, weight)


def squared_weight(velocity, z, t, y, weight):
    """No known mistake: the generic message has to do."""
    return by_mixing(velocity, z, t, y, weight**2)


RIGHT = [by_mixing, by_lerp, beyond_the_label, by_name]

WRONG = {
    begins_with_the_label: "a weight of 0 already tells it",
    places_changed: "The two have changed places",
    less_by_one: "less by 1",
    sign: "The difference has the wrong sign",
    no_difference: "the whole velocity with the label",
    difference_alone: "This is the difference alone",
    multiplied: "with the label, multiplied",
    mean: "a weighted mean",
    clamped: "Your weight ends at 1",
    weight_unused: "`weight` has no effect",
    label_unused: "The label has no effect",
    label_zero: "the label 0 in the place of none",
    one_row: "Too few axes",
    one_hot: "labels are whole",
    squared_weight: "Take one point",
}
