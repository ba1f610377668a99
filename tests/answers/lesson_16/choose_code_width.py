"""Answers to `choose_code_width`, lesson 16, as learners write them."""

from itertools import pairwise

import numpy as np
import torch

# --- right ----------------------------------------------------------------------------------------


def by_list(widths, errors, standard_errors):
    best = errors.argmin().item()
    limit = errors[best] + standard_errors[best]
    good = [w for w, e in zip(widths, errors, strict=True) if e <= limit]
    return min(good)


def by_mask(widths, errors, standard_errors):
    lowest, best = errors.min(dim=0)
    return int(torch.as_tensor(widths)[errors - lowest <= standard_errors[best]].min())


def sorted_first(widths, errors, standard_errors):
    limit = errors.min() + standard_errors[errors.argmin()]
    for width, error in sorted(zip(widths, errors.tolist(), strict=True)):
        if error <= limit:
            return width


def by_numpy(widths, errors, standard_errors):
    e, s = errors.numpy(), standard_errors.numpy()
    i = np.argmin(e)
    return np.array(widths)[e <= e[i] + s[i]].min()


# --- wrong ----------------------------------------------------------------------------------------


def _among(widths, errors, limit):
    return [w for w, e in zip(widths, errors.tolist(), strict=True) if e <= limit]


def lowest_error(widths, errors, standard_errors):
    return widths[errors.argmin()]


def largest_within(widths, errors, standard_errors):
    best = errors.argmin()
    return max(_among(widths, errors, errors[best] + standard_errors[best]))


def own_standard_error(widths, errors, standard_errors):
    return min(
        w for w, e, s in zip(widths, errors, standard_errors, strict=True) if e - s <= errors.min()
    )


def two_standard_errors(widths, errors, standard_errors):
    best = errors.argmin()
    return min(_among(widths, errors, errors[best] + 2 * standard_errors[best]))


def mean_standard_error(widths, errors, standard_errors):
    return min(_among(widths, errors, errors.min() + standard_errors.mean()))


def smallest_standard_error(widths, errors, standard_errors):
    return min(_among(widths, errors, errors.min() + standard_errors.min()))


def largest_standard_error(widths, errors, standard_errors):
    return min(_among(widths, errors, errors.min() + standard_errors.max()))


def five_per_cent(widths, errors, standard_errors):
    return min(_among(widths, errors, errors.min() + 0.05 * errors.min().abs()))


def first_in_the_list(widths, errors, standard_errors):
    best = errors.argmin()
    return _among(widths, errors, errors[best] + standard_errors[best])[0]


def last_in_the_list(widths, errors, standard_errors):
    best = errors.argmin()
    return _among(widths, errors, errors[best] + standard_errors[best])[-1]


def strictly_below(widths, errors, standard_errors):
    best = errors.argmin()
    limit = errors[best] + standard_errors[best]
    below = [w for w, e in zip(widths, errors, strict=True) if e < limit]
    return min([widths[best], *below])


def stops_early(widths, errors, standard_errors):
    pairs = sorted(zip(widths, errors.tolist(), standard_errors.tolist(), strict=True))
    for (w, e, s), (_, later, _) in pairwise(pairs):
        if e - later < s:
            return w
    return pairs[-1][0]


def place_in_the_list(widths, errors, standard_errors):
    best = errors.argmin()
    return widths.index(min(_among(widths, errors, errors[best] + standard_errors[best])))


def highest_error(widths, errors, standard_errors):
    return widths[errors.argmax()]


def narrowest(widths, errors, standard_errors):
    return sorted(widths)[0]


def sorts_the_widths(widths, errors, standard_errors):
    widths.sort()
    return by_list(widths, errors, standard_errors)


def as_tensor(widths, errors, standard_errors):
    return torch.tensor(by_list(widths, errors, standard_errors))


def half_a_standard_error(widths, errors, standard_errors):
    best = errors.argmin()
    return min(_among(widths, errors, errors[best] + 0.5 * standard_errors[best]))


RIGHT = [by_list, by_mask, sorted_first, by_numpy]

WRONG = {
    lowest_error: "the width of the lowest error",
    largest_within: "the largest of the widths",
    own_standard_error: "a standard error of its own",
    two_standard_errors: "Two standard errors are allowed",
    mean_standard_error: "the mean of all standard errors",
    smallest_standard_error: "the smallest of the standard errors",
    largest_standard_error: "the largest of the standard errors",
    five_per_cent: "a fixed share above the best",
    first_in_the_list: "the first width that is within",
    last_in_the_list: "the last width that is within",
    strictly_below: "on the limit exactly is within",
    stops_early: "several small steps",
    place_in_the_list: "the place of the width in the list",
    highest_error: "the width of the *highest* error",
    narrowest: "the smallest width, whatever its error",
    sorts_the_widths: "changed its argument `widths`",
    as_tensor: "a tensor of shape ()",
    half_a_standard_error: "Half a standard error is allowed",
}
