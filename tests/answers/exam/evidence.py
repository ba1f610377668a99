"""Answers to task 2 of the exam; the wrong ones with what is right in them, step by step."""

import math

import torch
from scipy.stats import multivariate_normal
from torch.distributions import LowRankMultivariateNormal, MultivariateNormal

from course_utils.ppca import ProbabilisticPCA

# --- right ----------------------------------------------------------------------------------------


def covariance_of(weight, sigma):
    return weight @ weight.T + sigma**2 * torch.eye(len(weight))


def by_cholesky(x, weight, mean, sigma):
    factor = torch.linalg.cholesky(covariance_of(weight, sigma))
    white = torch.linalg.solve_triangular(factor, (x - mean).T, upper=False)
    log_determinant, distance = 2 * factor.diagonal().log().sum(), white.square().sum(0)
    constant = x.shape[1] * math.log(2 * math.pi)
    return log_determinant, distance, -(constant + log_determinant + distance) / 2


def by_distributions(x, weight, mean, sigma):
    p = LowRankMultivariateNormal(mean, weight, torch.full_like(mean, sigma**2))
    log_p = p.log_prob(x)
    log_determinant = torch.logdet(p.covariance_matrix)
    return log_determinant, -2 * log_p - log_determinant - len(mean) * math.log(2 * math.pi), log_p


def by_the_course_and_scipy(x, weight, mean, sigma):
    model = ProbabilisticPCA(weight, mean, torch.tensor(sigma**2))
    determinant = covariance_of(weight, sigma).slogdet().logabsdet
    cov = covariance_of(weight.double(), sigma).numpy()
    at_zero = multivariate_normal(mean.numpy(), cov).logpdf(mean.numpy())
    log_p = model.log_prob(x)
    return determinant, 2 * (at_zero - log_p), log_p


def one_by_one(x, weight, mean, sigma):
    """A picture at a time, in lists."""
    cov = covariance_of(weight, sigma)
    rows = [float((row - mean) @ torch.linalg.solve(cov, row - mean)) for row in x]
    determinant = float(torch.det(cov).log())
    constant = len(mean) * math.log(2 * math.pi)
    log_p = [-0.5 * (constant + determinant + distance) for distance in rows]
    return determinant, torch.tensor(rows), torch.tensor(log_p)


def strings(answer):
    """The same answer to task b2, whose model is that of a2 with other columns and no mean."""

    def chord_evidence(x, tones, loudness, hiss):
        return answer(x, tones * loudness, torch.zeros(x.shape[1]), hiss)

    chord_evidence.__name__ = f"strings_{answer.__name__}"
    return chord_evidence


def strings_by_hand(x, tones, loudness, hiss):
    cov = tones @ torch.diag(loudness**2) @ tones.T + hiss**2 * torch.eye(len(tones))
    p = MultivariateNormal(torch.zeros(len(tones)), cov)
    return torch.logdet(cov), torch.einsum("bi,ij,bj->b", x, cov.inverse(), x), p.log_prob(x)


# --- wrong ----------------------------------------------------------------------------------------


def without_noise(x, weight, mean, sigma):
    return by_cholesky(x, weight, mean, 1e-3)


def noise_of_the_code_alone(x, weight, mean, sigma):
    """log|M| of the small matrix in place of log|C|."""
    small = weight.T @ weight + sigma**2 * torch.eye(weight.shape[1])
    determinant, distance, log_p = by_cholesky(x, weight, mean, sigma)
    return torch.logdet(small), distance, log_p + (determinant - torch.logdet(small)) / 2


def mean_forgotten(x, weight, mean, sigma):
    return by_cholesky(x, weight, torch.zeros_like(mean), sigma)


def distance_from_the_plane(x, weight, mean, sigma):
    """What the code cannot explain, as if it cost nothing to be far out in the code."""
    away = x - mean
    rest = away - away @ weight @ torch.linalg.pinv(weight)
    determinant, distance, log_p = by_cholesky(x, weight, mean, sigma)
    plane = (rest**2).sum(1) / sigma**2
    return determinant, plane, log_p + (distance - plane) / 2


def a_number_for_all(x, weight, mean, sigma):
    determinant, distance, log_p = by_cholesky(x, weight, mean, sigma)
    return determinant, distance.mean(), log_p.mean()


def a_cost(x, weight, mean, sigma):
    determinant, distance, log_p = by_cholesky(x, weight, mean, sigma)
    return determinant, distance, -log_p


def loudness_forgotten(x, tones, loudness, hiss):
    return strings(by_cholesky)(x, tones, torch.ones_like(loudness), hiss)


def loudness_of_the_string(x, tones, loudness, hiss):
    """The loudness stands outside of the square."""
    cov = tones @ torch.diag(loudness) @ tones.T + hiss**2 * torch.eye(len(tones))
    determinant, distance = torch.logdet(cov), (x @ cov.inverse() * x).sum(1)
    return determinant, distance, -(len(tones) * math.log(2 * math.pi) + determinant + distance) / 2


RIGHT = {
    "a2": [by_cholesky, by_distributions, by_the_course_and_scipy, one_by_one],
    "b2": [strings(by_cholesky), strings(by_the_course_and_scipy), strings_by_hand],
}
WRONG = {
    "a2": {
        without_noise: (False, False, False),
        noise_of_the_code_alone: (False, True, False),
        mean_forgotten: (True, False, False),
        distance_from_the_plane: (True, False, False),
        a_number_for_all: (True, False, False),
        a_cost: (True, True, False),
    },
    "b2": {
        loudness_forgotten: (False, False, False),
        loudness_of_the_string: (False, False, False),
        strings(noise_of_the_code_alone): (False, True, False),
        strings(distance_from_the_plane): (True, False, False),
        strings(a_cost): (True, True, False),
    },
}
