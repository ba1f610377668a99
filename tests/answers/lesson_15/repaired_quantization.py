"""Answers to `repaired_quantization`, lesson 15, as learners write them."""

import torch
from torch.nn import functional as F

from course_utils import vector_quantization

# --- right ----------------------------------------------------------------------------------------


def quantization_package(z, e, commitment):
    return vector_quantization(z, e, commitment)


def quantization_mse(z, e, commitment):
    codebook = F.mse_loss(e, z.detach(), reduction="none").sum(-1)
    return codebook + commitment * F.mse_loss(z, e.detach(), reduction="none").sum(-1)


def quantization_norm(z, e, commitment):
    fixed_z, fixed_e = z.clone().detach(), e.clone().detach()
    first = torch.einsum("...d,...d->...", fixed_z - e, fixed_z - e)
    second = torch.einsum("...d,...d->...", z - fixed_e, z - fixed_e)
    return first + second * commitment


# --- wrong ----------------------------------------------------------------------------------------


def _sq(a, b):
    return ((a - b) ** 2).sum(-1)


def quantization_beta_twice(z, e, commitment):
    return commitment * (_sq(z.detach(), e) + _sq(z, e.detach()))


def quantization_no_beta(z, e, commitment):
    return _sq(z.detach(), e) + _sq(z, e.detach())


def quantization_no_detach(z, e, commitment):
    return _sq(z, e) + commitment * _sq(z, e)


def quantization_codebook_twice(z, e, commitment):
    return (1 + commitment) * _sq(z.detach(), e)


def quantization_encoder_twice(z, e, commitment):
    return (1 + commitment) * _sq(z, e.detach())


def quantization_second_moves_both(z, e, commitment):
    return _sq(z.detach(), e) + commitment * _sq(z, e)


def quantization_first_moves_both(z, e, commitment):
    return _sq(z, e) + commitment * _sq(z, e.detach())


def quantization_detached(z, e, commitment):
    return (_sq(z, e) + commitment * _sq(z, e)).detach()


def quantization_mean(z, e, commitment):
    codebook = ((z.detach() - e) ** 2).mean(-1)
    return codebook + commitment * ((z - e.detach()) ** 2).mean(-1)


def quantization_one_number(z, e, commitment):
    return (_sq(z.detach(), e) + commitment * _sq(z, e.detach())).mean()


def quantization_pushes(z, e, commitment):
    return _sq(z.detach(), e) - commitment * _sq(z, e.detach())


def quantization_other_weights(z, e, commitment):
    """No known mistake: the value is right, and the codebook moves with half the weight."""
    both = _sq(z.detach(), e) / 2 + commitment * _sq(z, e.detach())
    return both + (_sq(z, e) / 2).detach()


# --- the specimen ---------------------------------------------------------------------------------


def quantization_specimen(z, e, commitment):
    return _sq(z, e.detach()) + commitment * _sq(z.detach(), e)


def quantization_terms_renamed(z, e, commitment):
    """Each term has its right name now, and β still stands before the codebook's."""
    codebook, encoder = _sq(z.detach(), e), _sq(z, e.detach())
    return commitment * codebook + encoder


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [quantization_package, quantization_mse, quantization_norm]

WRONG = {
    quantization_beta_twice: "β multiplies both terms",
    quantization_no_beta: "β has no effect",
    quantization_no_detach: "Without any `.detach()`",
    quantization_codebook_twice: "Both terms move the codebook",
    quantization_encoder_twice: "Both terms move the encoder",
    quantization_second_moves_both: "In the second term both move",
    quantization_first_moves_both: "In the first term both move",
    quantization_detached: "Everything is detached",
    quantization_mean: "The mean over the numbers of a vector",
    quantization_one_number: "The mean over all vectors",
    quantization_pushes: "pushed away",
    quantization_other_weights: "not who moves",
}

UNREPAIRED = [quantization_specimen, quantization_terms_renamed]
