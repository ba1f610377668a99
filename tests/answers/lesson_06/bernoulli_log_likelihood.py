"""Answers to `bernoulli_log_likelihood`, lesson 06, as learners write them."""

import math

import torch
from torch import nn
from torch.distributions import Bernoulli, Independent
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def bernoulli_with_logits(logits, x):
    losses = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    return -losses.flatten(1).sum(1)


def bernoulli_module(logits, x):
    return -nn.BCEWithLogitsLoss(reduction="none")(logits, x).view(len(x), -1).sum(dim=-1)


def bernoulli_logsigmoid(logits, x):
    terms = x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)
    return torch.einsum("b...->b", terms)


def bernoulli_distribution(logits, x):
    p = Bernoulli(logits=logits, validate_args=False)
    return Independent(p, x.ndim - 1).log_prob(x)


def bernoulli_logaddexp(logits, x):
    log_normaliser = torch.logaddexp(logits, torch.zeros_like(logits))
    return (x * logits - log_normaliser).sum(tuple(range(1, x.ndim)))


def bernoulli_clamped_max(logits, x):
    rest = torch.log1p(torch.exp(-logits.abs()))
    return (x * logits - logits.relu() - rest).reshape(len(x), -1).sum(1)


def bernoulli_loop(logits, x):
    return torch.stack(
        [
            -F.binary_cross_entropy_with_logits(one, target, reduction="sum")
            for one, target in zip(logits, x, strict=True)
        ]
    )


def bernoulli_double(logits, x):
    return bernoulli_logsigmoid(logits.double(), x.double())


def bernoulli_two_classes(logits, x):
    log_p = torch.stack([torch.zeros_like(logits), logits], dim=-1).log_softmax(-1)
    return (log_p * torch.stack([1 - x, x], dim=-1)).flatten(1).sum(1)


# --- wrong ----------------------------------------------------------------------------------------


def bernoulli_loss(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def bernoulli_without_sigmoid(logits, x):
    return -F.binary_cross_entropy(logits, x, reduction="none").flatten(1).sum(1)


def bernoulli_two_sigmoids(logits, x):
    p = torch.sigmoid(logits)
    return -F.binary_cross_entropy_with_logits(p, x, reduction="none").flatten(1).sum(1)


def bernoulli_mean_of_everything(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x)


def bernoulli_mean_loss(logits, x):
    return nn.BCEWithLogitsLoss()(logits, x)


def bernoulli_sum_of_everything(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="sum")


def bernoulli_loss_of_everything(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="sum")


def bernoulli_mean_over_batch(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)


def bernoulli_mean_over_pixels(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).mean(1)


def bernoulli_not_summed(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def bernoulli_loss_not_summed(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def bernoulli_sum_over_batch(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(0)


def bernoulli_column(logits, x):
    return bernoulli_with_logits(logits, x).unsqueeze(1)


def bernoulli_last_axis(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)


def bernoulli_axis_one(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)


def bernoulli_image_axes(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum((1, 2, 3))


def bernoulli_only_ink(logits, x):
    return (x * F.logsigmoid(logits)).flatten(1).sum(1)


def bernoulli_one_less_log_p(logits, x):
    log_p = F.logsigmoid(logits)
    return (x * log_p + (1 - x) * (1 - log_p)).flatten(1).sum(1)


def bernoulli_one_less_logit(logits, x):
    return (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(1 - logits)).flatten(1).sum(1)


def bernoulli_logits_for_log_p(logits, x):
    return (x * logits + (1 - x) * (1 - logits)).flatten(1).sum(1)


def bernoulli_no_softplus(logits, x):
    return torch.sum((x * logits).flatten(1), dim=1)


def bernoulli_difference(logits, x):
    return (x * F.logsigmoid(logits) - (1 - x) * F.logsigmoid(-logits)).flatten(1).sum(1)


def bernoulli_only_paper(logits, x):
    return ((1 - x) * F.logsigmoid(-logits)).flatten(1).sum(1)


def bernoulli_exchanged(logits, x):
    terms = (1 - x) * F.logsigmoid(logits) + x * F.logsigmoid(-logits)
    return terms.flatten(1).sum(1)


def bernoulli_without_x(logits, x):
    return (F.logsigmoid(logits) + F.logsigmoid(-logits)).flatten(1).sum(1)


def bernoulli_arguments_exchanged(logits, x):
    return -F.binary_cross_entropy_with_logits(x, logits, reduction="none").flatten(1).sum(1)


def bernoulli_likelihood(logits, x):
    p = torch.sigmoid(logits)
    return (x * p + (1 - x) * (1 - p)).flatten(1).prod(1)


def bernoulli_squared_error(logits, x):
    return -((torch.sigmoid(logits) - x) ** 2).flatten(1).sum(1)


def bernoulli_half_squared_error(logits, x):
    return -0.5 * ((torch.sigmoid(logits) - x) ** 2).flatten(1).sum(1)


def bernoulli_softmax(logits, x):
    log_p = F.log_softmax(logits.flatten(1), dim=1)
    return (x.flatten(1) * log_p).sum(1)


def bernoulli_bits(logits, x):
    return bernoulli_with_logits(logits, x) / math.log(2)


def bernoulli_distribution_refuses_grey(logits, x):
    return Bernoulli(logits=logits).log_prob(x).flatten(1).sum(1)


def bernoulli_binarised(logits, x):
    return Bernoulli(logits=logits).log_prob((x > 0.5).float()).flatten(1).sum(1)


def bernoulli_is_it_one(logits, x):
    log_p = torch.where(x == 1, F.logsigmoid(logits), F.logsigmoid(-logits))
    return log_p.flatten(1).sum(1)


def bernoulli_log_of_product(logits, x):
    p = torch.sigmoid(logits)
    return torch.log((p**x * (1 - p) ** (1 - x)).flatten(1).prod(1))


def bernoulli_logits_clamped(logits, x):
    return bernoulli_with_logits(logits.clamp(-30, 30), x)


def bernoulli_unstable(logits, x):
    p = torch.sigmoid(logits)
    return (x * torch.log(p) + (1 - x) * torch.log(1 - p)).flatten(1).sum(1)


def bernoulli_overflow(logits, x):
    return (x * logits - torch.log(1 + torch.exp(logits))).flatten(1).sum(1)


def bernoulli_cut_off(logits, x):
    p = torch.sigmoid(logits)
    return -F.binary_cross_entropy(p, x, reduction="none").flatten(1).sum(1)


def bernoulli_distribution_of_probs(logits, x):
    p = Bernoulli(probs=torch.sigmoid(logits), validate_args=False)
    return p.log_prob(x).flatten(1).sum(1)


def bernoulli_eps(logits, x):
    p = torch.sigmoid(logits)
    return (x * torch.log(p + 1e-8) + (1 - x) * torch.log(1 - p + 1e-8)).flatten(1).sum(1)


def bernoulli_detached(logits, x):
    return bernoulli_with_logits(logits.detach(), x)


def bernoulli_in_place(logits, x):
    logits *= x
    return (logits - F.softplus(logits)).flatten(1).sum(1)


def bernoulli_clamped(logits, x):
    """No known mistake: the generic message has to do."""
    return bernoulli_with_logits(logits.clamp(-3, 3), x)


def bernoulli_black_and_white_far_out(logits, x):
    """Where the network is sure, a grey pixel is taken for black or white."""
    return bernoulli_logsigmoid(logits, torch.where(logits.abs() > 50, x.round(), x))


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    bernoulli_with_logits,
    bernoulli_module,
    bernoulli_logsigmoid,
    bernoulli_distribution,
    bernoulli_logaddexp,
    bernoulli_clamped_max,
    bernoulli_loop,
    bernoulli_double,
    bernoulli_two_classes,
]

WRONG = {
    bernoulli_loss: "The size is right and the sign is not",
    bernoulli_without_sigmoid: "`F.binary_cross_entropy` expects probabilities",
    bernoulli_two_sigmoids: "The sigmoid is applied twice",
    bernoulli_mean_of_everything: "mean over pixels and examples, one number",
    bernoulli_mean_loss: "mean loss over pixels and examples",
    bernoulli_sum_of_everything: "You summed over everything",
    bernoulli_loss_of_everything: "the loss of the whole batch",
    bernoulli_mean_over_batch: "then you took the mean over the batch",
    bernoulli_mean_over_pixels: "mean over the pixels where the sum is wanted",
    bernoulli_not_summed: "log p of every pixel, with the shape of x",
    bernoulli_loss_not_summed: "the loss of every pixel",
    bernoulli_sum_over_batch: "You summed over the batch",
    bernoulli_column: "stand in a column",
    bernoulli_last_axis: "one row of pixels",
    bernoulli_axis_one: "axis 1 is the channel",
    bernoulli_image_axes: "axes that only images have",
    bernoulli_only_ink: "Only the pixels with x = 1",
    bernoulli_only_paper: "Only the pixels with x = 0",
    bernoulli_one_less_log_p: "1 - log p, and it is log(1 - p)",
    bernoulli_difference: "The part for x = 0 is subtracted",
    bernoulli_exchanged: "Ink and paper are exchanged",
    bernoulli_without_x: "x does not appear",
    bernoulli_arguments_exchanged: "x was taken for the logits",
    bernoulli_likelihood: "the likelihood itself",
    bernoulli_squared_error: "This is a squared error",
    bernoulli_half_squared_error: "half a squared error",
    bernoulli_softmax: "used a softmax",
    bernoulli_bits: "in bits",
    bernoulli_distribution_refuses_grey: "refuses grey pixels",
    bernoulli_binarised: "black and white of the grey",
    bernoulli_one_less_logit: "`F.logsigmoid(1 - logits)`",
    bernoulli_logits_for_log_p: "the logits as they are, as if",
    bernoulli_no_softplus: "x · logit alone",
    bernoulli_is_it_one: "whether x is 1",
    bernoulli_log_of_product: "the product over 784",
    bernoulli_logits_clamped: "You clamp the logits to ±30",
    bernoulli_unstable: "the logarithm of 0 makes nan",
    bernoulli_overflow: "becomes inf",
    bernoulli_cut_off: "cut off at -100",
    bernoulli_distribution_of_probs: "`Bernoulli(probs=...)`",
    bernoulli_eps: "small number that you add inside the logarithm",
    bernoulli_detached: "nothing could be trained",
    bernoulli_in_place: "changed its argument `logits` in place",
    bernoulli_clamped: "Carry the first pixel through by hand",
    bernoulli_black_and_white_far_out: "the two do not agree",
}
