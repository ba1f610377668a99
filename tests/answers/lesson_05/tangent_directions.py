"""Answers to `tangent_directions`, lesson 05, as learners write them."""

import torch
from torch.func import jacfwd, jacrev

# --- right ----------------------------------------------------------------------------------------


def rows_of(encode, x):
    x = x.detach().clone().requires_grad_()
    return torch.stack(
        [torch.autograd.grad(z, x, retain_graph=True)[0] for z in encode(x[None])[0]]
    )


def by_eigenvectors(encode, x, k):
    jacobian = rows_of(encode, x)
    _, vectors = torch.linalg.eigh(jacobian.T @ jacobian)
    return vectors.flip(1)[:, :k].T


def by_jacrev(encode, x, k):
    jacobian = jacrev(lambda point: encode(point.unsqueeze(0)).squeeze(0))(x)
    _, _, directions = torch.svd(jacobian)
    return -directions[:, :k].mT


def by_power_iteration(encode, x, k):
    """In double precision, as gaps between singular values may be small."""
    jacobian = jacfwd(lambda point: encode(point[None])[0])(x).double()
    found = []
    for _ in range(k):
        direction = torch.ones(len(x)).double() + torch.arange(len(x)) / 7
        for _ in range(400):
            for other in found:
                direction = direction - (direction @ other) * other
            direction = jacobian.T @ (jacobian @ direction)
            direction = direction / direction.norm()
        found.append(direction)
    return torch.stack(found).float()


# --- wrong ----------------------------------------------------------------------------------------


def weakest(encode, x, k):
    return torch.linalg.svd(rows_of(encode, x), full_matrices=False).Vh.flip(0)[:k]


def strongest_last(encode, x, k):
    jacobian = rows_of(encode, x)
    return torch.linalg.eigh(jacobian.T @ jacobian).eigenvectors[:, -k:].T


def rows_of_length_one(encode, x, k):
    jacobian = rows_of(encode, x)
    return (jacobian / jacobian.norm(dim=1, keepdim=True))[:k]


def rows_as_they_are(encode, x, k):
    return rows_of(encode, x)[:k]


def with_their_strength(encode, x, k):
    _, strengths, directions = torch.linalg.svd(rows_of(encode, x), full_matrices=False)
    return (strengths[:, None] * directions)[:k]


def transposed_once_more(encode, x, k):
    return torch.linalg.svd(rows_of(encode, x)).Vh.T[:k]


def of_the_code(encode, x, k):
    return torch.linalg.svd(rows_of(encode, x)).U.T[:k]


def in_columns(encode, x, k):
    return torch.linalg.svd(rows_of(encode, x), full_matrices=False).Vh[:k].T


def single_example_for_a_batch(encode, x, k):
    jacobian = torch.autograd.functional.jacobian(encode, x)
    return torch.linalg.svd(jacobian).Vh[:k]


def the_gradient_of_the_sum(encode, x, k):
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(encode(x[None]).sum(), x)
    return (gradient / gradient.norm()).repeat(k, 1)


def twice_as_long(encode, x, k):
    return 2 * torch.linalg.svd(rows_of(encode, x)).Vh[:k]


def all_of_them(encode, x, k):
    return torch.linalg.svd(rows_of(encode, x)).Vh


RIGHT = [by_eigenvectors, by_jacrev, by_power_iteration]
WRONG = {
    weakest: "answers *least*",
    strongest_last: "the weakest of them first",
    rows_of_length_one: "They overlap",
    rows_as_they_are: "rows of the Jacobian as they are",
    with_their_strength: "multiplied by its singular value",
    transposed_once_more: "transposed it once more",
    of_the_code: "directions of the code, not of the input",
    in_columns: "one in each column",
    single_example_for_a_batch: "takes a batch and x is a single example",
    the_gradient_of_the_sum: "A small step along your first direction",
    twice_as_long: "has length 2",
    all_of_them: "The result has shape",
}
