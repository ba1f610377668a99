"""Answers to `matched_samples`, lesson 02, as learners write them."""

import torch

# --- right ----------------------------------------------------------------------------------------


def by_eigenvectors(codes, count, generator):
    mean = codes.mean(0)
    values, vectors = torch.linalg.eigh(torch.cov(codes.T))
    noise = torch.randn(count, codes.shape[1], generator=generator)
    return mean + (noise * values.sqrt()) @ vectors.T


def by_hand_in_columns(codes, count, generator):
    centred = codes - codes.mean(0)
    covariance = centred.T @ centred / len(codes)
    noise = torch.randn(codes.shape[1], count, generator=generator)
    return (torch.linalg.cholesky(covariance) @ noise).T + codes.mean(0)


def by_weighing_codes(codes, count, generator):
    """A normal mixture of the centred codes has their covariance, without any root."""
    centred = codes - codes.mean(dim=0)
    weights = torch.randn(count, len(codes), generator=generator) / (len(codes) - 1) ** 0.5
    return codes.mean(dim=0) + weights @ centred


def one_after_the_other(codes, count, generator):
    root = torch.linalg.cholesky(codes.double().T.cov())
    rows = []
    noise = torch.empty(count, codes.shape[1]).normal_(generator=generator)
    for row in noise:
        rows.append(codes.mean(0) + (root @ row.double()).float())
    return torch.stack(rows)


# --- wrong ----------------------------------------------------------------------------------------


def standard_normal(codes, count, generator):
    return torch.randn(count, codes.shape[1], generator=generator)


def spread_one(codes, count, generator):
    return codes.mean(0) + torch.randn(count, codes.shape[1], generator=generator)


def around_the_origin(codes, count, generator):
    root = torch.linalg.cholesky(codes.T.cov())
    return torch.randn(count, codes.shape[1], generator=generator) @ root.T


def each_by_itself(codes, count, generator):
    noise = torch.randn(count, codes.shape[1], generator=generator)
    return codes.mean(0) + noise * codes.std(0)


def variance_for_deviation(codes, count, generator):
    noise = torch.randn(count, codes.shape[1], generator=generator)
    return codes.mean(0) + noise * codes.var(0)


def root_the_wrong_way_round(codes, count, generator):
    root = torch.linalg.cholesky(codes.T.cov())
    return codes.mean(0) + torch.randn(count, codes.shape[1], generator=generator) @ root


def covariance_itself(codes, count, generator):
    noise = torch.randn(count, codes.shape[1], generator=generator)
    return codes.mean(0) + noise @ codes.T.cov()


def along_the_axes(codes, count, generator):
    values, _ = torch.linalg.eigh(codes.T.cov())
    noise = torch.randn(count, codes.shape[1], generator=generator)
    return codes.mean(0) + noise * values.sqrt()


def the_codes_again(codes, count, generator):
    return codes[torch.randint(len(codes), (count,), generator=generator)]


def uniform_noise(codes, count, generator):
    noise = (torch.rand(count, codes.shape[1], generator=generator) - 0.5) * 12**0.5
    return codes.mean(0) + noise @ torch.linalg.cholesky(codes.T.cov()).T


def ignores_the_generator(codes, count, generator):
    noise = torch.randn(count, codes.shape[1])
    return codes.mean(0) + noise @ torch.linalg.cholesky(codes.T.cov()).T


def by_torch_distributions(codes, count, generator):
    distribution = torch.distributions.MultivariateNormal(codes.mean(0), codes.T.cov())
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return distribution.sample((count,))


def covariance_of_rows(codes, count, generator):
    root = torch.linalg.cholesky(torch.cov(codes))
    return codes.mean(0) + torch.randn(count, len(codes), generator=generator) @ root.T


def too_many(codes, count, generator):
    noise = torch.randn(len(codes), codes.shape[1], generator=generator)
    return codes.mean(0) + noise @ torch.linalg.cholesky(codes.T.cov()).T


def mirrored(codes, count, generator):
    noise = torch.randn((count + 1) // 2, codes.shape[1], generator=generator)
    noise = torch.cat([noise, -noise])[:count]
    return codes.mean(0) + noise @ torch.linalg.cholesky(codes.T.cov()).T


def without_the_mean_of_rows(codes, count, generator):
    noise = torch.randn(count, codes.shape[1], generator=generator)
    return codes.mean() + noise @ torch.linalg.cholesky(codes.T.cov()).T


def codes_with_a_little_noise(codes, count, generator):
    chosen = codes[torch.randint(len(codes), (count,), generator=generator)]
    return chosen + 0.01 * torch.randn(chosen.shape, generator=generator)


def old_cholesky(codes, count, generator):
    normal = torch.randn(count, codes.shape[1], generator=generator)
    return codes.mean(0) + normal @ codes.T.cov().cholesky().T


RIGHT = [by_eigenvectors, by_hand_in_columns, by_weighing_codes, one_after_the_other]
WRONG = {
    standard_normal: "standard normal numbers",
    spread_one: "variance 1, in every direction",
    around_the_origin: "around the origin",
    each_by_itself: "all of them are independent",
    variance_for_deviation: "multiplied by its variance",
    root_the_wrong_way_round: "wrong way round",
    covariance_itself: "covariance itself",
    along_the_axes: "lie along the axes",
    the_codes_again: "drawn again",
    uniform_noise: "is uniform",
    ignores_the_generator: "different codes the second time",
    by_torch_distributions: "a fixed seed",
    covariance_of_rows: "reads a *row* as one variable",
    too_many: "The result has shape",
    mirrored: "repeat themselves",
    without_the_mean_of_rows: "draws the first number has mean",
    codes_with_a_little_noise: "even with noise on them",
    old_cholesky: "should be replaced with",
}
