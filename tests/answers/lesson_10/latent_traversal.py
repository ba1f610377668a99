"""Answers to `latent_traversal`, lesson 10, as learners write them."""

import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def walk_expand(decode, z, dim, values):
    codes = z.expand(len(values), len(z)).clone()
    codes[:, dim] = values
    return decode(codes)


def walk_loop(decode, z, dim, values):
    pictures = []
    for value in values:
        code = z.clone()
        code[dim] = value
        pictures.append(decode(code[None]))
    return torch.cat(pictures)


def walk_squeezed(decode, z, dim, values):
    pictures = []
    for value in values.tolist():
        code = z.tolist()
        code[dim] = value
        pictures.append(decode(torch.tensor([code]))[0])
    return torch.stack(pictures)


def walk_one_hot(decode, z, dim, values):
    axis = F.one_hot(torch.tensor(dim), len(z)).to(z)
    return decode(z + torch.outer(values - z[dim], axis))


def walk_where(decode, z, dim, values):
    return decode(torch.where(torch.arange(len(z)) == dim, values[:, None], z))


def walk_cat(decode, z, dim, values):
    rows = z.repeat(len(values), 1)
    return decode(torch.cat([rows[:, :dim], values[:, None], rows[:, dim + 1 :]], dim=1))


def walk_without_gradients(decode, z, dim, values):
    with torch.no_grad():
        codes = torch.stack([z] * len(values))
        codes[:, dim] = values
        return decode(codes)


# --- wrong ----------------------------------------------------------------------------------------


def _codes(z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, dim] = values
    return codes


def walk_added(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, dim] += values
    return decode(codes)


def walk_multiplied(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, dim] *= values
    return decode(codes)


def walk_from_zeros(decode, z, dim, values):
    codes = torch.zeros(len(values), len(z))
    codes[:, dim] = values
    return decode(codes)


def walk_everything(decode, z, dim, values):
    return decode(values[:, None].repeat(1, len(z)))


def walk_everything_added(decode, z, dim, values):
    return decode(z[None] + values[:, None])


def walk_counted_from_one(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, dim - 1] = values
    return decode(codes)


def walk_next(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, (dim + 1) % len(z)] = values
    return decode(codes)


def walk_first_entry(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, 0] = values
    return decode(codes)


def walk_last_entry(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[..., -1] = values
    return decode(codes)


def walk_from_the_end(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, -dim - 1] = values
    return decode(codes)


def walk_nowhere(decode, z, dim, values):
    return torch.cat([decode(z[None]) for _ in values])


def walk_same_tensor(decode, z, dim, values):
    code, codes = z.clone(), []
    for value in values:
        code[dim] = value
        codes.append(code)
    return decode(torch.stack(codes))


def walk_first_value(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, dim] = values[0]
    return decode(codes)


def walk_rising(decode, z, dim, values):
    return decode(_codes(z, dim, values.sort().values))


def walk_backwards(decode, z, dim, values):
    return decode(_codes(z, dim, values)).flip(0)


def walk_own_values(decode, z, dim, values):
    return decode(_codes(z, dim, torch.linspace(-3, 3, len(values))))


def walk_all_numbers(decode, z, dim, values):
    return torch.cat([decode(_codes(z, j, values)) for j in range(len(z))])


def walk_with_the_start(decode, z, dim, values):
    return torch.cat([decode(z[None]), decode(_codes(z, dim, values))])


def walk_without_the_first(decode, z, dim, values):
    return decode(_codes(z, dim, values))[1:]


def walk_without_the_last(decode, z, dim, values):
    return decode(_codes(z, dim, values))[:-1]


def walk_last_picture(decode, z, dim, values):
    for value in values:
        code = z.clone()
        code[dim] = value
        picture = decode(code[None])
    return picture


def walk_returns_at_once(decode, z, dim, values):
    for value in values:
        code = z.clone()
        code[dim] = value
        return decode(code[None])


def walk_not_decoded(decode, z, dim, values):
    return _codes(z, dim, values)


def walk_sigmoid(decode, z, dim, values):
    return torch.sigmoid(decode(_codes(z, dim, values)))


def walk_difference(decode, z, dim, values):
    return decode(_codes(z, dim, values)) - decode(z[None])


def walk_flat(decode, z, dim, values):
    return decode(_codes(z, dim, values)).flatten(1)


def walk_stacked(decode, z, dim, values):
    return torch.stack([decode(code.unsqueeze(0)) for code in _codes(z, dim, values)])


def walk_single_codes(decode, z, dim, values):
    pictures = []
    for value in values:
        code = z.clone()
        code[dim] = value
        pictures.append(decode(code))
    return torch.stack(pictures)


def walk_row(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[dim] = values
    return decode(codes)


def walk_view(decode, z, dim, values):
    codes = z.expand(len(values), -1)
    codes[:, dim] = values
    return decode(codes)


def walk_transposed(decode, z, dim, values):
    codes = z[:, None].repeat(1, len(values))
    codes[dim] = values
    return decode(codes)


def walk_in_place(decode, z, dim, values):
    pictures = []
    for value in values:
        z[dim] = value
        pictures.append(decode(z[None]))
    return torch.cat(pictures)


def walk_numpy(decode, z, dim, values):
    return decode(_codes(z, dim, values)).numpy()


def walk_list(decode, z, dim, values):
    return [decode(code[None])[0] for code in _codes(z, dim, values)]


def walk_in_unit_length(decode, z, dim, values):
    """No known mistake: the generic message has to do."""
    return decode(F.normalize(_codes(z, dim, values), dim=1))


# --- accepted, and rejected with these words ------------------------------------------------------


def traversal_side_by_side(decode, z, dim, values):
    codes = z.repeat(1, len(values))
    codes[:, dim] = values
    return decode(codes)


RIGHT = [
    walk_expand,
    walk_loop,
    walk_squeezed,
    walk_one_hot,
    walk_where,
    walk_cat,
    walk_without_gradients,
]

WRONG = {
    traversal_side_by_side: "lays the copies side by side",
    walk_added: "added the values to what z has there",
    walk_multiplied: "multiplied what z has there",
    walk_from_zeros: "The other entries have become 0",
    walk_everything: "Every entry of the code was set",
    walk_everything_added: "added the values to every entry",
    walk_counted_from_one: "The entry before the one",
    walk_next: "The entry after the one",
    walk_first_entry: "always move the first entry",
    walk_last_entry: "always move the last entry",
    walk_from_the_end: "counted `dim` from the end",
    walk_nowhere: "the values have no effect",
    walk_same_tensor: "decoded from the last value",
    walk_first_value: "decoded from the first value",
    walk_rising: "the order of rising values",
    walk_backwards: "in the opposite order",
    walk_own_values: "evenly from -3 to 3",
    walk_all_numbers: "every number of the code, one after the other",
    walk_with_the_start: "one row too many",
    walk_without_the_first: "The first value is missing",
    walk_without_the_last: "The last value is missing",
    walk_last_picture: "one picture, of the last value",
    walk_returns_at_once: "one picture, of the first value",
    walk_not_decoded: "These are the codes",
    walk_sigmoid: "applied a sigmoid",
    walk_difference: "not how they differ from that of z",
    walk_flat: "laid each picture flat",
    walk_stacked: "an axis of length 1 too many",
    walk_single_codes: "handed over single codes",
    walk_row: "writes into a row",
    walk_view: "`expand` makes no copies",
    walk_transposed: "lies on its side",
    walk_in_place: "changed its argument `z` in place",
    walk_numpy: "a NumPy array",
    walk_list: "a list of",
    walk_in_unit_length: "Print the codes before",
}
