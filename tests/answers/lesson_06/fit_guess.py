"""Answers to `fit_guess`, lesson 06, as learners write them."""

import torch
from torch.distributions import Normal

GRID = torch.linspace(-8, 8, 801)


def climbed(log_joint, steps, lr, objective, optimizer=torch.optim.SGD, sign=-1):
    """The mean and the log-variance after some steps on an objective of (log q, log p)."""
    mean, log_var = (torch.zeros((), requires_grad=True) for _ in range(2))
    optimizer = optimizer([mean, log_var], lr=lr)
    for _ in range(steps):
        log_q = Normal(mean, (log_var / 2).exp()).log_prob(GRID)
        value = torch.trapezoid(objective(log_q, log_joint(GRID)), GRID)
        optimizer.zero_grad()
        (sign * value).backward()
        optimizer.step()
    return mean.item(), log_var.item()


def elbo(log_q, log_p):
    return log_q.exp() * (log_p - log_q)


# --- right ----------------------------------------------------------------------------------------


def by_gradient_descent_on_the_negative(log_joint, steps, lr):
    mean, log_var = climbed(log_joint, steps, lr, elbo)
    return mean, float(torch.tensor(log_var).exp())


def by_adam(log_joint, steps, lr):
    mean, log_var = climbed(log_joint, steps, lr, elbo, torch.optim.Adam)
    return mean, 2.718281828**log_var


def by_the_standard_deviation(log_joint, steps, lr):
    """σ itself climbs, and the average is taken over the places of q, not over a fixed grid."""
    mean = torch.tensor(0.0, requires_grad=True)
    sigma = torch.tensor(1.0, requires_grad=True)
    noise = torch.linspace(-6, 6, 401)
    weight = torch.exp(Normal(0, 1).log_prob(noise)) * (noise[1] - noise[0])
    for _ in range(steps):
        bound = (weight * log_joint(mean + sigma * noise)).sum() + sigma.log()
        bound.backward()
        for parameter in (mean, sigma):
            parameter.data += lr * parameter.grad
            parameter.grad = None
    return mean.item(), sigma.item() ** 2


# --- wrong ----------------------------------------------------------------------------------------


def downhill(log_joint, steps, lr):
    mean, log_var = climbed(log_joint, steps, lr, elbo, sign=1)
    return mean, float(torch.tensor(log_var).exp())


def without_entropy(log_joint, steps, lr):
    mean, log_var = climbed(log_joint, steps, lr, lambda log_q, log_p: log_q.exp() * log_p)
    return mean, float(torch.tensor(log_var).exp())


def returns_the_deviation(log_joint, steps, lr):
    mean, log_var = climbed(log_joint, steps, lr, elbo)
    return mean, float(torch.tensor(log_var / 2).exp())


def returns_the_logarithm(log_joint, steps, lr):
    return climbed(log_joint, steps, lr, elbo)


def returns_tensors(log_joint, steps, lr):
    mean, log_var = climbed(log_joint, steps, lr, elbo)
    return torch.tensor(mean), torch.tensor(log_var).exp()


def only_the_mean(log_joint, steps, lr):
    mean, _ = climbed(log_joint, steps, lr, elbo)
    return mean


def at_the_mean_alone(log_joint, steps, lr):
    mean = torch.zeros(1, requires_grad=True)
    for _ in range(steps):
        (slope,) = torch.autograd.grad(log_joint(mean).sum(), mean)
        mean = (mean + lr * slope).detach().requires_grad_()
    return mean.item(), 1.0


def moments_of_the_posterior(log_joint, steps, lr):
    """KL(p‖q) is smallest where the moments agree; walked to, as the steps are asked for."""
    grid = torch.linspace(-10, 30, 4001)
    density = log_joint(grid).exp()
    density = density / torch.trapezoid(density, grid)
    mean = torch.trapezoid(grid * density, grid).item()
    variance = torch.trapezoid((grid - mean) ** 2 * density, grid).item()
    done = 1 - (1 - lr) ** steps
    return done * mean, 1 + done * (variance - 1)


def knows_better_than_to_climb(log_joint, steps, lr):
    mean, log_var = climbed(log_joint, 400, 0.06, elbo)
    return mean, float(torch.tensor(log_var).exp())


def sum_without_spacing(log_joint, steps, lr):
    mean, log_var = torch.zeros((), requires_grad=True), torch.zeros((), requires_grad=True)
    for _ in range(steps):
        log_q = Normal(mean, (log_var / 2).exp()).log_prob(GRID)
        bound = (log_q.exp() * (log_joint(GRID) - log_q)).sum()
        slopes = torch.autograd.grad(bound, (mean, log_var))
        with torch.no_grad():
            mean += lr * slopes[0]
            log_var += (lr * slopes[1]).nan_to_num(torch.nan)
            if not mean.isfinite() or not log_var.isfinite():
                return float("nan"), float("nan")
    return mean.item(), log_var.exp().item()


def forgets_requires_grad(log_joint, steps, lr):
    mean, log_var = torch.tensor(0.0), torch.tensor(0.0)
    for _ in range(max(steps, 1)):
        log_q = Normal(mean, (log_var / 2).exp()).log_prob(GRID)
        torch.trapezoid(elbo(log_q, log_joint(GRID)), GRID).backward()
    return mean.item(), log_var.exp().item()


def never_moves(log_joint, steps, lr):
    mean, log_var = torch.zeros((), requires_grad=True), torch.zeros((), requires_grad=True)
    for _ in range(steps):
        log_q = Normal(mean, (log_var / 2).exp()).log_prob(GRID)
        torch.trapezoid(elbo(log_q, log_joint(GRID)), GRID).backward()
    return mean.item(), log_var.exp().item()


def entropy_twice(log_joint, steps, lr):
    mean, log_var = climbed(
        log_joint, steps, lr, lambda log_q, log_p: log_q.exp() * (log_p - 2 * log_q)
    )
    return mean, float(torch.tensor(log_var).exp())


RIGHT = [by_gradient_descent_on_the_negative, by_adam, by_the_standard_deviation]
WRONG = {
    downhill: "take the ELBO *down*",
    without_entropy: "narrower and narrower",
    returns_the_deviation: "You return the standard deviation",
    returns_the_logarithm: "*logarithm* of the variance",
    returns_tensors: "expected a Python number",
    only_the_mean: "expected two numbers",
    at_the_mean_alone: "the variance stays 1",
    moments_of_the_posterior: "its moments",
    knows_better_than_to_climb: "With steps = 0 your guess is N(0.57",
    sum_without_spacing: "grid's spacing",
    forgets_requires_grad: "Nothing remembers how the ELBO came",
    never_moves: "stands where it stood",
    entropy_twice: "should end near",
}
