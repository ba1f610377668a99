"""Answers to `repaired_code`, lesson 15, as learners write them."""

import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def code_reparameterized(x, y, body, mu_head, log_var_head, epsilon):
    h = body(torch.cat([x, F.one_hot(y, num_classes=10).float()], dim=1))
    return mu_head(h) + log_var_head(h).exp().sqrt() * epsilon


def code_eye(x, y, body, mu_head, log_var_head, epsilon):
    h = body(torch.hstack([x, torch.eye(10)[y]]))
    sigma = torch.exp(0.5 * log_var_head(h))
    return torch.addcmul(mu_head(h), sigma, epsilon)


def code_scatter(x, y, body, mu_head, log_var_head, epsilon):
    both = torch.cat([x, torch.zeros(len(x), 10).scatter(1, y[:, None], 1.0)], 1)
    hidden = body(both)
    means, spread = mu_head(hidden), log_var_head(hidden)
    return means + epsilon * spread.div(2).exp()


# --- wrong ----------------------------------------------------------------------------------------


def _hidden(x, y, body):
    return body(torch.cat([x, F.one_hot(y, 10).to(x)], dim=1))


def code_heads_exchanged(x, y, body, mu_head, log_var_head, epsilon):
    h = _hidden(x, y, body)
    return log_var_head(h) + torch.exp(mu_head(h) / 2) * epsilon


def code_other_head_twice(x, y, body, mu_head, log_var_head, epsilon):
    h = _hidden(x, y, body)
    return log_var_head(h) + torch.exp(log_var_head(h) / 2) * epsilon


def code_variance(x, y, body, mu_head, log_var_head, epsilon):
    h = _hidden(x, y, body)
    return mu_head(h) + torch.exp(log_var_head(h)) * epsilon


def code_no_exp(x, y, body, mu_head, log_var_head, epsilon):
    h = _hidden(x, y, body)
    return mu_head(h) + log_var_head(h) * epsilon


def code_no_noise(x, y, body, mu_head, log_var_head, epsilon):
    return mu_head(_hidden(x, y, body))


def code_unit_noise(x, y, body, mu_head, log_var_head, epsilon):
    return mu_head(_hidden(x, y, body)) + epsilon


def code_added(x, y, body, mu_head, log_var_head, epsilon):
    h = _hidden(x, y, body)
    return mu_head(h) + torch.exp(log_var_head(h) / 2) + epsilon


def code_noise_squared(x, y, body, mu_head, log_var_head, epsilon):
    h = _hidden(x, y, body)
    return mu_head(h) + torch.exp(log_var_head(h) / 2) * epsilon.square()


def code_label_first(x, y, body, mu_head, log_var_head, epsilon):
    h = body(torch.cat([F.one_hot(y, 10).to(x), x], dim=1))
    return mu_head(h) + torch.exp(log_var_head(h) / 2) * epsilon


def code_no_label(x, y, body, mu_head, log_var_head, epsilon):
    h = body(torch.cat([x, torch.zeros(len(x), 10)], dim=1))
    return mu_head(h) + torch.exp(log_var_head(h) / 2) * epsilon


def code_label_as_number(x, y, body, mu_head, log_var_head, epsilon):
    h = body(torch.cat([x, y[:, None].expand(-1, 10).float()], dim=1))
    return mu_head(h) + torch.exp(log_var_head(h) / 2) * epsilon


def code_both(x, y, body, mu_head, log_var_head, epsilon):
    h = _hidden(x, y, body)
    return mu_head(h), log_var_head(h)


def code_clamped(x, y, body, mu_head, log_var_head, epsilon):
    """No known mistake: the generic message has to do."""
    h = _hidden(x, y, body)
    return mu_head(h) + torch.exp(log_var_head(h).clamp(max=0) / 2) * epsilon


# --- the specimen ---------------------------------------------------------------------------------


def code_specimen(x, y, body, mu_head, log_var_head, epsilon):
    mu = mu_head(_hidden(x, y, body))
    return mu + (mu / 2).exp() * epsilon


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [code_reparameterized, code_eye, code_scatter]

WRONG = {
    code_heads_exchanged: "two heads have changed places",
    code_other_head_twice: "Now log_var_head has both jobs",
    code_variance: "exp(log σ²) is σ²",
    code_no_exp: "log σ² is not σ",
    code_no_noise: "The noise is gone",
    code_unit_noise: "The noise has σ = 1",
    code_added: "A plus where σ",
    code_noise_squared: "The noise is squared",
    code_label_first: "expects the pixels first",
    code_no_label: "no longer says anything",
    code_label_as_number: "Classes have no order",
    code_both: "a tuple of 2 things",
    code_clamped: "Six steps",
}

UNREPAIRED = [code_specimen]
