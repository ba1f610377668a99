"""Reference solutions of lesson 15: twelve specimens, repaired."""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.losses import bernoulli_nll, gaussian_kl, squared_error
from course_utils.metrics import factor_entropy, mutual_information, pca
from course_utils.models import VAE, reparameterize


def repaired_test_error(
    train: Float[Tensor, "n features"], test: Float[Tensor, "m features"], k: int
) -> float:
    """The squared error that PCA with k directions leaves on new pictures, on average per picture.

    The mean and the directions come from train. The error is that on the pictures of test, summed
    over pixels; they are taken a hundred at a time, and the last batch may be smaller.
    """
    principal = pca(train)
    total = 0.0
    for batch in test.split(100):
        total += squared_error(principal.reconstruct(batch, k), batch).sum().item()
    return total / len(test)


def repaired_denoising(
    model: Callable[[Tensor], Tensor],
    x: Float[Tensor, "batch *features"],
    corrupt: Callable[[Tensor], Tensor],
) -> Float[Tensor, " batch"]:
    """What a denoiser is trained to make small: the squared error of what it draws, per picture.

    corrupt spoils pictures, and model draws a picture from each spoilt one. x is clean. The error
    is summed over pixels.
    """
    x_hat = model(corrupt(x))
    return squared_error(x_hat, x)


def repaired_kl(
    mu: Float[Tensor, "batch latent"], log_sigma: Float[Tensor, "batch latent"]
) -> Float[Tensor, " batch"]:
    """KL(N(μ, diag σ²) ‖ N(0, I)) of each example: what its code costs, in nats.

    mu holds the means and log_sigma the logarithms of the standard deviations, log σ.
    """
    variance = torch.exp(2 * log_sigma)
    return 0.5 * (mu**2 + variance - 2 * log_sigma - 1).sum(dim=1)


def repaired_code(
    x: Float[Tensor, "batch features"],
    y: Int[Tensor, " batch"],
    body: nn.Module,
    mu_head: nn.Module,
    log_var_head: nn.Module,
    epsilon: Float[Tensor, "batch latent"],
) -> Float[Tensor, "batch latent"]:
    """One draw z = μ + σ ε of a conditional VAE's code, for each picture x with its label y.

    Pixels and label (a row of ten, with a one at its place) go into body together. From what comes
    out mu_head makes μ, and log_var_head makes log σ². epsilon is the noise.
    """
    label = F.one_hot(y, 10).to(x)
    h = body(torch.cat([x, label], dim=1))
    mu = mu_head(h)
    log_var = log_var_head(h)
    return mu + torch.exp(log_var / 2) * epsilon


def repaired_elbo(
    model: VAE, x: Float[Tensor, "batch *features"], generator: torch.Generator
) -> Float[Tensor, " batch"]:
    """The evidence lower bound of each example, in nats, estimated from one draw of its code.

    The noise comes from generator: torch.randn(mu.shape, generator=generator). It is for models in
    training mode and for models in evaluation mode, and leaves the mode as it is.
    """
    mu, log_var = model.encode(x)
    epsilon = torch.randn(mu.shape, generator=generator)
    z = mu + torch.exp(log_var / 2) * epsilon
    return -bernoulli_nll(model.decode(z), x) - gaussian_kl(mu, log_var)


def repaired_quantization(
    z: Float[Tensor, "*places dim"], e: Float[Tensor, "*places dim"], commitment: float
) -> Float[Tensor, "*places"]:
    """What keeps a VQ-VAE's encoder and codebook together: one number for each vector.

    ‖sg(z) - e‖² + β ‖z - sg(e)‖², with z what the encoder says, e the codebook vector nearest to
    it, and β = commitment. sg is `.detach()`: what is inside gets no gradient.
    """
    codebook = ((z.detach() - e) ** 2).sum(dim=-1)
    encoder = ((z - e.detach()) ** 2).sum(dim=-1)
    return codebook + commitment * encoder


def repaired_revival(
    x: Float[Tensor, "batch features"],
    code: Float[Tensor, "batch units"],
    dead: Float[Tensor, "batch units"],
    weight: Float[Tensor, "units features"],
    bias: Float[Tensor, " features"],
) -> Float[Tensor, " batch"]:
    """How badly the dead units draw what the living ones leave over, per example.

    The decoder of this sparse autoencoder is x̂ = code · weight + bias. What it leaves over is
    x - x̂. To give the dead units something to do, their activations, dead, are to draw just that,
    each unit with its own row of weight. Squared error, summed over features.
    """
    left_over = x - (code @ weight + bias)
    return squared_error(dead @ weight, left_over)


def repaired_contraction(
    x: Float[Tensor, "batch d"], weight: Float[Tensor, "units d"], bias: Float[Tensor, " units"]
) -> Float[Tensor, " batch"]:
    """How strongly a ReLU layer answers to small changes of x: ‖∂h/∂x‖²_F, per example.

    The layer is h = relu(weight · x + bias), and the norm is the sum over all units and all inputs
    of the squared derivatives. A gradient must reach weight.
    """
    h = torch.relu(x @ weight.T + bias)
    slope = (h > 0).to(x)
    return slope**2 @ (weight**2).sum(dim=1)


def repaired_strangeness(
    model: VAE, x: Float[Tensor, "batch *features"], draws: int, generator: torch.Generator
) -> Float[Tensor, " batch"]:
    """How strange each picture is to a VAE, in nats: -E_q[log p(x|z)], estimated from draws codes.

    The mean of -log p(x|z) over as many independent draws of z from q(z|x), whose noise comes from
    generator. The more draws, the less it scatters: by 1/√draws.
    """
    mu, log_var = model.encode(x)
    total = torch.zeros(len(x))
    for _ in range(draws):
        z = reparameterize(mu, log_var, generator)
        total = total + bernoulli_nll(model.decode(z), x)
    return total / draws


def repaired_ndcg(ranked: Sequence[int], wanted: Sequence[int], k: int) -> float:
    """How good the first k of a ranking are for a user, from 0 to 1 for the best possible ranking.

    ranked holds items, best first, and wanted those that the user really took, at least one. A hit
    at rank r = 1, 2, ... gains 1 / log2(r + 1); the sum is divided by that of a ranking in which
    wanted items fill the first places, k of them, or all of them if they are fewer.
    """
    hits = [float(item in wanted) for item in ranked[:k]]
    best = [1.0] * min(k, len(wanted))
    gain, ideal = (
        sum(hit / math.log2(rank + 1) for rank, hit in enumerate(row, start=1))
        for row in (hits, best)
    )
    return gain / ideal


def repaired_information_gap(
    codes: Float[Tensor, "n latent"], factors: Int[Tensor, "n factors"]
) -> float:
    """The mutual information gap of codes: does one number alone know each factor?

    For each factor, what the best number of the code tells about it less what the second best
    tells, as a share of the factor's entropy; the mean over factors. Row i of codes and row i of
    factors belong to the same example.
    """
    rows = codes.T
    known = torch.cat([mutual_information(row[:, None], factors) for row in rows])
    best, second = known.topk(2, dim=0).values
    return ((best - second) / factor_entropy(factors)).mean().item()


def repaired_verdict(sample: Callable[[Tensor, Tensor, torch.Generator], Tensor]) -> bool:
    """A test of a sampler: True if what it draws has mean μ and deviation σ, else False.

    sample(mu, log_var, generator) should draw from N(μ, σ²). mu and log_var, which is log σ², have
    the shape (batch, latent), and so has what is drawn. The verdict must be right for every pair of
    means and variances that a VAE may need, small ones and large ones. More than these two moments
    it need not look at.
    """
    generator = torch.Generator().manual_seed(0)
    mu, log_var = torch.randn(2, 10_000, 2, generator=generator)
    noise = (sample(mu, log_var, generator) - mu) / torch.exp(log_var / 2)
    return bool(abs(noise.mean()) < 0.05 and abs(noise.std() - 1) < 0.05)
