"""Answers to `repaired_step`, lesson 15, as learners write them."""

import torch

# --- right ----------------------------------------------------------------------------------------


def _own(weights, shares, loss):
    """Each worker's gradient of its own mean loss."""
    gradients = []
    for row, share in zip(weights, shares, strict=True):
        copy = row.detach().clone().requires_grad_()
        gradients.append(torch.autograd.grad(loss(copy, share).mean(), copy)[0])
    return torch.stack(gradients)


def step_averaged(weights, shares, loss, lr):
    gradients = _own(weights, shares, loss)
    return weights - lr * gradients.mean(0, keepdim=True)


def step_by_the_average_of_the_losses(weights, shares, loss, lr):
    copies = [row.detach().requires_grad_() for row in weights]
    losses = [loss(copy, share).mean() for copy, share in zip(copies, shares, strict=True)]
    gradients = torch.autograd.grad(torch.stack(losses).mean(), copies)
    return torch.stack([copy.detach() - lr * sum(gradients) for copy in copies])


def step_then_weights_averaged(weights, shares, loss, lr):
    """As good for plain gradient descent: from equal copies it is the same."""
    after = weights - lr * _own(weights, shares, loss)
    return after.mean(0).expand_as(after).clone()


def step_by_func(weights, shares, loss, lr):
    def mean_loss(row, share):
        return loss(row, share).mean()

    gradient = torch.func.grad(mean_loss)
    rows = [gradient(row, share) for row, share in zip(weights, shares, strict=True)]
    total = torch.zeros_like(weights[0])
    for row in rows:
        total = total + row / len(rows)
    return torch.stack([row - lr * total for row in weights])


# --- wrong ----------------------------------------------------------------------------------------


def step_alone(weights, shares, loss, lr):
    return weights - lr * _own(weights, shares, loss)


def step_divided_twice(weights, shares, loss, lr):
    copies = [row.detach().requires_grad_() for row in weights]
    losses = [loss(copy, share).mean() for copy, share in zip(copies, shares, strict=True)]
    gradients = torch.autograd.grad(torch.stack(losses).mean(), copies)
    return weights - lr * torch.stack(gradients).mean(0)


def step_added_up(weights, shares, loss, lr):
    return weights - lr * _own(weights, shares, loss).sum(0)


def step_first_leads(weights, shares, loss, lr):
    after = weights - lr * _own(weights, shares, loss)
    return after[0].expand_as(after)


def step_last_wins(weights, shares, loss, lr):
    for row, share in zip(weights, shares, strict=True):
        copy = row.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(copy, share).mean(), copy)
    return weights - lr * gradient


def step_first_alone_moves(weights, shares, loss, lr):
    after = weights.clone()
    after[0] -= lr * _own(weights, shares, loss).mean(0)
    return after


def step_averaged_within_the_loop(weights, shares, loss, lr):
    heard, after = [], []
    for row, own in zip(weights, _own(weights, shares, loss), strict=True):
        heard.append(own)
        after.append(row - lr * torch.stack(heard).mean(0))
    return torch.stack(after)


def step_over_the_weights(weights, shares, loss, lr):
    return weights - lr * _own(weights, shares, loss).mean(dim=1, keepdim=True)


def step_uphill(weights, shares, loss, lr):
    return weights + lr * _own(weights, shares, loss).mean(0)


def step_without_lr(weights, shares, loss, lr):
    return weights - _own(weights, shares, loss).mean(0)


def step_summed_over_the_share(weights, shares, loss, lr):
    copies = [row.detach().requires_grad_() for row in weights]
    losses = [loss(copy, share).sum() for copy, share in zip(copies, shares, strict=True)]
    gradients = torch.autograd.grad(sum(losses), copies)
    return weights - lr * torch.stack(gradients).mean(0)


def step_one_does_it_all(weights, shares, loss, lr):
    copy = weights[0].detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(copy, shares.flatten(0, 1)).mean(), copy)
    return weights - lr * gradient


def step_each_does_it_all(weights, shares, loss, lr):
    after = []
    for row in weights:
        copy = row.detach().clone().requires_grad_()
        everything = sum(loss(copy, share).mean() for share in shares) / len(shares)
        after.append(row - lr * torch.autograd.grad(everything, copy)[0])
    return torch.stack(after)


def step_one_row(weights, shares, loss, lr):
    return weights[0] - lr * _own(weights, shares, loss).mean(0)


def step_in_place(weights, shares, loss, lr):
    weights -= lr * _own(weights, shares, loss).mean(0)
    return weights


def step_of_signs(weights, shares, loss, lr):
    """No known mistake: the generic message has to do."""
    return weights - lr * _own(weights, shares, loss).mean(0).sign()


# --- the specimen ---------------------------------------------------------------------------------


def step_specimen(weights, shares, loss, lr):
    return weights - lr / len(weights) * _own(weights, shares, loss)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    step_averaged,
    step_by_the_average_of_the_losses,
    step_then_weights_averaged,
    step_by_func,
]

WRONG = {
    step_alone: "after one step no two are alike",
    step_divided_twice: "it is too short",
    step_added_up: "it is too long",
    step_first_leads: "they all follow the first worker",
    step_last_wins: "they all follow the last worker",
    step_first_alone_moves: "the others have stayed",
    step_averaged_within_the_loop: "what it has heard so far",
    step_over_the_weights: "You average over the weights of each copy",
    step_uphill: "uphill",
    step_without_lr: "Multiply them by `lr`",
    step_summed_over_the_share: "sum the loss over the examples",
    step_one_does_it_all: "12 examples at a time",
    step_each_does_it_all: "computed 9 times by 3 workers",
    step_one_row: "Too few axes",
    step_in_place: "changed its argument `weights` in place",
    step_of_signs: "Each worker has one gradient",
}

UNREPAIRED = [step_specimen]
