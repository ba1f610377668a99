"""Answers to `true_beta_twin`, lesson 10, as learners write them."""


def by_table(pixels, latent, error, kl, beta):
    nats = {"bce_sum": 1, "bce_mean": 1 / pixels, "mse_sum": 2, "mse_mean": 2 / pixels}
    return nats[error] * beta * {"sum": 1, "mean": latent}[kl]


def step_by_step(pixels, latent, error, kl, beta):
    weight = beta
    if "mean" in error:
        weight = weight / pixels
    if "mse" in error:
        weight = weight * 2
    if kl == "mean":
        weight = weight * latent
    return weight


def by_the_way_back(pixels, latent, error, kl, beta):
    def beta_of(weight):
        paid = weight if kl == "sum" else weight / latent
        distortion = 1 if error.startswith("bce") else 2
        return paid / (distortion / pixels if error.endswith("_mean") else distortion)

    return beta / beta_of(1.0)


def as_cross_entropy(pixels, latent, error, kl, beta):
    return by_table(pixels, latent, error.replace("mse", "bce"), kl, beta)


def halved(pixels, latent, error, kl, beta):
    return by_table(pixels, latent, error, kl, beta) / (4 if "mse" in error else 1)


def error_as_sum(pixels, latent, error, kl, beta):
    return by_table(1, latent, error, kl, beta)


def times_pixels(pixels, latent, error, kl, beta):
    return by_table(1 / pixels, latent, error, kl, beta)


def kl_as_sum(pixels, latent, error, kl, beta):
    return by_table(pixels, latent, error, "sum", beta)


def over_latent(pixels, latent, error, kl, beta):
    return by_table(pixels, 1 / latent, error, kl, beta)


def the_way_there(pixels, latent, error, kl, beta):
    return beta / by_table(pixels, latent, error, kl, 1)


def unchanged(pixels, latent, error, kl, beta):
    return beta


def over_beta(pixels, latent, error, kl, beta):
    return by_table(pixels, latent, error, kl, 1 / beta)


RIGHT = [by_table, step_by_step, by_the_way_back]
WRONG = {
    as_cross_entropy: "twice the nats of a Gaussian",
    halved: "½ where 2 belongs",
    error_as_sum: "averaged over the pixels is treated as a sum",
    times_pixels: "multiply by the number of pixels",
    kl_as_sum: "averaged over the code is treated as a sum",
    over_latent: "divide by the numbers of the code",
    the_way_there: "the way back",
    unchanged: "hand beta back",
    over_beta: "divide by beta",
}
