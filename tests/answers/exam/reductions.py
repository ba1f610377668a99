"""Answers to task 5 of the exam; the wrong ones with what is right in them, step by step."""

import math

import numpy as np
import torch

# --- right ----------------------------------------------------------------------------------------


def ada_by_hand():
    return 24, 4.899, 1 / 6


def ada_by_torch():
    beta = torch.tensor(3072.0) / 64 / 2
    return beta, beta.sqrt(), 4 / beta


def ada_by_numpy():
    """Times 3072 / 2, the loss is E / 2 + 24 KL."""
    before_kl = np.array(1 / 64) * (3 * 32**2) / 2
    return before_kl, np.sqrt(before_kl), np.float64(4) / before_kl


def ben_by_hand():
    return 2, 1.4142, 0.004


def ben_by_steps():
    beta = 0.008 / 16 / (2 / 8000)
    return beta, math.sqrt(beta), 0.008 / beta


def ben_in_a_list():
    return [torch.tensor([2.0]), np.float32(math.sqrt(2)), 0.004]


# --- wrong ----------------------------------------------------------------------------------------


def ada_without_the_half():
    return 48, math.sqrt(48), 4 / 48


def ada_as_written():
    return 1, 1, 4


def ada_variance():
    return 24, 24, 1 / 6


def ada_upside_down():
    return 1 / 24, math.sqrt(1 / 24), 96


def ada_grey():
    """Three colours forgotten."""
    return 8, math.sqrt(8), 0.5


def ada_weight_for_one():
    return 24, math.sqrt(24), 1 / 24


def ben_without_the_half():
    return 4, 2, 0.002


def ben_as_written():
    return 0.008, math.sqrt(0.008), 1


def ben_summed_code():
    return 32, math.sqrt(32), 0.00025


def ben_variance():
    return 2, 2, 0.004


RIGHT = {
    "a5": [ada_by_hand, ada_by_torch, ada_by_numpy],
    "b5": [ben_by_hand, ben_by_steps, ben_in_a_list],
}
WRONG = {
    "a5": {
        ada_without_the_half: (False, False, False),
        ada_as_written: (False, False, False),
        ada_variance: (True, False, True),
        ada_upside_down: (False, False, False),
        ada_grey: (False, False, False),
        ada_weight_for_one: (True, True, False),
    },
    "b5": {
        ben_without_the_half: (False, False, False),
        ben_as_written: (False, False, False),
        ben_summed_code: (False, False, False),
        ben_variance: (True, False, True),
    },
}
