"""Answers to the exercises of lesson 08, as learners write them.

`RIGHT` are accepted for every seed. `WRONG` are rejected, each with a message that holds the phrase
beside it and that no other of them gets.
"""

import math

import numpy as np
import torch
from torch.nn import functional as F

# --- interpolate: right ---------------------------------------------------------------------------


def walk_mixture(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps).unsqueeze(1)
    return (1 - t) * z_start + t * z_end


def walk_lerp(z_start, z_end, steps):
    return torch.lerp(z_start, z_end, torch.linspace(0, 1, steps)[:, None])


def walk_loop(z_start, z_end, steps):
    step = (z_end - z_start) / (steps - 1)
    return torch.stack([z_start + i * step for i in range(steps)])


def walk_outer(z_start, z_end, steps):
    return z_start + torch.outer(torch.arange(steps) / (steps - 1), z_end - z_start)


def walk_einsum(z_start, z_end, steps):
    t = torch.linspace(1, 0, steps)
    return torch.einsum("sk,kd->sd", torch.stack([t, 1 - t], dim=1), torch.stack([z_start, z_end]))


def walk_one_linspace_for_each_dimension(z_start, z_end, steps):
    pairs = zip(z_start.tolist(), z_end.tolist(), strict=True)
    return torch.stack([torch.linspace(a, b, steps) for a, b in pairs], dim=1)


def walk_numpy(z_start, z_end, steps):
    return torch.from_numpy(np.linspace(z_start.numpy(), z_end.numpy(), steps))


def walk_resized(z_start, z_end, steps):
    ends = torch.stack([z_start, z_end], dim=1)[None]
    return F.interpolate(ends, size=steps, mode="linear", align_corners=True)[0].T


def walk_cumulative(z_start, z_end, steps):
    step = (z_end - z_start) / (steps - 1)
    return torch.cat([z_start[None], step.expand(steps - 1, -1)]).cumsum(0)


def walk_matrix_product(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps).view(-1, 1)
    return torch.cat([1 - t, t], dim=1) @ torch.stack([z_start, z_end])


# --- interpolate: wrong ---------------------------------------------------------------------------


def walk_without_end(z_start, z_end, steps):
    return torch.stack([z_start + i / steps * (z_end - z_start) for i in range(steps)])


def walk_without_start(z_start, z_end, steps):
    return torch.stack([z_start + (i + 1) / steps * (z_end - z_start) for i in range(steps)])


def walk_one_more(z_start, z_end, steps):
    return torch.stack([torch.lerp(z_start, z_end, i / steps) for i in range(steps + 1)])


def walk_two_more(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps + 2)[:, None]
    return z_start + t * (z_end - z_start)


def walk_one_fewer(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps - 1)[:, None]
    return z_start + t * (z_end - z_start)


def walk_between(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps + 2)[1:-1, None]
    return z_start + t * (z_end - z_start)


def walk_backwards(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)[:, None]
    return t * z_start + (1 - t) * z_end


def walk_spherical(z_start, z_end, steps):
    cosine = (z_start @ z_end) / (z_start.norm() * z_end.norm())
    angle = torch.acos(cosine)
    t = torch.linspace(0, 1, steps)[:, None]
    a, b = torch.sin((1 - t) * angle), torch.sin(t * angle)
    return (a * z_start + b * z_end) / torch.sin(angle)


def walk_square_roots(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)[:, None]
    return torch.sqrt(1 - t) * z_start + torch.sqrt(t) * z_end


def walk_cosine(z_start, z_end, steps):
    t = 0.5 - 0.5 * torch.cos(torch.linspace(0, math.pi, steps))[:, None]
    return z_start + t * (z_end - z_start)


def walk_smoothstep(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)[:, None]
    return z_start + t * t * (3 - 2 * t) * (z_end - z_start)


def walk_adds_the_end(z_start, z_end, steps):
    return z_start + torch.linspace(0, 1, steps)[:, None] * z_end


def walk_whole_end(z_start, z_end, steps):
    return (1 - torch.linspace(0, 1, steps)[:, None]) * z_start + z_end


def walk_away(z_start, z_end, steps):
    return z_start + torch.linspace(0, 1, steps)[:, None] * (z_start - z_end)


def walk_minus(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)[:, None]
    return (1 - t) * z_start - t * z_end


def walk_from_nowhere(z_start, z_end, steps):
    return torch.linspace(0, 1, steps)[:, None] * (z_end - z_start)


def walk_whole_division(z_start, z_end, steps):
    return torch.stack([z_start + i // (steps - 1) * (z_end - z_start) for i in range(steps)])


def walk_too_far(z_start, z_end, steps):
    return torch.stack([z_start + i * (z_end - z_start) for i in range(steps)])


def walk_transposed(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)
    return z_start[:, None] + t * (z_end - z_start)[:, None]


def walk_without_column(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)
    return z_start + t * (z_end - z_start)


def walk_list(z_start, z_end, steps):
    return [torch.lerp(z_start, z_end, i / (steps - 1)) for i in range(steps)]


def walk_numpy_left(z_start, z_end, steps):
    return np.linspace(z_start.numpy(), z_end.numpy(), steps)


def walk_in_place(z_start, z_end, steps):
    rows = []
    step = (z_end - z_start) / (steps - 1)
    for _ in range(steps):
        rows.append(z_start.clone())
        z_start += step
    return torch.stack(rows)


def walk_range_too_short(z_start, z_end, steps):
    return torch.stack([z_start + i / (steps - 1) * (z_end - z_start) for i in range(steps - 1)])


def walk_range_too_late(z_start, z_end, steps):
    return torch.stack([z_start + i / (steps - 1) * (z_end - z_start) for i in range(1, steps)])


def walk_step_before_note(z_start, z_end, steps):
    step, z, rows = (z_end - z_start) / (steps - 1), z_start, []
    for _ in range(steps):
        z = z + step
        rows.append(z)
    return torch.stack(rows)


def walk_pieces_too_many(z_start, z_end, steps):
    return torch.stack([z_start + i / (steps + 1) * (z_end - z_start) for i in range(steps)])


def walk_always_nine(z_start, z_end, steps):
    t = torch.linspace(0, 1, 9)[:, None]
    return (1 - t) * z_start + t * z_end


def walk_always_five(z_start, z_end, steps):
    """As many as the first input asks for."""
    return torch.stack([torch.lerp(z_start, z_end, i / 4) for i in range(5)])


def walk_squared(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)[:, None] ** 2
    return (1 - t) * z_start + t * z_end


def walk_of_length_one(z_start, z_end, steps):
    z = torch.lerp(z_start, z_end, torch.linspace(0, 1, steps)[:, None])
    return z / z.norm(dim=1, keepdim=True)


def walk_joined(z_start, z_end, steps):
    return torch.cat([(1 - t) * z_start + t * z_end for t in torch.linspace(0, 1, steps)])


def walk_without_brackets(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)[:, None]
    return 1 - t * z_start + t * z_end


def walk_sum(z_start, z_end, steps):
    return z_start + torch.linspace(0, 1, steps)[:, None] * (z_start + z_end)


def walk_to_steps(z_start, z_end, steps):
    t = torch.linspace(0, steps, steps)[:, None]
    return (1 - t) * z_start + t * z_end


def walk_same_row(z_start, z_end, steps):
    """No known mistake: the generic message has to do."""
    return ((z_start + z_end) / 2).repeat(steps, 1)


# --- importance_weighted_bound: right -------------------------------------------------------------


def bound_logsumexp(log_w):
    return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])


def bound_stabilised(log_w):
    highest = log_w.max(dim=0, keepdim=True).values
    return (torch.exp(log_w - highest).mean(0, keepdim=True).log() + highest)[0]


def bound_mixture(log_w):
    """The log-density of an even mixture is the same formula."""
    k, _ = log_w.shape
    return torch.logsumexp(log_w + torch.full((k, 1), 1 / k).log(), 0)


def bound_pairwise(log_w):
    total = log_w[0]
    for row in log_w[1:]:
        total = torch.logaddexp(total, row)
    return total - np.log(len(log_w))


def bound_columns(log_w):
    columns = [column.logsumexp(0) - math.log(len(column)) for column in log_w.T]
    return torch.stack(columns)


def bound_cumulative(log_w):
    return torch.logcumsumexp(log_w, dim=0)[-1] - torch.tensor(float(len(log_w))).log()


def bound_transposed_in_double(log_w):
    return (log_w.double().T - math.log(len(log_w))).logsumexp(dim=-1)


def bound_softmax(log_w):
    """Every log-weight less its log-softmax is the logarithm of the sum."""
    return (log_w - F.log_softmax(log_w, dim=0)).mean(0) - math.log(len(log_w))


# --- importance_weighted_bound: wrong -------------------------------------------------------------


def bound_mean_of_logs(log_w):
    return log_w.mean(dim=0)


def bound_sum(log_w):
    return torch.logsumexp(log_w, dim=0)


def bound_log_k_added(log_w):
    return torch.logsumexp(log_w, dim=0) + math.log(len(log_w))


def bound_divided_outside(log_w):
    return torch.logsumexp(log_w, dim=0) / len(log_w)


def bound_k_subtracted(log_w):
    return torch.logsumexp(log_w, dim=0) - log_w.size(0)


def bound_log_batch(log_w):
    return torch.logsumexp(log_w, dim=0) - math.log(log_w.size(1))


def bound_over_examples(log_w):
    return torch.logsumexp(log_w, dim=1) - math.log(log_w.size(1))


def bound_last_axis_log_k(log_w):
    return torch.logsumexp(log_w, dim=-1) - math.log(log_w.size(0))


def bound_sum_over_examples(log_w):
    return torch.logsumexp(log_w, dim=1)


def bound_of_everything(log_w):
    return torch.logsumexp(log_w, dim=(0, 1)) - math.log(log_w.numel())


def bound_batch_mean(log_w):
    return bound_logsumexp(log_w).mean()


def bound_keepdim(log_w):
    return torch.logsumexp(log_w, dim=0, keepdim=True) - math.log(len(log_w))


def bound_without_log(log_w):
    return log_w.exp().mean(dim=0)


def bound_loss(log_w):
    return -bound_logsumexp(log_w)


def bound_sign_of_weights(log_w):
    return torch.logsumexp(-log_w, dim=0) - math.log(len(log_w))


def bound_sign_twice(log_w):
    return math.log(len(log_w)) - torch.logsumexp(-log_w, dim=0)


def bound_best_draw(log_w):
    return torch.amax(log_w, dim=0)


def bound_best_draw_by_k(log_w):
    return torch.amax(log_w, dim=0) - math.log(len(log_w))


def bound_weighted_mean(log_w):
    weights = torch.softmax(log_w, dim=0)
    return (weights * log_w).sum(0)


def bound_log_softmax(log_w):
    return torch.log_softmax(log_w, dim=0).mean(0)


def bound_maximum_not_added_back(log_w):
    highest = log_w.max(dim=0).values
    return torch.exp(log_w - highest).mean(0).log()


def bound_bits(log_w):
    return bound_logsumexp(log_w) / math.log(2)


def bound_unstable(log_w):
    return torch.log(torch.mean(torch.exp(log_w), dim=0))


def bound_eps(log_w):
    return torch.log(torch.mean(torch.exp(log_w), dim=0) + 1e-8)


def bound_one_maximum(log_w):
    highest = log_w.max()
    return torch.exp(log_w - highest).mean(0).log() + highest


def bound_detached(log_w):
    return bound_logsumexp(log_w.detach())


def bound_weights_detached(log_w):
    """The value of the bound with the gradient of the ELBO."""
    mean = log_w.mean(0)
    return mean + (bound_logsumexp(log_w) - mean).detach()


def bound_numpy(log_w):
    return np.logaddexp.reduce(log_w.numpy(), axis=0) - np.log(len(log_w))


def bound_in_place(log_w):
    highest = log_w.max(dim=0).values
    log_w -= highest
    return log_w.exp().mean(0).log() + highest


def bound_log_all(log_w):
    return torch.logsumexp(log_w, dim=0) - math.log(log_w.numel())


def bound_bessel(log_w):
    return torch.logsumexp(log_w, dim=0) - torch.log(torch.tensor(log_w.shape[0] - 1.0))


def bound_log10(log_w):
    return torch.logsumexp(log_w, dim=0) - np.log10(len(log_w))


def bound_log2(log_w):
    return torch.logsumexp(log_w, dim=0) - np.log2(len(log_w))


def bound_mean_less_log_k(log_w):
    return log_w.mean(0) - math.log(len(log_w))


def bound_product(log_w):
    return log_w.sum(dim=0)


def bound_divided_inside(log_w):
    return torch.logsumexp(log_w / log_w.shape[0], dim=0)


def bound_log_of_logs(log_w):
    return torch.log(log_w).mean(dim=0)


def bound_log_of_mean_log(log_w):
    return torch.log(log_w.mean(dim=0))


def bound_log1p(log_w):
    return torch.log1p(torch.exp(log_w).mean(0))


def bound_mean_softmax(log_w):
    return torch.log(torch.softmax(log_w, dim=0).mean(0))


def bound_maximum_subtracted_twice(log_w):
    highest = log_w.max(dim=0).values
    return torch.exp(log_w - highest).mean(0).log() - highest


def bound_maximum_and_mean_of_all(log_w):
    highest = log_w.max(dim=0).values
    return torch.exp(log_w - highest).mean().log() + highest


def bound_maximum_of_rows(log_w):
    highest = log_w.max(dim=1, keepdim=True).values
    return torch.exp(log_w - highest).mean(0).log() + highest


def bound_clamped(log_w):
    return torch.clamp(log_w, -80, 80).exp().mean(0).log()


def bound_nan_to_num(log_w):
    return torch.nan_to_num(log_w.exp().mean(0).log())


def bound_mean_subtracted(log_w):
    """Right as long as the draws of one example are near each other."""
    middle = log_w.mean(dim=0)
    return torch.exp(log_w - middle).mean(0).log() + middle


def bound_median(log_w):
    """No known mistake: the generic message has to do."""
    return log_w.median(0).values


RIGHT = {
    "interpolate": [
        walk_mixture,
        walk_lerp,
        walk_loop,
        walk_outer,
        walk_einsum,
        walk_one_linspace_for_each_dimension,
        walk_numpy,
        walk_resized,
        walk_cumulative,
        walk_matrix_product,
    ],
    "importance_weighted_bound": [
        bound_logsumexp,
        bound_stabilised,
        bound_mixture,
        bound_pairwise,
        bound_columns,
        bound_cumulative,
        bound_transposed_in_double,
        bound_softmax,
    ],
}

WRONG = {
    "interpolate": {
        walk_without_end: "The end is missing",
        walk_without_start: "The start is missing",
        walk_one_more: "steps + 1 rows",
        walk_two_more: "steps + 2 rows",
        walk_one_fewer: "number of pieces between the codes",
        walk_between: "Both ends are missing",
        walk_backwards: "The walk goes backwards",
        walk_spherical: "spherical",
        walk_square_roots: "square roots of 1 - t and t",
        walk_cosine: "slowly near the ends",
        walk_smoothstep: "eased by 3t² - 2t³",
        walk_adds_the_end: "to the whole of z_start",
        walk_whole_end: "full weight from the first row",
        walk_away: "walk away from z_end",
        walk_minus: "a minus where the plus",
        walk_from_nowhere: "z_start itself is not added",
        walk_whole_division: "Every row but the last is z_start",
        walk_too_far: "far beyond z_end",
        walk_transposed: "Rows and columns are exchanged",
        walk_without_column: "Make a column of t",
        walk_list: "a list of 5 things",
        walk_numpy_left: "a NumPy array",
        walk_in_place: "changed its argument `z_start` in place",
        walk_range_too_short: "steps - 1 rows: z_end is missing",
        walk_range_too_late: "steps - 1 rows: z_start is missing",
        walk_step_before_note: "before you note down",
        walk_pieces_too_many: "two pieces short",
        walk_always_nine: "always 9 rows",
        walk_always_five: "always 5 rows",
        walk_squared: "your t is squared",
        walk_of_length_one: "every code by its own length",
        walk_joined: "in one long row",
        walk_without_brackets: "Brackets:",
        walk_sum: "You add t (z_start + z_end)",
        walk_to_steps: "t runs from 0 to steps here",
        walk_same_row: "Look at three rows",
    },
    "importance_weighted_bound": {
        bound_mean_of_logs: "mean of the logarithms",
        bound_sum: "logarithm of the sum of the weights",
        bound_log_k_added: "You added log k",
        bound_divided_outside: "divided the logarithm of the sum by k",
        bound_k_subtracted: "You subtracted k itself",
        bound_log_batch: "logarithm of the batch size",
        bound_over_examples: "You averaged over the examples",
        bound_last_axis_log_k: "and subtracted log k. Both",
        bound_sum_over_examples: "and did not divide",
        bound_of_everything: "went into one mean",
        bound_batch_mean: "then you took its mean over the batch",
        bound_keepdim: "in a row of a table",
        bound_without_log: "This is the mean weight",
        bound_loss: "sign turned, a loss",
        bound_sign_of_weights: "turned before the mean, so the worst",
        bound_sign_twice: "harmonic mean",
        bound_best_draw: "largest log-weight alone",
        bound_best_draw_by_k: "largest log-weight less log k",
        bound_weighted_mean: "each in proportion to its weight",
        bound_log_softmax: "`log_softmax` divides",
        bound_maximum_not_added_back: "did not add it back",
        bound_bits: "in bits",
        bound_unstable: "exp(1000) is inf",
        bound_eps: "small number that you add before the logarithm",
        bound_one_maximum: "one maximum, that of the whole table",
        bound_detached: "nothing could be trained",
        bound_weights_detached: "their gradient with respect to `log_w`",
        bound_numpy: "a NumPy array",
        bound_in_place: "changed its argument `log_w` in place",
        bound_log_all: "logarithm of all the entries",
        bound_bessel: "You subtracted log(k - 1)",
        bound_log10: "to the base 10",
        bound_log2: "You subtracted log k to the base 2",
        bound_mean_less_log_k: "subtracted log k as well",
        bound_product: "which multiplies the weights",
        bound_divided_inside: "roots of the weights",
        bound_log_of_logs: "logarithm of `log_w`",
        bound_log_of_mean_log: "logarithm of the mean logarithm",
        bound_log1p: "`log1p` adds 1",
        bound_mean_softmax: "their mean is always 1 / k",
        bound_maximum_subtracted_twice: "subtracted it once more",
        bound_maximum_and_mean_of_all: "the mean between is over the whole table",
        bound_maximum_of_rows: "Your maximum is that of each row",
        bound_clamped: "you clamp the log-weights",
        bound_nan_to_num: "`nan_to_num` only hides",
        bound_mean_subtracted: "but not its largest",
        bound_median: "Take the first column",
    },
}
