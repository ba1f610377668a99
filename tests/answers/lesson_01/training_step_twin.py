"""Answers to `training_step_twin`, lesson 01, as learners write them."""

import torch
from torch.nn import functional as F


def by_formula(weight, x, y, lr):
    return weight - lr * 2 / len(x) * x.T @ (x @ weight - y)


def by_backward(weight, x, y, lr):
    w = weight.clone().requires_grad_()
    loss = F.mse_loss(x @ w, y, reduction="sum") / len(x)
    loss.backward()
    with torch.no_grad():
        return w - lr * w.grad


def by_an_optimiser(weight, x, y, lr):
    w = torch.nn.Parameter(weight.clone())
    optimiser = torch.optim.SGD([w], lr=lr)
    (x @ w - y).square().sum(1).mean().backward()
    optimiser.step()
    return w.detach()


def by_func(weight, x, y, lr):
    def loss(w):
        return ((x @ w - y) ** 2).sum(-1).mean()

    return weight - lr * torch.func.grad(loss)(weight)


def stepped(weight, x, y, lr, loss):
    """What the wrong ones share: a step down this loss."""
    w = weight.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(x @ w, y), w)
    return weight - lr * gradient


def upwards(weight, x, y, lr):
    return stepped(weight, x, y, -lr, lambda a, b: (a - b).square().sum(1).mean())


def summed(weight, x, y, lr):
    return stepped(weight, x, y, lr, lambda a, b: (a - b).square().sum())


def mean_of_all(weight, x, y, lr):
    return stepped(weight, x, y, lr, F.mse_loss)


def with_a_half(weight, x, y, lr):
    return stepped(weight, x, y, lr, lambda a, b: 0.5 * (a - b).square().sum(1).mean())


def no_rate(weight, x, y, lr):
    return by_formula(weight, x, y, 1.0)


def no_step(weight, x, y, lr):
    w = weight.clone().requires_grad_()
    (x @ w - y).square().sum(1).mean().backward()
    return w.detach()


def sign_only(weight, x, y, lr):
    return weight - lr * torch.sign(x.T @ (x @ weight - y))


def unit_length(weight, x, y, lr):
    gradient = x.T @ (x @ weight - y)
    return weight - lr * gradient / torch.linalg.vector_norm(gradient)


def gradient_alone(weight, x, y, lr):
    return (weight - by_formula(weight, x, y, lr)) / lr


def solved(weight, x, y, lr):
    return torch.linalg.pinv(x) @ y


def watches_the_weights(weight, x, y, lr):
    weight.requires_grad_()
    (x @ weight - y).square().sum(1).mean().backward()
    return (weight - lr * weight.grad).detach()


RIGHT = [by_formula, by_backward, by_an_optimiser, by_func]
WRONG = {
    upwards: "goes up the slope",
    summed: "summed over the batch",
    mean_of_all: "the mean over the outputs as well",
    with_a_half: "Half a step",
    no_rate: "The learning rate is left out",
    no_step: "The weights are as they were",
    sign_only: "Only the sign",
    unit_length: "by its length",
    gradient_alone: "This is the gradient",
    solved: "solved it altogether",
    watches_the_weights: "`requires_grad` of the caller's own `weight`",
}
