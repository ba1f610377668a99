"""Answers to `jacobian_penalty`, lesson 05, as learners write them."""

import torch
from torch.func import jacfwd, jacrev, jvp, vjp, vmap

# --- right ----------------------------------------------------------------------------------------


def penalty_loop(encode, x):
    x = x.clone().detach().requires_grad_(True)
    z = encode(x)
    total = 0
    for i in range(z.shape[1]):
        grad = torch.autograd.grad(z[:, i].sum(), x, create_graph=True)[0]
        total = total + grad.flatten(1).pow(2).sum(1)
    return total


def penalty_example_by_example(encode, x):
    penalties = []
    for one in x:
        jacobian = torch.autograd.functional.jacobian(
            lambda point: encode(point[None])[0], one, create_graph=True
        )
        penalties.append(jacobian.square().sum())
    return torch.stack(penalties)


def penalty_jacobian_of_summed_batch(encode, x):
    jacobian = torch.autograd.functional.jacobian(
        lambda batch: encode(batch).sum(0), x, create_graph=True
    )
    return torch.einsum("lb...,lb...->b", jacobian, jacobian)


def penalty_diagonal_of_whole_jacobian(encode, x):
    jacobian = torch.autograd.functional.jacobian(encode, x, create_graph=True)
    blocks = torch.stack([jacobian[b, :, b] for b in range(len(x))])
    return (blocks**2).flatten(1).sum(1)


def penalty_jacrev(encode, x):
    jacobian = vmap(jacrev(lambda one: encode(one[None])[0]))(x)
    return (jacobian**2).flatten(1).sum(1)


def penalty_jacfwd(encode, x):
    return vmap(jacfwd(lambda one: encode(one.unsqueeze(0)).squeeze(0)))(x).pow(2).flatten(1).sum(1)


def penalty_vjp(encode, x):
    z, pull_back = vjp(encode, x)
    rows = [pull_back(torch.eye(z.shape[1])[i].expand_as(z))[0] for i in range(z.shape[1])]
    return torch.stack(rows, 1).flatten(1).square().sum(1)


def penalty_columns_by_jvp(encode, x):
    """One forward pass for each entry of x in place of a backward pass for each of the code."""
    total = torch.zeros(len(x))
    for j in range(x[0].numel()):
        tangent = torch.zeros(x[0].numel())
        tangent[j] = 1
        column = jvp(encode, (x,), (tangent.view_as(x[0]).expand_as(x),))[1]
        total = total + column.square().sum(1)
    return total


def penalty_batched_gradients(encode, x):
    watched = x.detach().requires_grad_()
    z = encode(watched)
    seeds = torch.eye(z.shape[1])[:, None, :].expand(-1, *z.shape)
    (rows,) = torch.autograd.grad(z, watched, seeds, create_graph=True, is_grads_batched=True)
    return rows.flatten(2).square().sum((0, 2))


def penalty_singular_values(encode, x):
    jacobian = vmap(jacrev(lambda one: encode(one[None])[0]))(x).flatten(2)
    return torch.linalg.matrix_norm(jacobian).square()


def penalty_backward_into_x_alone(encode, x):
    """`inputs=` keeps `backward` away from the encoder's weights."""
    watched = x.detach().requires_grad_()
    total = torch.zeros(len(x))
    for unit in encode(watched).sum(0):
        watched.grad = None
        unit.backward(create_graph=True, inputs=[watched])
        total = total + watched.grad.flatten(1).square().sum(1)
    return total


def penalty_double(encode, x):
    return penalty_loop(encode, x).double()


# --- wrong ----------------------------------------------------------------------------------------


def penalty_backward_into_everything(encode, x):
    watched = x.detach().clone().requires_grad_()
    total = torch.zeros(len(x))
    for unit in encode(watched).sum(0):
        watched.grad = None
        unit.backward(create_graph=True)
        total = total + watched.grad.flatten(1).square().sum(1)
    return total


def penalty_zeroes_the_encoder(encode, x):
    encode.zero_grad()
    return penalty_loop(encode, x)


def penalty_evaluates(encode, x):
    return penalty_loop(encode.eval(), x)


def penalty_puts_in_training(encode, x):
    encode.train()
    return penalty_loop(encode, x)


def penalty_writes_weights(encode, x):
    for parameter in encode.parameters():
        parameter.data *= 1 + 1e-6
    return penalty_loop(encode, x)


def penalty_seeds(encode, x):
    torch.manual_seed(0)
    return penalty_loop(encode, x)


def penalty_a_little_more(encode, x):
    """Near the right numbers as well, but all by one factor."""
    return 1.01 * penalty_loop(encode, x)


def penalty_fine_differences(encode, x):
    return penalty_coarse_differences(encode, x, step=1e-3)


def _rows(encode, x, create_graph=True):
    x = x.clone().requires_grad_()
    z = encode(x)
    return torch.stack(
        [
            torch.autograd.grad(z[:, i].sum(), x, create_graph=create_graph, retain_graph=True)[0]
            for i in range(z.shape[1])
        ],
        dim=1,
    ).flatten(2)


def penalty_sum_then_square(encode, x):
    x = x.clone().requires_grad_()
    grad = torch.autograd.grad(encode(x).sum(), x, create_graph=True)[0]
    return grad.flatten(1).pow(2).sum(1)


def penalty_no_square(encode, x):
    return _rows(encode, x).sum((1, 2))


def penalty_square_of_total(encode, x):
    return _rows(encode, x).sum((1, 2)) ** 2


def penalty_row_sums(encode, x):
    return (_rows(encode, x).sum(2) ** 2).sum(1)


def penalty_absolute(encode, x):
    return _rows(encode, x).abs().sum((1, 2))


def penalty_root(encode, x):
    return torch.linalg.matrix_norm(_rows(encode, x))


def penalty_lengths_of_rows(encode, x):
    return _rows(encode, x).norm(dim=2).sum(1)


def penalty_spectral(encode, x):
    return torch.linalg.matrix_norm(_rows(encode, x), ord=2) ** 2


def penalty_first_unit(encode, x):
    return (_rows(encode, x)[:, 0] ** 2).sum(1)


def penalty_overwritten(encode, x):
    for row in _rows(encode, x).unbind(1):
        total = (row**2).sum(1)
    return total


def penalty_mean_over_units(encode, x):
    return (_rows(encode, x) ** 2).sum(2).mean(1)


def penalty_mean_over_pixels(encode, x):
    return (_rows(encode, x) ** 2).mean(2).sum(1)


def penalty_mean_of_entries(encode, x):
    return (_rows(encode, x) ** 2).mean(dim=(1, 2))


def penalty_batch_mean(encode, x):
    return (_rows(encode, x) ** 2).sum((1, 2)).mean()


def penalty_batch_sum(encode, x):
    return (_rows(encode, x) ** 2).sum()


def penalty_over_batch_size(encode, x):
    return (_rows(encode, x) ** 2).sum((1, 2)) / x.shape[0]


def penalty_gradient_of_batch_mean(encode, x):
    x = x.clone().requires_grad_()
    total = 0
    for unit in encode(x).mean(0):
        grad = torch.autograd.grad(unit, x, create_graph=True)[0]
        total = total + grad.flatten(1).pow(2).sum(1)
    return total


def penalty_total_for_each(encode, x):
    return (_rows(encode, x) ** 2).sum().repeat(len(x))


def penalty_column(encode, x):
    return (_rows(encode, x) ** 2).sum(dim=(1, 2)).unsqueeze(1)


def penalty_rows_not_summed(encode, x):
    return (_rows(encode, x) ** 2).sum(2)


def penalty_pixels_not_summed(encode, x):
    return (_rows(encode, x) ** 2).sum(1)


def penalty_jacobian(encode, x):
    return _rows(encode, x)


def penalty_accumulates(encode, x):
    x = x.clone().requires_grad_()
    z = encode(x)
    total = torch.zeros(len(x))
    for i in range(z.shape[1]):
        z[:, i].sum().backward(retain_graph=True)
        total += x.grad.flatten(1).pow(2).sum(1)
    return total


def penalty_of_weights(encode, x):
    totals = []
    for one in x:
        total = 0
        for unit in encode(one[None])[0]:
            grads = torch.autograd.grad(unit, encode.parameters(), retain_graph=True)
            total = total + sum((grad**2).sum() for grad in grads)
        totals.append(total)
    return torch.stack(totals)


def penalty_sigmoid_formula(encode, x):
    h, weight = encode(x), next(iter(encode.parameters()))
    return (h * (1 - h)) ** 2 @ (weight**2).sum(1)


def penalty_weight_norm(encode, x):
    return (next(encode.parameters()) ** 2).sum().repeat(len(x))


def penalty_of_the_code(encode, x):
    return (encode(x) ** 2).sum(1)


def penalty_coarse_differences(encode, x, step=0.1):
    columns = []
    for j in range(x[0].numel()):
        nudge = torch.zeros(x[0].numel())
        nudge[j] = step
        columns.append((encode(x + nudge.view_as(x[0])) - encode(x)) / step)
    return (torch.stack(columns) ** 2).sum((0, 2))


def penalty_random_nudge(encode, x):
    """Movement under one small random nudge: noisy, and right on average."""
    nudge = 1e-2 * torch.randn_like(x)
    return ((encode(x + nudge) - encode(x)) ** 2).sum(1) / 1e-4


def penalty_hutchinson_fixed_seed(encode, x):
    """No known mistake: the generic message has to do."""
    x = x.clone().requires_grad_()
    z = encode(x)
    signs = 2.0 * torch.randint(2, z.shape, generator=torch.Generator().manual_seed(0)) - 1
    row = torch.autograd.grad((z * signs).sum(), x, create_graph=True)[0]
    return row.flatten(1).pow(2).sum(1)


def penalty_graph_lost(encode, x):
    x = x.clone().requires_grad_()
    z = encode(x)
    total = 0
    for i in range(z.shape[1]):
        total = total + torch.autograd.grad(z[:, i].sum(), x)[0].flatten(1).pow(2).sum(1)
    return total


def penalty_not_watched(encode, x):
    z = encode(x)
    rows = [torch.autograd.grad(z[:, i].sum(), x, create_graph=True)[0] for i in range(len(z[0]))]
    return torch.stack(rows).square().sum((0, 2))


def penalty_watched_too_late(encode, x):
    z = encode(x)
    x = x.clone().requires_grad_()
    return torch.autograd.grad(z[:, 0].sum(), x, create_graph=True)[0].square().sum(1)


def penalty_of_many(encode, x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(encode(x), x, create_graph=True)[0].square().sum(1)


def penalty_not_unpacked(encode, x):
    x = x.clone().requires_grad_()
    z = encode(x)
    total = 0
    for i in range(z.shape[1]):
        g = torch.autograd.grad(z[:, i].sum(), x, create_graph=True)
        total = total + g.flatten(1).pow(2).sum(1)
    return total


def penalty_code_detached(encode, x):
    x = x.clone().requires_grad_()
    z = encode(x).detach()
    rows = [torch.autograd.grad(z[:, i].sum(), x, create_graph=True)[0] for i in range(len(z[0]))]
    return torch.stack(rows).square().sum((0, 2))


def penalty_detached(encode, x):
    return (_rows(encode, x, create_graph=False) ** 2).sum((1, 2))


def penalty_half_detached(encode, x):
    rows = _rows(encode, x)
    return (rows.detach() * rows).sum((1, 2))


def penalty_switches_x_on(encode, x):
    x.requires_grad_()
    z = encode(x)
    total = 0
    for i in range(z.shape[1]):
        grad = torch.autograd.grad(z[:, i].sum(), x, create_graph=True)[0]
        total = total + grad.flatten(1).pow(2).sum(1)
    return total


def penalty_keeps_image_axes(encode, x):
    """No known mistake: the message about shapes has to do."""
    return vmap(jacrev(lambda one: encode(one[None])[0]))(x).square().sum((1, -1))


def penalty_images_forgotten(encode, x):
    x = x.clone().requires_grad_()
    z = encode(x)
    grads = [torch.autograd.grad(z[:, i].sum(), x, create_graph=True)[0] for i in range(z.shape[1])]
    return sum(grad.pow(2).sum(1) for grad in grads)


def penalty_looks_inside(encode, x):
    return (encode(x) * (1 - encode(x))) ** 2 @ (encode.weight**2).sum(1)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    penalty_loop,
    penalty_example_by_example,
    penalty_jacobian_of_summed_batch,
    penalty_diagonal_of_whole_jacobian,
    penalty_jacrev,
    penalty_jacfwd,
    penalty_vjp,
    penalty_columns_by_jvp,
    penalty_batched_gradients,
    penalty_singular_values,
    penalty_backward_into_x_alone,
    penalty_double,
]

WRONG = {
    penalty_sum_then_square: "rows of the Jacobian cancel",
    penalty_no_square: "Nothing is squared",
    penalty_square_of_total: "squared the sum",
    penalty_row_sums: "over the pixels before it was squared",
    penalty_absolute: "absolute values",
    penalty_root: "with its root",
    penalty_lengths_of_rows: "the lengths of the rows",
    penalty_spectral: "the spectral norm",
    penalty_first_unit: "Only the first number",
    penalty_overwritten: "overwritten in the loop",
    penalty_mean_over_units: "mean over the numbers of the code",
    penalty_mean_over_pixels: "mean over the entries of x",
    penalty_mean_of_entries: "the mean of all squared entries",
    penalty_batch_mean: "mean over the batch. Keep",
    penalty_batch_sum: "The examples were summed too",
    penalty_over_batch_size: "divided by the size of the batch",
    penalty_gradient_of_batch_mean: "which divides every gradient",
    penalty_total_for_each: "the total of the batch",
    penalty_column: "in a column",
    penalty_rows_not_summed: "Add up the rows",
    penalty_pixels_not_summed: "one number for each entry of x",
    penalty_jacobian: "the Jacobian itself",
    penalty_accumulates: "The gradients pile up",
    penalty_of_weights: "with respect to the weights. The penalty",
    penalty_sigmoid_formula: "closed form of one sigmoid layer",
    penalty_weight_norm: "squared norm of the weights",
    penalty_of_the_code: "squared length of the code",
    penalty_coarse_differences: "a step of 0.1",
    penalty_random_nudge: "Two calls with the same input",
    penalty_hutchinson_fixed_seed: "gives the whole matrix to compare with",
    penalty_graph_lost: "throws away what it needed",
    penalty_not_watched: "was not told to watch x",
    penalty_watched_too_late: "not computed from the tensor",
    penalty_of_many: "one number at a time",
    penalty_not_unpacked: "returns a tuple",
    penalty_code_detached: "The code has forgotten how it came from x",
    penalty_detached: "do not remember the encoder's weights",
    penalty_half_detached: "Is a factor computed without",
    penalty_switches_x_on: "switched on `requires_grad`",
    penalty_keeps_image_axes: "Too many axes",
    penalty_images_forgotten: "axes of height and width",
    penalty_looks_inside: "weights inside `encode`",
    penalty_backward_into_everything: "adds to the gradients of the model's parameters",
    penalty_zeroes_the_encoder: "sets back the gradients",
    penalty_evaluates: "came back in evaluation mode",
    penalty_puts_in_training: "came back in training mode",
    penalty_writes_weights: "was written to",
    penalty_seeds: "torch's global stream is no longer",
    penalty_a_little_more: "Every number is 1.01 times",
    penalty_fine_differences: "as those of a difference quotient are",
}
