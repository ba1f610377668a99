"""Answers to `training_step`, lesson 01, as learners write them."""

import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def as_everybody_writes_it(model, x, optimizer):
    optimizer.zero_grad()
    x_hat = model(x)
    loss = F.mse_loss(x_hat, x, reduction="none").sum(-1).mean()
    loss.backward()
    optimizer.step()
    return loss.item()


def gradients_by_hand(model, x, optimizer):
    parameters = list(model.parameters())
    loss = torch.linalg.vector_norm(model(x) - x, dim=1).pow(2).mean()
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()
    return float(loss.detach())


def by_a_closure(model, x, optimizer):
    def closure():
        model.zero_grad(set_to_none=False)
        loss = ((model(x) - x) ** 2).sum() / x.shape[0]
        loss.backward()
        return loss

    return optimizer.step(closure).item()


def one_picture_at_a_time(model, x, optimizer):
    optimizer.zero_grad()
    total = 0.0
    for one in x:
        loss = ((model(one[None])[0] - one) ** 2).sum() / len(x)
        loss.backward()
        total += loss.item()
    optimizer.step()
    return total


# --- wrong ----------------------------------------------------------------------------------------


def loss_of(model, x):
    return ((model(x) - x) ** 2).sum(1).mean()


def never_zeroes(model, x, optimizer):
    loss = loss_of(model, x)
    loss.backward()
    optimizer.step()
    return loss.item()


def zeroes_too_late(model, x, optimizer):
    loss = loss_of(model, x)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


def zeroes_after_the_step(model, x, optimizer):
    loss = loss_of(model, x)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


def steps_before_backward(model, x, optimizer):
    loss = loss_of(model, x)
    optimizer.zero_grad()
    optimizer.step()
    loss.backward()
    return loss.item()


def steps_on_old_gradients(model, x, optimizer):
    loss = loss_of(model, x)
    optimizer.step()
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


def forgets_the_step(model, x, optimizer):
    optimizer.zero_grad()
    loss = loss_of(model, x)
    loss.backward()
    return loss.item()


def forgets_backward(model, x, optimizer):
    optimizer.zero_grad()
    loss = loss_of(model, x)
    optimizer.step()
    return loss.item()


def only_computes(model, x, optimizer):
    return loss_of(model, x).item()


def steps_twice(model, x, optimizer):
    loss = loss_of(model, x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    optimizer.step()
    return loss.item()


def two_steps(model, x, optimizer):
    losses = []
    for _ in range(2):
        loss = loss_of(model, x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses[0]


def cost_after_the_step(model, x, optimizer):
    optimizer.zero_grad()
    loss_of(model, x).backward()
    optimizer.step()
    return loss_of(model, x).item()


def mean_over_pixels(model, x, optimizer):
    loss = F.mse_loss(model(x), x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def sum_over_everything(model, x, optimizer):
    loss = ((model(x) - x) ** 2).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def returns_the_tensor(model, x, optimizer):
    loss = loss_of(model, x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def number_too_early(model, x, optimizer):
    loss = torch.tensor(loss_of(model, x).item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def its_own_optimizer(model, x, optimizer):
    optimizer = torch.optim.Adam(model.parameters())
    loss = loss_of(model, x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def clips_the_gradient(model, x, optimizer):
    loss = loss_of(model, x)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    optimizer.step()
    return loss.item()


def leaves_training_mode_on(model, x, optimizer):
    model.train()
    loss = loss_of(model, x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def ends_in_evaluation_mode(model, x, optimizer):
    loss = loss_of(model, x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    model.eval()
    return loss.item()


def root_of_the_error(model, x, optimizer):
    loss = (model(x) - x).norm(dim=1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


RIGHT = [as_everybody_writes_it, gradients_by_hand, by_a_closure, one_picture_at_a_time]
WRONG = {
    never_zeroes: "step before are still there",
    zeroes_too_late: "wipes out",
    zeroes_after_the_step: "somebody has",
    steps_before_backward: "`optimizer.step()` comes before",
    steps_on_old_gradients: "modified by an inplace",
    forgets_the_step: "no step is taken",
    forgets_backward: "`loss.backward()` is missing",
    only_computes: "nothing is trained",
    steps_twice: "called twice",
    two_steps: "two whole steps",
    cost_after_the_step: "*after* it",
    mean_over_pixels: "mean over the features as well",
    sum_over_everything: "larger step",
    returns_the_tensor: "expected a Python number",
    number_too_early: "no way back from the loss",
    its_own_optimizer: "never takes a step",
    clips_the_gradient: "Three steps of yours cost",
    leaves_training_mode_on: "to training mode",
    ends_in_evaluation_mode: "to evaluation mode",
    root_of_the_error: "root of each squared error",
}
