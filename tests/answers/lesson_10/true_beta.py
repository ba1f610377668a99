"""Answers to `true_beta`, lesson 10, as learners write them."""

import torch

# --- right ----------------------------------------------------------------------------------------


def beta_of_two_factors(pixels, latent, error, kl, weight):
    a = {"bce_sum": 1, "bce_mean": 1 / pixels, "mse_sum": 2, "mse_mean": 2 / pixels}[error]
    b = {"sum": weight, "mean": weight / latent}[kl]
    return b / a


def beta_step_by_step(pixels, latent, error, kl, weight):
    beta = weight
    if "mean" in error:
        beta *= pixels
    if "mse" in error:
        beta *= 0.5
    if kl == "mean":
        beta /= latent
    return beta


def beta_by_match(pixels, latent, error, kl, weight):
    match error.split("_"):
        case ["bce", how]:
            double = 1
        case ["mse", how]:
            double = 2
    n = pixels if how == "mean" else 1
    d = latent if kl == "mean" else 1
    return weight * n / (double * d)


def beta_by_gradient(pixels, latent, error, kl, weight):
    x, out = torch.zeros(2, pixels, dtype=torch.float64)
    out = (out + 0.3).requires_grad_()
    reduce = torch.mean if error.endswith("mean") else torch.sum
    if error.startswith("mse"):
        theirs, honest = reduce((out - x) ** 2), ((out - x) ** 2).sum() / 2
    else:
        theirs, honest = reduce(-torch.log(1 - out)), -torch.log(1 - out).sum()
    pushed, should = (torch.autograd.grad(part, out)[0] for part in (theirs, honest))
    paid = weight / latent if kl == "mean" else weight
    return (paid / (pushed / should).mean()).item()


# --- wrong ----------------------------------------------------------------------------------------


def _beta(pixels, latent, error, kl, weight, half=2.0):
    beta = weight / (half if error[:3] == "mse" else 1)
    return beta * (pixels if error[4:] == "mean" else 1) / (latent if kl == "mean" else 1)


def beta_without_the_half(pixels, latent, error, kl, weight):
    beta = weight * pixels if error in ("bce_mean", "mse_mean") else weight
    return beta / latent if kl == "mean" else beta


def beta_doubled(pixels, latent, error, kl, weight):
    return _beta(pixels, latent, error, kl, weight, half=0.5)


def beta_all_halved(pixels, latent, error, kl, weight):
    return _beta(pixels, latent, error, kl, weight, half=1.0) / 2


def beta_entropy_halved(pixels, latent, error, kl, weight):
    beta = _beta(pixels, latent, error, kl, weight, half=1.0)
    return beta / 2 if error.startswith("bce") else beta


def beta_without_pixels(pixels, latent, error, kl, weight):
    return _beta(1, latent, error, kl, weight)


def beta_pixels_below(pixels, latent, error, kl, weight):
    return _beta(1 / pixels, latent, error, kl, weight)


def beta_pixels_are_latent(pixels, latent, error, kl, weight):
    return _beta(latent, latent, error, kl, weight)


def beta_without_latent(pixels, latent, error, kl, weight):
    return _beta(pixels, latent, error, "sum", weight)


def beta_latent_above(pixels, latent, error, kl, weight):
    return _beta(pixels, 1 / latent, error, kl, weight)


def beta_latent_is_pixels(pixels, latent, error, kl, weight):
    return _beta(pixels, pixels, error, kl, weight)


def beta_without_weight(pixels, latent, error, kl, weight):
    return _beta(pixels, latent, error, kl, 1.0)


def beta_by_weight(pixels, latent, error, kl, weight):
    return _beta(pixels, latent, error, kl, 1 / weight)


def beta_upside_down(pixels, latent, error, kl, weight):
    return 1 / _beta(pixels, latent, error, kl, weight)


def beta_cancelled(pixels, latent, error, kl, weight):
    if error.endswith("mean") and kl == "mean":
        return weight / 2 if error == "mse_mean" else weight
    return _beta(pixels, latent, error, kl, weight)


def beta_entropy_overlooked(pixels, latent, error, kl, weight):
    n = pixels if error == "mse_mean" else 1
    return _beta(n, latent, error, kl, weight)


def beta_square_overlooked(pixels, latent, error, kl, weight):
    n = pixels if error == "bce_mean" else 1
    return _beta(n, latent, error, kl, weight)


def beta_always_mean(pixels, latent, error, kl, weight):
    beta = weight
    if error == "bce_mean" or "mse_mean":  # noqa: SIM222 - it is the mistake
        beta = beta * pixels
    if error.startswith("mse"):
        beta = beta / 2
    return beta / latent if kl == "mean" else beta


def beta_always_averaged_code(pixels, latent, error, kl, weight):
    return _beta(pixels, latent, error, "mean", weight)


def beta_other_words(pixels, latent, error, kl, weight):
    beta = weight / latent if kl == "mean" else weight
    if error == "mse":
        beta /= 2
    if error == "mean":
        beta *= pixels
    return beta


def beta_as_written(pixels, latent, error, kl, weight):
    return weight


def beta_exchanged(latent, pixels, error, kl, weight):
    return _beta(pixels, latent, error, kl, weight)


def beta_whole(pixels, latent, error, kl, weight):
    return _beta(pixels, latent, error, kl, weight) // 1


def beta_rounded(pixels, latent, error, kl, weight):
    return float(round(_beta(pixels, latent, error, kl, weight)))


def beta_tensor(pixels, latent, error, kl, weight):
    return torch.tensor(_beta(pixels, latent, error, kl, weight))


def beta_printed(pixels, latent, error, kl, weight):
    print(_beta(pixels, latent, error, kl, weight), end="")


def beta_pair(pixels, latent, error, kl, weight):
    return _beta(pixels, latent, error, "sum", weight), _beta(pixels, latent, error, kl, weight)


def beta_of_sides(pixels, latent, error, kl, weight):
    """No known mistake: the generic message has to do."""
    return _beta(pixels**0.5, latent, error, kl, weight)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    beta_of_two_factors,
    beta_step_by_step,
    beta_by_match,
    beta_by_gradient,
]

WRONG = {
    beta_without_the_half: "counts double, and you count it once",
    beta_doubled: "stands on the wrong side",
    beta_all_halved: "count cross-entropy double as well",
    beta_entropy_halved: "the other way round",
    beta_without_pixels: "The mean over pixels has no effect",
    beta_pixels_below: "The mean over pixels goes the wrong way",
    beta_pixels_are_latent: "not over the numbers of the code",
    beta_without_latent: "The mean over the code has no effect",
    beta_latent_above: "The mean over the code goes the wrong way",
    beta_latent_is_pixels: "not over the pixels",
    beta_without_weight: "The weight is missing",
    beta_by_weight: "You divide by the weight",
    beta_upside_down: "This is 1 / β",
    beta_cancelled: "let the averages cancel",
    beta_entropy_overlooked: 'overlooked in "bce_mean"',
    beta_square_overlooked: 'overlooked in "mse_mean"',
    beta_always_mean: "treat every error as a mean",
    beta_always_averaged_code: "treat every KL as a mean",
    beta_other_words: "`error` has no effect",
    beta_as_written: "the weight that is written",
    beta_exchanged: "have changed places",
    beta_whole: "drop what stands behind the point",
    beta_rounded: "You rounded",
    beta_tensor: "a tensor of shape ()",
    beta_printed: "returned `None`",
    beta_pair: "a tuple of 2 things",
    beta_of_sides: "Which a and b belong to these words",
}
