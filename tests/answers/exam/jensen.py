"""Answers to task 4 of the exam; the wrong ones with what is right in them, step by step."""

import torch
from torch.distributions import Categorical, kl_divergence

# --- right ----------------------------------------------------------------------------------------


def by_kl(joint, guess):
    """How far it is below is KL(q ‖ p(z|x))."""
    posterior = Categorical(joint)
    return joint.sum(1).log(), posterior.probs, kl_divergence(Categorical(guess), posterior)


def by_the_bound(joint, guess):
    evidence = joint.sum(dim=1, keepdim=True)
    bound = (guess * torch.log(joint / guess)).sum(dim=1, keepdim=True)
    return evidence.log(), joint / evidence, evidence.log() - bound


def row_by_row(joint, guess):
    evidence, posterior, gap = [], [], []
    for row, q in zip(joint.tolist(), guess.tolist(), strict=True):
        whole = sum(row)
        weights = [p / share for p, share in zip(row, q, strict=True)]
        evidence.append(whole)
        posterior.append([p / whole for p in row])
        mean = sum(
            share * torch.tensor(w).log().item() for share, w in zip(q, weights, strict=True)
        )
        gap.append(torch.tensor(whole).log().item() - mean)
    return torch.tensor(evidence).log(), torch.tensor(posterior), torch.tensor(gap)


def patients_by_kl(log_prior, log_likelihood, log_guess):
    joint = Categorical(logits=log_likelihood + log_prior)
    gap = kl_divergence(Categorical(logits=log_guess), joint)
    return (log_likelihood + log_prior).logsumexp(1), joint.probs, gap


def patients_as_lamps(log_prior, log_likelihood, log_guess):
    return by_the_bound((log_likelihood + log_prior).exp(), log_guess.exp())


def patients_in_numpy(log_prior, log_likelihood, log_guess):
    import numpy as np

    log_joint, log_q = (log_likelihood + log_prior).numpy(), log_guess.numpy()
    evidence = np.log(np.exp(log_joint).sum(1))
    bound = np.sum(np.exp(log_q) * (log_joint - log_q), axis=1)
    return evidence, np.exp(log_joint - evidence[:, None]), evidence - bound


# --- wrong ----------------------------------------------------------------------------------------


def wrong_way_round(joint, guess):
    evidence, posterior, _ = by_kl(joint, guess)
    return evidence, posterior, kl_divergence(Categorical(posterior), Categorical(guess))


def entropy_forgotten(joint, guess):
    evidence, posterior, _ = by_kl(joint, guess)
    return evidence, posterior, evidence - (guess * joint.log()).sum(1)


def the_likeliest_state(joint, guess):
    evidence, posterior, gap = by_kl(joint, guess)
    return evidence, torch.eye(joint.shape[1])[posterior.argmax(1)], gap


def exact_where_all_are_equal(joint, guess):
    evidence, _, gap = by_kl(joint, guess)
    return evidence, torch.full_like(joint, 1 / joint.shape[1]), gap


def the_bound_itself(joint, guess):
    evidence, posterior, gap = by_kl(joint, guess)
    return evidence, posterior, evidence - gap


def mean_logarithm(joint, guess):
    evidence, posterior, gap = by_kl(joint, guess)
    return evidence - gap, posterior, torch.zeros_like(gap)


def likelihood_alone(log_prior, log_likelihood, log_guess):
    return patients_by_kl(torch.zeros_like(log_prior), log_likelihood, log_guess)


def exact_at_the_prior(log_prior, log_likelihood, log_guess):
    evidence, _, gap = patients_by_kl(log_prior, log_likelihood, log_guess)
    return evidence, log_prior.exp().expand_as(log_likelihood), gap


def left_as_logarithms(log_prior, log_likelihood, log_guess):
    evidence, posterior, gap = patients_by_kl(log_prior, log_likelihood, log_guess)
    return evidence, posterior.log(), gap


def patients_wrong_way_round(log_prior, log_likelihood, log_guess):
    evidence, posterior, _ = patients_by_kl(log_prior, log_likelihood, log_guess)
    return evidence, posterior, kl_divergence(Categorical(posterior), Categorical(log_guess.exp()))


RIGHT = {
    "a4": [by_kl, by_the_bound, row_by_row],
    "b4": [patients_by_kl, patients_as_lamps, patients_in_numpy],
}
WRONG = {
    "a4": {
        wrong_way_round: (True, True, False),
        entropy_forgotten: (True, True, False),
        the_likeliest_state: (True, False, True),
        exact_where_all_are_equal: (True, False, True),
        the_bound_itself: (True, True, False),
        mean_logarithm: (False, True, False),
    },
    "b4": {
        likelihood_alone: (False, False, False),
        exact_at_the_prior: (True, False, True),
        left_as_logarithms: (True, False, True),
        patients_wrong_way_round: (True, True, False),
    },
}
