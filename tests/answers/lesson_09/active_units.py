"""Answers to `active_units`, lesson 09, as learners write them."""

import numpy as np
import torch

# --- right ----------------------------------------------------------------------------------------


def units_var(mu, threshold=0.01):
    return (mu.var(dim=0) > threshold).sum().item()


def units_population_variance(mu, threshold=0.01):
    return int(torch.count_nonzero(mu.var(0, unbiased=False) > threshold))


def units_covariance(mu, threshold=0.01):
    return int((torch.cov(mu.T).diagonal() > threshold).sum())


def units_numpy(mu, threshold=0.01):
    return np.sum(mu.numpy().var(axis=0) > threshold)


def units_loop(mu, threshold=0.01):
    count = 0
    for unit in mu.T:
        if ((unit - unit.mean()) ** 2).mean() > threshold:
            count += 1
    return count


def units_moments(mu, threshold=0.01):
    mu = mu.double()
    variance = mu.square().mean(0) - mu.mean(0).square()
    return len(variance[variance > threshold])


# --- wrong ----------------------------------------------------------------------------------------


def units_std(mu, threshold=0.01):
    return int((mu.std(dim=0) > threshold).sum())


def units_wrong_axis(mu, threshold=0.01):
    return int((mu.var(dim=1) > threshold).sum())


def units_exp(mu, threshold=0.01):
    return int((mu.exp().var(dim=0) > threshold).sum())


def units_mean_square(mu, threshold=0.01):
    return int(((mu**2).mean(dim=0) > threshold).sum())


def units_about_one_mean(mu, threshold=0.01):
    return int((((mu - mu.mean()) ** 2).mean(dim=0) > threshold).sum())


def units_any_large(mu, threshold=0.01):
    return int((mu.abs() > threshold).any(dim=0).sum())


def units_mean_size(mu, threshold=0.01):
    return int((mu.abs().mean(dim=0) > threshold).sum())


def units_size_of_mean(mu, threshold=0.01):
    return int((mu.mean(dim=0).abs() > threshold).sum())


def units_mean(mu, threshold=0.01):
    return int((mu.mean(dim=0) > threshold).sum())


def units_range(mu, threshold=0.01):
    return int((mu.amax(0) - mu.amin(0) > threshold).sum())


def units_mean_distance(mu, threshold=0.01):
    return int(((mu - mu.mean(0)).abs().mean(0) > threshold).sum())


def units_sum_of_squares(mu, threshold=0.01):
    return int((((mu - mu.mean(0)) ** 2).sum(0) > threshold).sum())


def units_variance_squared(mu, threshold=0.01):
    return int((mu.var(dim=0) ** 2 > threshold).sum())


def units_inactive(mu, threshold=0.01):
    return int((mu.var(dim=0) < threshold).sum())


def units_all(mu, threshold=0.01):
    return len(mu.var(dim=0) > threshold)


def units_examples(mu, threshold=0.01):
    return len(mu)


def units_one_variance(mu, threshold=0.01):
    return int(mu.var() > threshold)


def units_entries(mu, threshold=0.01):
    return int((mu > threshold).sum())


def units_large_entries(mu, threshold=0.01):
    return int((mu.abs() > threshold).sum())


def units_fixed_threshold(mu, threshold=0.01):
    return int((mu.var(dim=0) > 0.01).sum())


def units_other_default(mu, threshold=0.1):
    return int((mu.var(dim=0) > threshold).sum())


def units_no_default(mu, threshold):
    return int((mu.var(dim=0) > threshold).sum())


def units_share(mu, threshold=0.01):
    return (mu.var(dim=0) > threshold).float().mean().item()


def units_tensor(mu, threshold=0.01):
    return (mu.var(dim=0) > threshold).sum()


def units_which(mu, threshold=0.01):
    return [j for j in range(mu.shape[1]) if mu[:, j].var() > threshold]


def units_centres_in_place(mu, threshold=0.01):
    mu -= mu.mean(0)
    return int(((mu**2).mean(0) > threshold).sum())


def units_counted_from_one(mu, threshold=0.01):
    """No known mistake: the generic message has to do."""
    return int((mu.var(dim=0) > threshold).sum()) + 1


# --- accepted, and rejected with these words ------------------------------------------------------


def units_of_float64(mu, threshold=0.01):
    centred = mu.double() - mu.double().mean(0, keepdim=True)
    variance = torch.einsum("nd,nd->d", centred, centred) / len(mu)
    return sum(bool(value > threshold) for value in variance)


def units_eigenvalues(mu, threshold=0.01):
    return int((torch.linalg.eigvalsh(mu.T.cov()) > threshold).sum())


def units_rank(mu, threshold=0.01):
    return int(torch.linalg.matrix_rank(mu - mu.mean(0)))


def units_first_hundred(mu, threshold=0.01):
    return int((mu[:100].var(0) > threshold).sum())


def units_a_float(mu, threshold=0.01):
    return float((mu.var(0) > threshold).sum())


def units_mask(mu, threshold=0.01):
    return mu.var(0) > threshold


def units_by_medians(mu, threshold=0.01):
    spread = 1.4826 * (mu - mu.median(dim=0).values).abs().median(dim=0).values
    return int((spread**2 > threshold).sum())


def units_rank_above_the_threshold(mu, threshold=0.01):
    return int(torch.linalg.matrix_rank(mu - mu.mean(dim=0), tol=threshold))


RIGHT = [
    units_var,
    units_population_variance,
    units_covariance,
    units_numpy,
    units_loop,
    units_moments,
    units_of_float64,
]

WRONG = {
    units_std: "as if standard deviations were compared",
    units_wrong_axis: "over the wrong axis",
    units_exp: "exponentiated the means",
    units_mean_square: "This is the mean square",
    units_about_one_mean: "one mean of all entries",
    units_any_large: "with an entry that is large",
    units_mean_size: "averaged the sizes",
    units_size_of_mean: "how far the average mean is from 0",
    units_mean: "compared the average mean",
    units_range: "compared the range",
    units_mean_distance: "averaged the distances from the mean",
    units_sum_of_squares: "sum of the squared deviations",
    units_variance_squared: "squared the variance",
    units_inactive: "counted the inactive",
    units_all: "counted all dimensions",
    units_examples: "the number of examples",
    units_one_variance: "one number of all dimensions",
    units_entries: "entries of mu above the threshold",
    units_large_entries: "entries of mu that are large",
    units_fixed_threshold: "is ignored",
    units_other_default: "the default was changed",
    units_no_default: "missing 1 required positional argument",
    units_share: "Is it a mean or a share",
    units_tensor: "a tensor of shape ()",
    units_which: "a list of",
    units_centres_in_place: "changed its argument `mu` in place",
    units_eigenvalues: "You counted eigenvalues",
    units_rank: "the rank of the means",
    units_first_hundred: "Only the first examples",
    units_a_float: "It is whole, but a float",
    units_mask: "these are several, or none: count or sum them",
    units_counted_from_one: "Print `mu.var(dim=0)`",
    units_by_medians: "by medians, which what is rare does not move",
    units_rank_above_the_threshold: "This is a rank",
}
