"""Answers to task 1 of the exam; the wrong ones with what is right in them, step by step."""

import math

import numpy as np
import torch
from torch.distributions import MultivariateNormal, kl_divergence

# --- right ----------------------------------------------------------------------------------------


def by_distributions(mean_q, cov_q, mean_p, cov_p):
    q, p = MultivariateNormal(mean_q, cov_q), MultivariateNormal(mean_p, cov_p)
    return -q.entropy(), -q.entropy() - kl_divergence(q, p), kl_divergence(q, p)


def by_the_formula_of_the_books(mean_q, cov_q, mean_p, cov_p):
    """With columns, so that every number is a table of one row and one column."""
    d, away = len(mean_q), (mean_p - mean_q)[:, None]
    kl = 0.5 * (
        torch.linalg.solve(cov_p, cov_q).trace()
        + away.T @ torch.linalg.solve(cov_p, away)
        - d
        + torch.log(torch.det(cov_p) / torch.det(cov_q))
    )
    own = -d / 2 * (1 + math.log(2 * math.pi)) - 0.5 * torch.log(torch.det(cov_q))
    return own, own - kl, kl


def by_numpy(mean_q, cov_q, mean_p, cov_p):
    mean_q, cov_q, mean_p, cov_p = (t.double().numpy() for t in (mean_q, cov_q, mean_p, cov_p))
    away, inverse = mean_q - mean_p, np.linalg.inv(cov_p)

    def constant(cov):
        return np.log(np.linalg.eigvalsh(2 * np.pi * cov)).sum()

    own = -(constant(cov_q) + len(away)) / 2
    other = -(constant(cov_p) + np.sum(inverse * cov_q) + away @ inverse @ away) / 2
    return own, other, float(own - other)


def forecast_by_distributions(mean_true, precision_true, mean_said, precision_said):
    true = MultivariateNormal(mean_true, precision_matrix=precision_true)
    said = MultivariateNormal(mean_said, precision_matrix=precision_said)
    loss = kl_divergence(true, said)
    return true.entropy() + loss, true.entropy(), loss


def forecast_without_inverting_what_was_said(mean_true, precision_true, mean_said, precision_said):
    d, away = len(mean_true), mean_true - mean_said
    ratio = precision_said @ torch.inverse(precision_true)
    loss = (ratio.trace() - torch.logdet(ratio) - d + away @ precision_said @ away) / 2
    best = (d * math.log(2 * math.pi * math.e) - torch.logdet(precision_true)) / 2
    return loss + best, best, loss


def forecast_as_two_gaussians(mean_true, precision_true, mean_said, precision_said):
    covariances = [torch.inverse(p) for p in (precision_true, precision_said)]
    own, other, kl = by_numpy(mean_true, covariances[0], mean_said, covariances[1])
    return -other, -own, kl


# --- wrong ----------------------------------------------------------------------------------------


def one_forgotten(mean_q, cov_q, mean_p, cov_p):
    own, other, kl = by_distributions(mean_q, cov_q, mean_p, cov_p)
    return own + len(mean_q) / 2, other, kl + len(mean_q) / 2


def entropies_in_place_of_averages(mean_q, cov_q, mean_p, cov_p):
    own, other, kl = by_distributions(mean_q, cov_q, mean_p, cov_p)
    return -own, -other, kl


def trace_of_the_ratio_upside_down(mean_q, cov_q, mean_p, cov_p):
    own, _, kl = by_distributions(mean_q, cov_q, mean_p, cov_p)
    kl = kl + 0.5 * torch.trace(cov_q @ torch.inverse(cov_p) - cov_p @ torch.inverse(cov_q))
    return own, own - kl, kl


def only_the_kl(mean_q, cov_q, mean_p, cov_p):
    return None, None, by_distributions(mean_q, cov_q, mean_p, cov_p)[2]


def gains_for_costs(mean_true, precision_true, mean_said, precision_said):
    answer = forecast_by_distributions(mean_true, precision_true, mean_said, precision_said)
    return -answer[0], -answer[1], answer[2]


def precisions_as_covariances(mean_true, precision_true, mean_said, precision_said):
    own, other, kl = by_distributions(mean_true, precision_true, mean_said, precision_said)
    return -other, -own, kl


def determinants_not_turned(mean_true, precision_true, mean_said, precision_said):
    answer = forecast_by_distributions(mean_true, precision_true, mean_said, precision_said)
    said, true = torch.logdet(precision_said), torch.logdet(precision_true)
    return answer[0] + said, answer[1] + true, answer[2] + said - true


def at_best_the_forecast_is_certain(mean_true, precision_true, mean_said, precision_said):
    answer = forecast_by_distributions(mean_true, precision_true, mean_said, precision_said)
    return answer[0], torch.zeros(()), answer[0]


RIGHT = {
    "a1": [by_distributions, by_the_formula_of_the_books, by_numpy],
    "b1": [
        forecast_by_distributions,
        forecast_without_inverting_what_was_said,
        forecast_as_two_gaussians,
    ],
}
WRONG = {
    "a1": {
        one_forgotten: (False, True, False),
        entropies_in_place_of_averages: (False, False, True),
        trace_of_the_ratio_upside_down: (True, False, False),
        only_the_kl: (False, False, True),
    },
    "b1": {
        gains_for_costs: (False, False, True),
        precisions_as_covariances: (False, False, False),
        determinants_not_turned: (False, False, False),
        at_best_the_forecast_is_certain: (True, False, False),
    },
}
