"""Answers to `interpolate`, lesson 08, as learners write them."""

import math

import numpy as np
import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


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


# --- wrong ----------------------------------------------------------------------------------------


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


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
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
]

WRONG = {
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
}
