"""Answers to `pca_reconstruction`, lesson 01, as learners write them."""

import numpy as np
import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def pca_svd(x, k):
    mean = x.mean(0, keepdim=True)
    u, s, vh = torch.linalg.svd(x - mean, full_matrices=False)
    return u[:, :k] @ torch.diag(s[:k]) @ vh[:k] + mean


def pca_full_svd(x, k):
    mean = torch.mean(x, dim=0)
    v = torch.linalg.svd(x - mean).Vh.mT[:, :k]
    return torch.einsum("nd,dk,ek->ne", x - mean, v, v) + mean


def pca_old_svd(x, k):
    centred = x - x.mean(0)
    _, _, v = centred.svd()
    return centred.mm(v[:, :k]).mm(v[:, :k].t()).add(x.mean(0))


@torch.no_grad()
def pca_eigh_of_covariance(x, k):
    centred = x - x.mean(dim=0)
    covariance = centred.T @ centred / (len(x) - 1)
    _, vectors = torch.linalg.eigh(covariance)
    leading = vectors[:, -k:]
    return centred @ leading @ leading.T + x.mean(dim=0)


def pca_eig_sorted_by_hand(x, k):
    centred = x - x.mean(dim=0)
    values, vectors = torch.linalg.eig(torch.cov(x.T))
    order = values.real.argsort(descending=True)
    leading = vectors.real[:, order[:k]]
    # Within a degenerate eigenvalue `eig` does not promise orthogonal vectors.
    leading, _ = torch.linalg.qr(leading)
    return centred @ leading @ leading.T + x.mean(dim=0)


def pca_gram_matrix(x, k):
    """The dual form, for few rows of many columns."""
    centred = x - x.mean(dim=0)
    _, u = torch.linalg.eigh(centred @ centred.T)
    u = u[:, -k:]
    return u @ u.T @ centred + x.mean(dim=0)


def pca_component_by_component(x, k):
    mean = x.mean(0)
    _, _, vh = torch.linalg.svd(x - mean)
    rows = []
    for row in x:
        rebuilt = mean.clone()
        for direction in vh[:k]:
            rebuilt += torch.dot(row - mean, direction) * direction
        rows.append(rebuilt)
    return torch.stack(rows)


def pca_power_iteration(x, k):
    mean = x.mean(0)
    rest = x - mean
    rebuilt = mean.repeat(len(x), 1)
    for _ in range(k):
        direction = torch.randn(x.shape[1])
        for _ in range(60):
            direction = F.normalize(rest.T @ (rest @ direction), dim=0)
        part = torch.outer(rest @ direction, direction)
        rebuilt, rest = rebuilt + part, rest - part
    return rebuilt


def pca_lowrank(x, k):
    mean = x.mean(0)
    _, _, v = torch.pca_lowrank(x, q=k)
    return (x - mean) @ v @ v.T + mean


def pca_numpy_in_double(x, k):
    a = x.numpy().astype(np.float64)
    mean = a.mean(axis=0)
    _, _, vt = np.linalg.svd(a - mean, full_matrices=False)
    return torch.from_numpy((a - mean) @ vt[:k].T @ vt[:k] + mean)


def pca_scikit_learn(x, k):
    from sklearn.decomposition import PCA

    model = PCA(n_components=k)
    return torch.as_tensor(model.inverse_transform(model.fit_transform(x.numpy())))


def pca_clears_small_singular_values(x, k):
    mean = x.mean(0)
    u, s, vh = torch.linalg.svd(x - mean, full_matrices=False)
    s = s.clone()
    s[k:] = 0
    return (u * s) @ vh + mean


# --- wrong ----------------------------------------------------------------------------------------


def pca_identity(x, k):
    return x


def pca_not_centred(x, k):
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    return (u[:, :k] * s[:k]) @ vh[:k]


def pca_mean_not_added_back(x, k):
    centred = x - x.mean(0)
    u, s, vh = torch.linalg.svd(centred, full_matrices=False)
    return (u[:, :k] * s[:k]) @ vh[:k]


def pca_projects_uncentred_rows(x, k):
    _, vectors = torch.linalg.eigh(torch.cov(x.T))
    v = vectors[:, -k:]
    return x @ v @ v.T


def pca_directions_of_uncentred_rows(x, k):
    _, vectors = torch.linalg.eigh(x.T @ x)
    v = vectors[:, -k:]
    return (x - x.mean(0)) @ v @ v.T + x.mean(0)


def pca_mean_twice(x, k):
    _, vectors = torch.linalg.eigh(torch.cov(x.T))
    v = vectors[:, -k:]
    return x @ v @ v.T + x.mean(0)


def pca_mean_added_never_subtracted(x, k):
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    return (u[:, :k] * s[:k]) @ vh[:k] + x.mean(0)


def pca_smallest_components(x, k):
    mean = x.mean(0)
    _, vectors = torch.linalg.eigh(torch.cov(x.T))
    v = vectors[:, :k]
    return (x - mean) @ v @ v.T + mean


def pca_drops_the_leading(x, k):
    mean = x.mean(0)
    u, s, vh = torch.linalg.svd(x - mean, full_matrices=False)
    s[:k] = 0
    return u @ torch.diag(s) @ vh + mean


def pca_one_too_few(x, k):
    centred = x - x.mean(0)
    _, _, vh = torch.linalg.svd(centred, full_matrices=False)
    v = vh[0 : k - 1]
    return centred @ v.T @ v + x.mean(0)


def pca_skips_the_first(x, k):
    mean = x.mean(0)
    u, s, vh = torch.linalg.svd(x - mean, full_matrices=False)
    return sum((s[i] * torch.outer(u[:, i], vh[i]) for i in range(1, k)), mean.expand_as(x))


def pca_counts_from_one(x, k):
    mean = x.mean(0)
    u, s, vh = torch.linalg.svd(x - mean, full_matrices=False)
    return (u[:, 1 : k + 1] * s[1 : k + 1]) @ vh[1 : k + 1] + mean


def pca_one_too_many(x, k):
    mean = x.mean(0)
    u, s, vh = torch.linalg.svd(x - mean, full_matrices=False)
    return sum((s[i] * torch.outer(u[:, i], vh[i]) for i in range(min(k + 1, len(s)))), mean)


def pca_only_the_kth(x, k):
    mean = x.mean(0)
    _, _, vh = torch.linalg.svd(x - mean)
    v = vh[k - 1]
    return torch.outer((x - mean) @ v, v) + mean


def pca_code(x, k):
    centred = x - x.mean(0)
    u, s, _ = torch.linalg.svd(centred, full_matrices=False)
    return u[:, :k] * s[:k]


def pca_row_means(x, k):
    centred = x - x.mean(1, keepdim=True)
    _, _, vh = torch.linalg.svd(centred, full_matrices=False)
    return centred @ vh[:k].T @ vh[:k] + x.mean(1, keepdim=True)


def pca_row_means_without_keepdim(x, k):
    centred = x - x.mean(dim=1)
    _, _, vh = torch.linalg.svd(centred, full_matrices=False)
    return centred @ vh[:k].T @ vh[:k] + x.mean(dim=1)


def pca_one_mean_for_all(x, k):
    mean = torch.mean(x)
    u, s, vh = torch.linalg.svd(x - mean, full_matrices=False)
    return (u[:, :k] * s[:k]) @ vh[:k] + mean


def pca_standardised(x, k):
    mean, std = x.mean(0), x.std(0)
    u, s, vh = torch.linalg.svd((x - mean) / std, full_matrices=False)
    return (u[:, :k] * s[:k]) @ vh[:k] * std + mean


def pca_standardised_not_undone(x, k):
    mean, std = x.mean(0), x.std(0)
    u, s, vh = torch.linalg.svd((x - mean) / std, full_matrices=False)
    return (u[:, :k] * s[:k]) @ vh[:k] + mean


def pca_directions_not_normalised(x, k):
    centred = x - x.mean(0)
    _, s, vh = torch.linalg.svd(centred, full_matrices=False)
    v = vh.T[:, :k] * s[:k]
    return centred @ v @ v.T + x.mean(0)


def pca_singular_values_missing(x, k):
    u, _, vh = torch.linalg.svd(x - x.mean(0), full_matrices=False)
    return u[:, :k] @ vh[:k] + x.mean(0)


def pca_singular_values_twice(x, k):
    u, s, vh = torch.linalg.svd(x - x.mean(0), full_matrices=False)
    codes = u[:, :k] * s[:k]
    return codes @ torch.diag(s[:k]) @ vh[:k] + x.mean(0)


def pca_columns_of_vh(x, k):
    mean = x.mean(0)
    _, _, v = torch.linalg.svd(x - mean, full_matrices=False)
    return (x - mean) @ v[:, :k] @ v[:, :k].T + mean


def pca_u_for_v(x, k):
    mean = x.mean(0)
    u, _, _ = torch.linalg.svd(x - mean, full_matrices=False)
    return (x - mean) @ u[:, :k] @ u[:, :k].T + mean


def pca_first_columns(x, k):
    out = torch.zeros_like(x)
    out[:, :k] = x[:, :k]
    return out


def pca_first_columns_and_mean(x, k):
    out = x.mean(0).repeat(len(x), 1)
    out[:, :k] = x[:, :k]
    return out


def pca_only_the_mean(x, k):
    return x.mean(0).expand(x.shape)


def pca_centres_in_place(x, k):
    mean = x.mean(0)
    x -= mean
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    return (u[:, :k] * s[:k]) @ vh[:k] + mean


def pca_returns_numpy(x, k):
    return pca_svd(x, k).numpy()


def pca_returns_two(x, k):
    return pca_svd(x, k), k


def pca_complex(x, k):
    mean = x.mean(0)
    _, vectors = torch.linalg.eig(torch.cov(x.T))
    v = vectors[:, :k]
    return (x - mean).to(v.dtype) @ v @ v.T + mean


def pca_rounded(x, k):
    return pca_svd(x, k).round().long()


def pca_forgot_return(x, k):
    pca_svd(x, k)


def pca_median(x, k):
    """No known mistake: the generic message has to do."""
    centre = x.median(0).values
    u, s, vh = torch.linalg.svd(x - centre, full_matrices=False)
    return (u[:, :k] * s[:k]) @ vh[:k] + centre


def pca_ridge(x, k):
    """The codes by a regression that is held back a little."""
    mean = x.mean(0)
    v = torch.linalg.svd(x - mean, full_matrices=False)[2][:k].T
    a = (x - mean) @ v
    weights = torch.linalg.solve(a.T @ a + 0.1 * torch.eye(k), a.T @ (x - mean))
    return a @ weights + mean


def pca_in_half_precision(x, k):
    return pca_svd(x, k).half().float()


def pca_a_little_less(x, k):
    return 0.9995 * pca_svd(x, k)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    pca_svd,
    pca_full_svd,
    pca_old_svd,
    pca_eigh_of_covariance,
    pca_eig_sorted_by_hand,
    pca_gram_matrix,
    pca_component_by_component,
    pca_power_iteration,
    pca_lowrank,
    pca_numpy_in_double,
    pca_scikit_learn,
    pca_clears_small_singular_values,
]

WRONG = {
    pca_identity: "returned x itself",
    pca_not_centred: "without centring",
    pca_mean_not_added_back: "was not added back",
    pca_projects_uncentred_rows: "Project `x - mean` too",
    pca_directions_of_uncentred_rows: "directions found before centring",
    pca_mean_twice: "a part of the mean is counted twice",
    pca_mean_added_never_subtracted: "get their mean twice",
    pca_smallest_components: "the k weakest components",
    pca_drops_the_leading: "dropped the k leading",
    pca_one_too_few: "k - 1 components",
    pca_skips_the_first: "left out the first",
    pca_counts_from_one: "components 2 to k + 1",
    pca_one_too_many: "from k + 1 components",
    pca_only_the_kth: "the k-th component alone",
    pca_code: "returned the code",
    pca_row_means: "Rows and columns are exchanged",
    pca_row_means_without_keepdim: "has n entries",
    pca_one_mean_for_all: "the mean of the whole table",
    pca_standardised: "That changes which directions lead",
    pca_standardised_not_undone: "did not multiply it back",
    pca_directions_not_normalised: "not of length 1",
    pca_singular_values_missing: "singular values are missing",
    pca_singular_values_twice: "singular values are in it twice",
    pca_columns_of_vh: "Rows and columns of the directions are exchanged",
    pca_u_for_v: "multiplied by vectors with an entry for each row",
    pca_first_columns: "set the others to 0",
    pca_first_columns_and_mean: "put the mean in the others",
    pca_only_the_mean: "Every row came back as the mean row",
    pca_centres_in_place: "changed its argument `x` in place",
    pca_returns_numpy: "a NumPy array",
    pca_returns_two: "a tuple of 2",
    pca_complex: "complex numbers",
    pca_rounded: "torch.int64",
    pca_forgot_return: "the last line a `return`",
    pca_median: "Check the steps one by one",
    pca_ridge: "of its largest number",
    pca_in_half_precision: "and yet your result is off by 0.0",
    pca_a_little_less: "and yet your result is off by 0.05%",
}
