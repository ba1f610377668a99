"""Answers to `gumbel_softmax`, lesson 07, as learners write them."""

import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def in_one_line(logits, tau, generator):
    u = torch.rand(logits.size(), generator=generator)
    return ((logits - (-u.log()).log()) / tau).softmax(-1)


def by_exponentials(logits, tau, generator):
    """As torch does it: the logarithm of exponential noise."""
    noise = torch.empty_like(logits).exponential_(generator=generator).log()
    return F.softmax((logits - noise) / tau, dim=-1)


def with_a_guard(logits, tau, generator):
    eps = 1e-10
    u = torch.rand(*logits.shape, generator=generator)
    g = -torch.log(-torch.log(u + eps) + eps)
    return torch.exp(torch.log_softmax((torch.log_softmax(logits, 1) + g) / tau, dim=1))


def by_hand(logits, tau, generator):
    u = torch.rand(logits.shape, generator=generator).clamp(1e-7, 1 - 1e-7)
    scores = torch.exp((logits - torch.log(-torch.log(u))) / tau)
    return scores / scores.sum(1, keepdim=True)


# --- wrong ----------------------------------------------------------------------------------------


def gumbel(logits, generator):
    return -torch.log(-torch.log(torch.rand(logits.shape, generator=generator)))


def without_noise(logits, tau, generator):
    return torch.softmax(logits / tau, dim=1)


def normal_noise(logits, tau, generator):
    return torch.softmax((logits + torch.randn(logits.shape, generator=generator)) / tau, 1)


def one_logarithm(logits, tau, generator):
    g = -torch.log(torch.rand(logits.shape, generator=generator))
    return torch.softmax((logits + g) / tau, 1)


def uniform_noise(logits, tau, generator):
    return torch.softmax((logits + torch.rand(logits.shape, generator=generator)) / tau, 1)


def wrong_sign(logits, tau, generator):
    return torch.softmax((logits - gumbel(logits, generator)) / tau, 1)


def lost_minus(logits, tau, generator):
    u = torch.rand(logits.shape, generator=generator)
    return torch.softmax((logits - torch.log(torch.log(u))) / tau, 1)


def tau_multiplies(logits, tau, generator):
    return torch.softmax((logits + gumbel(logits, generator)) * tau, 1)


def divides_the_logits(logits, tau, generator):
    return torch.softmax(logits / tau + gumbel(logits, generator), 1)


def divides_the_noise(logits, tau, generator):
    return torch.softmax(logits + gumbel(logits, generator) / tau, 1)


def without_tau(logits, tau, generator):
    return torch.softmax(logits + gumbel(logits, generator), 1)


def softmax_first(logits, tau, generator):
    return torch.softmax((logits.softmax(1) + gumbel(logits, generator)) / tau, 1)


def over_the_batch(logits, tau, generator):
    return torch.softmax((logits + gumbel(logits, generator)) / tau, 0)


def hard_choice(logits, tau, generator):
    chosen = (logits + gumbel(logits, generator)).argmax(1)
    return F.one_hot(chosen, logits.shape[1]).float()


def same_noise_for_all(logits, tau, generator):
    g = gumbel(logits[:1], generator)
    return torch.softmax((logits + g) / tau, 1)


def the_libraries_own(logits, tau, generator):
    return F.gumbel_softmax(logits, tau)


def cut_off(logits, tau, generator):
    with torch.no_grad():
        return torch.softmax((logits + gumbel(logits, generator)) / tau, 1)


def straight_through(logits, tau, generator):
    soft = torch.softmax((logits + gumbel(logits, generator)) / tau, 1)
    hard = F.one_hot(soft.argmax(1), logits.shape[1]).float()
    return hard - soft.detach() + soft


def not_normalised(logits, tau, generator):
    return torch.exp((logits + gumbel(logits, generator)) / tau)


def never_too_cool(logits, tau, generator):
    return torch.softmax((logits + gumbel(logits, generator)) / max(tau, 0.5), 1)


RIGHT = [in_one_line, by_exponentials, with_a_guard, by_hand]
WRONG = {
    without_noise: "no noise in it",
    normal_noise: "Your noise is normal",
    one_logarithm: "One logarithm is missing",
    uniform_noise: "You added u itself",
    wrong_sign: "wrong sign",
    lost_minus: "nan or inf",
    tau_multiplies: "Tau multiplies",
    divides_the_logits: "Only the logits are divided",
    divides_the_noise: "Only the noise is divided",
    without_tau: "tau has no effect",
    softmax_first: "softmax of the logits before",
    over_the_batch: "over the batch",
    hard_choice: "single 1 and zeros",
    same_noise_for_all: "All rows are the same",
    the_libraries_own: "does not come from `generator`",
    cut_off: "does not remember",
    straight_through: "straight-through",
    not_normalised: "The first row sums to",
    never_too_cool: "With tau = 0.3, (log y_0 - log y_1)",
}
