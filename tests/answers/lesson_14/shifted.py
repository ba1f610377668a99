"""Answers to `shifted`, lesson 14, as learners write them."""

import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def by_slices(x, down, right):
    height, width = x.shape[-2:]
    new = torch.zeros_like(x)
    for i in range(len(x)):
        d, r = int(down[i]), int(right[i])
        if abs(d) >= height or abs(r) >= width:
            continue
        old = x[i, :, max(0, -d) : height - max(0, d), max(0, -r) : width - max(0, r)]
        new[i, :, max(0, d) : height + min(0, d), max(0, r) : width + min(0, r)] = old
    return new


def by_padding(x, down, right):
    height, width = x.shape[-2:]
    pictures = []
    for picture, d, r in zip(x, down.tolist(), right.tolist(), strict=True):
        d, r = max(-height, min(height, d)), max(-width, min(width, r))
        wide = F.pad(picture, (width, width, height, height))
        pictures.append(wide[:, height - d : 2 * height - d, width - r : 2 * width - r])
    return torch.stack(pictures)


def by_roll(x, down, right):
    height, width = x.shape[2:]
    rows, columns = torch.arange(height), torch.arange(width)
    pictures = []
    for picture, d, r in zip(x, down, right, strict=True):
        rolled = torch.roll(picture, (int(d), int(r)), dims=(1, 2))
        keep = ((rows >= d) & (rows < height + d))[:, None]
        keep = keep & ((columns >= r) & (columns < width + r))
        pictures.append(torch.where(keep, rolled, torch.zeros_like(rolled)))
    return torch.stack(pictures)


def by_matrices(x, down, right):
    """A shift is a matrix with one diagonal of ones."""
    height, width = x.shape[2:]
    far_down, far_right = down.clamp(-height, height), right.clamp(-width, width)
    move_rows = torch.stack([_eye(height, int(d), x.dtype) for d in far_down])
    move_columns = torch.stack([_eye(width, int(r), x.dtype) for r in far_right])
    return (move_rows @ x[:, 0] @ move_columns.transpose(1, 2))[:, None]


def _eye(size, by, dtype):
    place = torch.arange(size)
    return (place[:, None] - place == by).to(dtype)


# --- wrong ----------------------------------------------------------------------------------------


def rolled(x, down, right):
    pictures = [
        torch.roll(p, (int(d), int(r)), (1, 2)) for p, d, r in zip(x, down, right, strict=True)
    ]
    return torch.stack(pictures)


def up_and_left(x, down, right):
    return by_slices(x, -down, -right)


def axes_swapped(x, down, right):
    return by_slices(x, right, down)


def down_alone(x, down, right):
    return by_padding(x, down, 0 * right)


def right_alone(x, down, right):
    return by_padding(x, 0 * down, right)


def all_as_the_first(x, down, right):
    return by_padding(x, down[0].repeat(len(x)), right[0].repeat(len(x)))


def edge_repeated(x, down, right):
    height, width = x.shape[2:]
    pictures = []
    for picture, d, r in zip(x, down.tolist(), right.tolist(), strict=True):
        rows = (torch.arange(height) - d).clamp(0, height - 1)
        columns = (torch.arange(width) - r).clamp(0, width - 1)
        pictures.append(picture[:, rows][:, :, columns])
    return torch.stack(pictures)


def on_ink(x, down, right):
    return 1 - by_slices(1 - x, down, right)


def negative_ignored(x, down, right):
    return by_slices(x, down.clamp(min=0), right.clamp(min=0))


def negative_as_positive(x, down, right):
    return by_slices(x, down.abs(), right.abs())


def not_so_far(x, down, right):
    by = zip(x, down.tolist(), right.tolist(), strict=True)
    return torch.stack([F.pad(picture, (r, -r, d, -d)) for picture, d, r in by])


def in_place(x, down, right):
    for i in range(len(x)):
        x[i] = by_slices(x[i : i + 1], down[i : i + 1], right[i : i + 1])[0]
    return x


def without_channel(x, down, right):
    return by_slices(x, down, right)[:, 0]


def one_too_far(x, down, right):
    """No known mistake: the advice has to do."""
    return by_slices(x, down + 1, right)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [by_slices, by_padding, by_roll, by_matrices]

WRONG = {
    rolled: "`torch.roll` brings in",
    up_and_left: "move up and left",
    axes_swapped: "The axes are swapped",
    down_alone: "move down and not right",
    right_alone: "move right and not down",
    all_as_the_first: "as the first one does",
    edge_repeated: "at the edge is repeated",
    on_ink: "which is ink",
    negative_ignored: "Negative numbers move nothing",
    negative_as_positive: "down and right as well",
    not_so_far: "farther than it is large",
    in_place: "changed its argument `x` in place",
    without_channel: "axes of length 1",
    one_too_far: "By 1 down and 1 right it has the rows",
}
