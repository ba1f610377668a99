"""Answers to `label_prior`, lesson 11, as learners write them."""

import numpy as np
import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def by_weights(codes, labels, num_classes):
    """Matrix products with one-hot rows; divided by the number of codes."""
    belongs = F.one_hot(labels, num_classes).to(codes)
    count = belongs.sum(0)
    means = belongs.T @ codes / count[:, None]
    around = codes - means[labels]
    return means, torch.einsum("nc,ni,nj->cij", belongs, around, around) / count[:, None, None]


def in_loops(codes, labels, num_classes):
    latent = codes.shape[1]
    means = torch.zeros(num_classes, latent)
    covariances = torch.empty(num_classes, latent, latent)
    for y in labels.unique():
        mine = codes[labels == y]
        means[y] = mine.mean(0)
        covariances[y] = sum(torch.outer(z - means[y], z - means[y]) for z in mine)
        covariances[y] /= len(mine) - 1
    return means, covariances


def with_numpy(codes, labels, num_classes):
    codes, labels = codes.numpy(), labels.numpy()
    groups = [codes[np.flatnonzero(labels == y)] for y in range(num_classes)]
    covariances = np.stack([np.cov(group, rowvar=False) for group in groups])
    return torch.from_numpy(np.stack([g.mean(0) for g in groups])), torch.as_tensor(covariances)


def mean_of_squares(codes, labels, num_classes):
    means, covariances = [], []
    for y in range(num_classes):
        z = codes[labels == y]
        means.append(z.mean(0))
        covariances.append((z[:, :, None] * z[:, None]).mean(0) - torch.outer(means[-1], means[-1]))
    return [torch.stack(means), torch.stack(covariances)]


# --- wrong ----------------------------------------------------------------------------------------


def groups_of(codes, labels, num_classes):
    return [codes[labels == y] for y in range(num_classes)]


def means_of(codes, labels, num_classes):
    return torch.stack([group.mean(0) for group in groups_of(codes, labels, num_classes)])


def both(of_group, *given):
    return means_of(*given), torch.stack([of_group(group) for group in groups_of(*given)])


def one_for_all(codes, labels, num_classes):
    return codes.mean(0).repeat(num_classes, 1), codes.T.cov().repeat(num_classes, 1, 1)


def covariance_of_all(codes, labels, num_classes):
    return means_of(codes, labels, num_classes), torch.stack([codes.T.cov()] * num_classes)


def shared_spread(codes, labels, num_classes):
    means = means_of(codes, labels, num_classes)
    around = codes - means[labels]
    return means, (around.T @ around / (len(codes) - 1)).repeat(num_classes, 1, 1)


def variances(codes, labels, num_classes):
    return means_of(codes, labels, num_classes), torch.stack(
        [group.var(0) for group in groups_of(codes, labels, num_classes)]
    )


def variances_on_a_diagonal(codes, labels, num_classes):
    return both(lambda group: torch.diag(group.var(0)), codes, labels, num_classes)


def deviations_on_a_diagonal(codes, labels, num_classes):
    return both(lambda group: torch.diag(group.std(0)), codes, labels, num_classes)


def examples_as_variables(codes, labels, num_classes):
    return both(torch.cov, codes, labels, num_classes)


def mean_left_in(codes, labels, num_classes):
    return both(lambda group: group.T @ group / len(group), codes, labels, num_classes)


def mean_left_in_less_one(codes, labels, num_classes):
    return both(lambda group: group.T @ group / (len(group) - 1), codes, labels, num_classes)


def around_the_mean_of_all(codes, labels, num_classes):
    centred = codes - codes.mean(0)
    covariances = [g.T @ g / len(g) for g in groups_of(centred, labels, num_classes)]
    return means_of(codes, labels, num_classes), torch.stack(covariances)


def not_divided(codes, labels, num_classes):
    def scatter(group):
        around = group - group.mean(0)
        return around.T @ around

    return both(scatter, codes, labels, num_classes)


def divided_by_all(codes, labels, num_classes):
    means, scatters = not_divided(codes, labels, num_classes)
    return means, scatters / len(codes)


def roots(codes, labels, num_classes):
    return both(lambda group: torch.linalg.cholesky(group.T.cov()), codes, labels, num_classes)


def precisions(codes, labels, num_classes):
    return both(lambda group: group.T.cov().inverse(), codes, labels, num_classes)


def correlations(codes, labels, num_classes):
    return both(lambda group: group.T.corrcoef(), codes, labels, num_classes)


def in_order_of_appearance(codes, labels, num_classes):
    groups = {}
    for z, y in zip(codes, labels.tolist(), strict=True):
        groups.setdefault(y, []).append(z)
    groups = [torch.stack(group) for group in groups.values()]
    return torch.stack([g.mean(0) for g in groups]), torch.stack([g.T.cov() for g in groups])


def as_if_sorted(codes, labels, num_classes):
    groups = codes.tensor_split(num_classes)
    return torch.stack([g.mean(0) for g in groups]), torch.stack([g.T.cov() for g in groups])


def sums(codes, labels, num_classes):
    totals = codes.new_zeros(num_classes, codes.shape[1]).index_add(0, labels, codes)
    return totals, both(lambda group: group.T.cov(), codes, labels, num_classes)[1]


def sums_over_all(codes, labels, num_classes):
    totals, covariances = sums(codes, labels, num_classes)
    return totals / len(codes), covariances


def as_if_equally_common(codes, labels, num_classes):
    totals, covariances = sums(codes, labels, num_classes)
    return totals / (len(codes) / num_classes), covariances


def medians(codes, labels, num_classes):
    middle = [group.median(0).values for group in groups_of(codes, labels, num_classes)]
    return torch.stack(middle), both(lambda group: group.T.cov(), codes, labels, num_classes)[1]


def ten_labels(codes, labels, num_classes):
    groups = [codes[labels == y] for y in range(10)]
    return torch.stack([g.mean(0) for g in groups]), torch.stack([g.T.cov() for g in groups])


def ten_written_down(codes, labels, num_classes):
    belongs = torch.zeros(len(codes), 10, dtype=codes.dtype)
    belongs[torch.arange(len(codes)), labels] = 1
    count = belongs.sum(0).reshape(num_classes, 1)
    around = codes - (belongs.T @ codes / count)[labels]
    scatter = torch.einsum("nc,ni,nj->cij", belongs, around, around)
    return belongs.T @ codes / count, scatter / count[:, :, None]


def equal_pieces(codes, labels, num_classes):
    pieces = codes.reshape(num_classes, -1, codes.shape[1])
    return pieces.mean(1), torch.stack([piece.T.cov() for piece in pieces])


def covariances_first(codes, labels, num_classes):
    means, covariances = both(lambda group: group.T.cov(), codes, labels, num_classes)
    return covariances, means


def means_alone(codes, labels, num_classes):
    return means_of(codes, labels, num_classes)


def lists(codes, labels, num_classes):
    groups = groups_of(codes, labels, num_classes)
    return [g.mean(0) for g in groups], [g.T.cov() for g in groups]


def in_place(codes, labels, num_classes):
    means = means_of(codes, labels, num_classes)
    codes -= means[labels]
    covariances = [g.T @ g / len(g) for g in groups_of(codes, labels, num_classes)]
    return means, torch.stack(covariances)


def twice_the_spread(codes, labels, num_classes):
    return both(lambda group: 2 * group.T.cov(), codes, labels, num_classes)


def first_half(codes, labels, num_classes):
    """Only some of the codes, to save time."""
    half = len(codes) // 2 + 3
    return both(lambda group: group[:half].T.cov(), codes[:half], labels[:half], num_classes)


def by_adding_at_an_index(codes, labels, num_classes):
    count = torch.bincount(labels, minlength=num_classes)[:, None]
    means = torch.zeros(num_classes, codes.shape[1]).index_add(0, labels, codes) / count
    around = codes - means[labels]
    products = around[:, :, None] * around[:, None, :]
    sums = torch.zeros(num_classes, *products.shape[1:]).index_add(0, labels, products)
    return means, sums / count[:, :, None]


RIGHT = [by_weights, in_loops, with_numpy, mean_of_squares, by_adding_at_an_index]
WRONG = {
    one_for_all: "the mean of *all* codes",
    covariance_of_all: "the covariance of *all* codes",
    shared_spread: "share one covariance",
    variances: "one number for each number of a code",
    variances_on_a_diagonal: "knew nothing of each other",
    deviations_on_a_diagonal: "Standard deviations stand on the diagonal",
    examples_as_variables: "reads a *row* as one variable",
    mean_left_in: "average the products of the codes themselves",
    mean_left_in_less_one: "the products of the codes as they are",
    around_the_mean_of_all: "distances from the mean of *all* codes",
    not_divided: "sums of products",
    divided_by_all: "The sums are divided by the number of all codes",
    roots: "*roots* of the covariances",
    precisions: "the inverses",
    correlations: "These are correlations",
    in_order_of_appearance: "in the order in which labels come up",
    as_if_sorted: "as if they were sorted by label",
    sums: "These are sums",
    sums_over_all: "You divide by the number of all codes",
    as_if_equally_common: "as if all labels were equally common",
    medians: "These are the medians",
    ten_labels: "there are 10 means",
    ten_written_down: "With 10 labels it runs",
    equal_pieces: "as if they were sorted by label",
    covariances_first: "The covariances come first",
    means_alone: "expected two tensors",
    lists: "`torch.stack(results)` makes one of a list",
    in_place: "in place",
    twice_the_spread: "2 times what it should be",
    first_half: "the mean of the codes whose label is y",
}
