"""Answers to `coupling`, lesson 17, as learners write them."""

import torch

# --- right ----------------------------------------------------------------------------------------


def by_masks(z, mask, scale, shift):
    kept = z * mask
    s, t = scale(kept), shift(kept)
    return kept + (1 - mask) * (z * s.exp() + t), ((1 - mask) * s).sum(1)


def by_where(z, mask, scale, shift):
    s, t = scale(z * mask), shift(z * mask)
    free = mask == 0
    y = torch.where(free, z * torch.exp(s) + t, z)
    return y, torch.where(free, s, torch.zeros_like(s)).sum(dim=-1)


def by_places(z, mask, scale, shift):
    free = mask < 0.5
    s, t = scale(z * mask)[:, free], shift(z * mask)[:, free]
    y = z.clone()
    y[:, free] = z[:, free] * s.exp() + t
    return y, s.sum(1)


def by_the_jacobian(z, mask, scale, shift):
    def one(row):
        return by_where(row[None], mask, scale, shift)[0][0]

    rows = [torch.func.jacrev(one)(row).slogdet()[1] for row in z]
    return by_where(z, mask, scale, shift)[0], torch.stack(rows)


# --- wrong ----------------------------------------------------------------------------------------


def parts(z, mask, scale, shift):
    return scale(z * mask), shift(z * mask), (1 - mask) * scale(z * mask)


def with_y(write):
    """The right log_det beside another y."""

    def wrong(z, mask, scale, shift):
        s, t, free = parts(z, mask, scale, shift)
        return torch.where(mask == 1, z, write(z, s, t)), free.sum(1)

    return wrong


def with_log_det(write):
    """The right y beside another log_det."""

    def wrong(z, mask, scale, shift):
        s, _, free = parts(z, mask, scale, shift)
        return by_masks(z, mask, scale, shift)[0], write(s, free, mask)

    return wrong


def mask_turned(z, mask, scale, shift):
    return by_masks(z, 1 - mask, scale, shift)


def sees_all(z, mask, scale, shift):
    s, t = scale(z), shift(z)
    return mask * z + (1 - mask) * (z * s.exp() + t), ((1 - mask) * s).sum(1)


def moves_all(z, mask, scale, shift):
    s, t, _ = parts(z, mask, scale, shift)
    return z * s.exp() + t, s.sum(1)


def shifts_all(z, mask, scale, shift):
    _, t, free = parts(z, mask, scale, shift)
    return z * free.exp() + t, free.sum(1)


def loses_the_kept(z, mask, scale, shift):
    s, t, free = parts(z, mask, scale, shift)
    return (1 - mask) * (z * s.exp() + t), free.sum(1)


without_exp = with_y(lambda z, s, t: z * s + t)
shift_first = with_y(lambda z, s, t: (z + t) * s.exp())
way_back = with_y(lambda z, s, t: (z - t) * torch.exp(-s))
without_shift = with_y(lambda z, s, t: z * s.exp())
shift_subtracted = with_y(lambda z, s, t: z * s.exp() - t)
scale_halved = with_y(lambda z, s, t: z * torch.exp(s / 2) + t)
without_scale = with_y(lambda z, s, t: z + t)

all_scales = with_log_det(lambda s, free, mask: s.sum(1))
scales_under_the_mask = with_log_det(lambda s, free, mask: (mask * s).sum(1))
sign_turned = with_log_det(lambda s, free, mask: -free.sum(1))
determinant_itself = with_log_det(lambda s, free, mask: free.exp().prod(1))
sum_of_factors = with_log_det(lambda s, free, mask: ((1 - mask) * s.exp()).sum(1))
sum_of_all_factors = with_log_det(lambda s, free, mask: free.exp().sum(1))
without_signs = with_log_det(lambda s, free, mask: free.abs().sum(1))
averaged = with_log_det(lambda s, free, mask: free.mean(1))
half = with_log_det(lambda s, free, mask: free.sum(1) / 2)
no_volume = with_log_det(lambda s, free, mask: torch.zeros(len(s)))
of_the_batch = with_log_det(lambda s, free, mask: free.sum())
detached = with_log_det(lambda s, free, mask: free.sum(1).detach())


def y_alone(z, mask, scale, shift):
    return by_masks(z, mask, scale, shift)[0]


def half_detached(z, mask, scale, shift):
    s, t = scale((z * mask).detach()), shift(z * mask)
    return z * mask + (1 - mask) * (z * s.exp() + t), ((1 - mask) * scale(z * mask)).sum(1)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [by_masks, by_where, by_places, by_the_jacobian]

WRONG = {
    mask_turned: "the other way round",
    sees_all: "there is no way back",
    moves_all: "The numbers under the mask are moved as well",
    shifts_all: "the shift is added to them",
    loses_the_kept: "The numbers under the mask are lost",
    without_exp: "multiplied by the scale itself",
    shift_first: "First stretch, then shift",
    way_back: "This is the way back, from y to z",
    without_shift: "The shift is missing",
    shift_subtracted: "The shift is subtracted",
    scale_halved: "The scale is halved",
    without_scale: "Nothing is stretched",
    all_scales: "counts the scales of all numbers",
    scales_under_the_mask: "counts the scales under the mask",
    sign_turned: "log_det has the wrong sign",
    determinant_itself: "the determinant itself",
    sum_of_factors: "log_det adds the factors exp(scale). A",
    sum_of_all_factors: "that of a number that stays being 1",
    without_signs: "without their signs",
    averaged: "a mean over the numbers",
    half: "half of what it should be",
    no_volume: "as if no volume changed",
    of_the_batch: "(batch,): log_det",
    y_alone: "expected two tensors",
    detached: "remember how it was computed",
    half_detached: "the gradient of y",
}
