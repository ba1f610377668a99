"""Answers to `nats_of_stranger`, lesson 09, as learners write them."""

import torch

# --- right ----------------------------------------------------------------------------------------


def stranger_indexed(decode_nll, mu, order):
    return decode_nll(mu[order]) - decode_nll(mu)


def stranger_selected(decode_nll, mu, order):
    own = decode_nll(mu)
    return torch.sub(decode_nll(torch.index_select(mu, 0, order)), own)


def stranger_by_matrix(decode_nll, mu, order):
    moves = torch.nn.functional.one_hot(order.long(), len(mu)).to(mu)
    return decode_nll(moves @ mu) - decode_nll(mu)


def stranger_stacked(decode_nll, mu, order):
    codes = torch.stack([mu[int(i)] for i in order])
    costs = torch.stack((decode_nll(mu), decode_nll(codes)))
    return costs.diff(dim=0)[0]


def stranger_one_by_one(decode_nll, mu, order):
    """Every picture in a row of codes of its own: slow, and right."""
    own, worse = decode_nll(mu), []
    for i, other in enumerate(order.tolist()):
        codes = mu.clone()
        codes[i] = mu[other]
        worse.append(decode_nll(codes)[i] - own[i])
    return torch.stack(worse)


def stranger_without_gradients(decode_nll, mu, order):
    with torch.no_grad():
        mu = mu.detach()
        return decode_nll(mu.take_along_dim(order.long()[:, None], 0)) - decode_nll(mu)


# --- wrong ----------------------------------------------------------------------------------------


def stranger_sign(decode_nll, mu, order):
    return decode_nll(mu) - decode_nll(mu[order])


def stranger_alone(decode_nll, mu, order):
    return decode_nll(mu[order])


def stranger_own_alone(decode_nll, mu, order):
    return decode_nll(mu)


def stranger_less_the_strangers_cost(decode_nll, mu, order):
    return decode_nll(mu[order]) - decode_nll(mu)[order]


def stranger_costs_moved(decode_nll, mu, order):
    own = decode_nll(mu)
    return own[order] - own


def stranger_moved_twice(decode_nll, mu, order):
    return (decode_nll(mu[order]) - decode_nll(mu))[order]


def stranger_mean(decode_nll, mu, order):
    return (decode_nll(mu[order]) - decode_nll(mu)).mean()


def stranger_sum(decode_nll, mu, order):
    return decode_nll(mu[order]).sum() - decode_nll(mu).sum()


def stranger_ratio(decode_nll, mu, order):
    return decode_nll(mu[order]) / decode_nll(mu)


def stranger_times(decode_nll, mu, order):
    return torch.exp(decode_nll(mu[order]) - decode_nll(mu))


def stranger_backwards(decode_nll, mu, order):
    codes = torch.zeros_like(mu)
    codes[order] = mu
    return decode_nll(codes) - decode_nll(mu)


def stranger_neighbour(decode_nll, mu, order):
    return decode_nll(torch.roll(mu, 1, dims=0)) - decode_nll(mu)


def stranger_flipped(decode_nll, mu, order):
    return decode_nll(mu.flip(0)) - decode_nll(mu)


def stranger_zero(decode_nll, mu, order):
    return decode_nll(mu * 0) - decode_nll(mu)


def stranger_average(decode_nll, mu, order):
    return decode_nll(mu.mean(0, keepdim=True).repeat(len(mu), 1)) - decode_nll(mu)


def stranger_difference_of_codes(decode_nll, mu, order):
    return decode_nll(mu[order] - mu)


def stranger_other_difference(decode_nll, mu, order):
    return decode_nll(mu - mu[order]) - decode_nll(mu)


def stranger_distance(decode_nll, mu, order):
    return ((mu[order] - mu) ** 2).sum(dim=1)


def stranger_row_by_row(decode_nll, mu, order):
    return torch.cat([decode_nll(mu[i : i + 1]) for i in order.tolist()]) - decode_nll(mu)


def stranger_vector_by_vector(decode_nll, mu, order):
    return torch.stack([decode_nll(mu[j]) - decode_nll(mu[i]) for i, j in enumerate(order)])


def stranger_absolute(decode_nll, mu, order):
    return torch.abs(decode_nll(mu[order]) - decode_nll(mu))


def stranger_clamped(decode_nll, mu, order):
    return torch.relu(decode_nll(mu[order]) - decode_nll(mu))


def stranger_in_place(decode_nll, mu, order):
    own = decode_nll(mu)
    mu[:] = mu[order]
    return decode_nll(mu) - own


def stranger_moves_the_pictures(decode_nll, mu, order):
    own = decode_nll(mu)
    if hasattr(decode_nll, "x"):
        decode_nll.x = decode_nll.x.clone()
        decode_nll.x[order] = decode_nll.x.clone()
    return decode_nll(mu) - own


def stranger_list(decode_nll, mu, order):
    return (decode_nll(mu[order]) - decode_nll(mu)).tolist()


def stranger_at_random(decode_nll, mu, order):
    """No known mistake: the generic message has to do."""
    return decode_nll(mu + torch.randn_like(mu)) - decode_nll(mu)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    stranger_indexed,
    stranger_selected,
    stranger_by_matrix,
    stranger_stacked,
    stranger_one_by_one,
    stranger_without_gradients,
]

WRONG = {
    stranger_sign: "The sign is turned",
    stranger_alone: "a hard picture costs much from any",
    stranger_own_alone: "costs from its own code. Ask",
    stranger_less_the_strangers_cost: "the *stranger's* picture costs",
    stranger_costs_moved: "moved the costs and not the codes",
    stranger_moved_twice: "moved by `order` once more",
    stranger_mean: "for the whole batch, the mean",
    stranger_sum: "The pictures are summed as well",
    stranger_ratio: "This is a ratio",
    stranger_times: "how many *times* less probable",
    stranger_backwards: "the wrong way round",
    stranger_neighbour: "got its neighbour's code",
    stranger_flipped: "turned the row of codes round",
    stranger_zero: "from the code 0",
    stranger_average: "from the average code",
    stranger_difference_of_codes: "You subtract the codes",
    stranger_other_difference: "the difference of the two codes",
    stranger_distance: "how far the two codes lie apart",
    stranger_row_by_row: "of another shape than (batch, latent)",
    stranger_vector_by_vector: "of another shape than (batch, latent)",
    stranger_absolute: "Leave out `abs`",
    stranger_clamped: "Leave out `clamp`",
    stranger_in_place: "changed its argument `mu` in place",
    stranger_moves_the_pictures: "Your function changed `decode_nll.x`",
    stranger_list: "`torch.stack(results)`",
    stranger_at_random: "Take the first picture by hand",
}
