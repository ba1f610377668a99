"""Every loss of the course, in course order: tensors in, one number per example out.

The reduction is always the same: **sum over features, one number per example**. The mean over
the batch is taken once, by `course_utils.training.fit`, and nowhere else. A loss knows no model.
"""

import math
from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def squared_error(
    x_hat: Float[Tensor, "batch *features"], x: Float[Tensor, "batch *features"]
) -> Float[Tensor, " batch"]:
    """Squared error of a reconstruction, summed over features: Σ_i (x̂_i - x_i)².

    Args:
        x_hat: the reconstruction.
        x: the target, of the same shape.

    Returns:
        One number per example, at least 0, lower is better. For images, squared pixels per image.

    Raises:
        ValueError: if the shapes differ (broadcasting would hide the mistake).

    >>> squared_error(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 0.0]]))
    tensor([5.])
    """
    _require_same_shape(x_hat=x_hat, x=x)
    return _sum_features((x_hat - x) ** 2)


def bernoulli_nll(
    logits: Float[Tensor, "batch *features"], x: Float[Tensor, "batch *features"]
) -> Float[Tensor, " batch"]:
    """Binary cross-entropy: -Σ_i [x_i log p_i + (1 - x_i) log(1 - p_i)] with p = sigmoid(logits).

    Written as Σ_i [softplus(logit_i) - x_i · logit_i], which is the same number and never takes
    the logarithm of zero. For x in {0, 1} it is the negative log-probability of independent
    Bernoulli pixels. For grey x in between it is still smallest at p = x, but no longer 0 there:
    what remains is the entropy of the pixels, which no model can remove.

    Args:
        logits: the decoder's output before the sigmoid, any real number.
        x: the target, in [0, 1], of the same shape.

    Returns:
        One number per example, at least 0, in nats, lower is better.

    Raises:
        ValueError: if the shapes differ.

    >>> bernoulli_nll(torch.zeros(1, 3), torch.tensor([[0.0, 1.0, 1.0]])) / math.log(2)
    tensor([3.])
    """
    _require_same_shape(logits=logits, x=x)
    return _sum_features(F.softplus(logits) - x * logits)


def gaussian_nll(
    mean: Float[Tensor, "batch *features"],
    x: Float[Tensor, "batch *features"],
    sigma: float | Float[Tensor, ""] = 1.0,
) -> Float[Tensor, " batch"]:
    """Negative log-density of N(mean, σ² I) at x: Σ_i [(x_i - mean_i)² / 2σ² + log σ + ½ log 2π].

    With σ = 1 this is half the squared error plus a constant, so the two have the same optimum.
    As a function of σ it is smallest where σ² is the mean squared error per feature.

    Args:
        mean: the mean of the Gaussian, the decoder's reconstruction.
        x: the target, of the same shape.
        sigma: the standard deviation, one positive number for every feature.

    Returns:
        One number per example, in nats, lower is better; a density, so it may be negative.

    Raises:
        ValueError: if the shapes differ or sigma is not positive.

    >>> gaussian_nll(torch.zeros(1, 2), torch.zeros(1, 2)) / math.log(2 * math.pi)
    tensor([1.])
    """
    _require_same_shape(mean=mean, x=x)
    sigma = torch.as_tensor(sigma, dtype=x.dtype, device=x.device)
    if not sigma > 0:
        raise ValueError(f"sigma is {sigma.item():g}; expected a positive standard deviation")
    per_feature = 0.5 * ((x - mean) / sigma) ** 2 + sigma.log() + 0.5 * math.log(2 * math.pi)
    return _sum_features(per_feature)


def l1(code: Float[Tensor, "batch *units"]) -> Float[Tensor, " batch"]:
    """Sum of the absolute values of a code: Σ_j |z_j|. It pulls small entries to exactly 0.

    Returns:
        One number per example, at least 0, in units of the code, lower is sparser.

    >>> l1(torch.tensor([[1.0, -2.0, 0.0]]))
    tensor([3.])
    """
    return _sum_features(code.abs())


def kl_sparsity(
    activations: Float[Tensor, "batch units"], target: float = 0.05
) -> Float[Tensor, ""]:
    """How far the units' mean activations are from the target: Σ_j KL(Bern(ρ) ‖ Bern(ρ̂_j)).

    ρ̂_j is the mean activation of unit j over the batch and ρ the target, so that

        Σ_j [ρ log(ρ / ρ̂_j) + (1 - ρ) log((1 - ρ) / (1 - ρ̂_j))].

    A property of the batch and not of an example: a unit may be fully on for a few examples if it
    is off for the others. Ng, "Sparse autoencoder", lecture notes of CS294A, 2011, section 3.

    Args:
        activations: what the units do, in [0, 1], such as the outputs of a sigmoid.
        target: the mean activation wanted of each unit, between 0 and 1.

    Returns:
        One number for the whole batch, in nats, at least 0 and 0 only if every ρ̂_j = ρ. Means of
        exactly 0 or 1 are moved inside by one part in a million: finite, but without a gradient.

    Raises:
        ValueError: if target is not between 0 and 1.

    >>> kl_sparsity(torch.tensor([[0.1, 0.5], [0.3, 0.5]]), target=0.2)
    tensor(0.1927)
    """
    if not 0 < target < 1:
        raise ValueError(f"target is {target:g}; expected a mean activation between 0 and 1")
    mean = activations.mean(0).clamp(1e-6, 1 - 1e-6)
    on = target * (math.log(target) - mean.log())
    off = (1 - target) * (math.log1p(-target) - (1 - mean).log())
    return (on + off).sum()


def top_k(code: Float[Tensor, "batch units"], k: int) -> Float[Tensor, "batch units"]:
    """Each row with its k entries of largest magnitude, and 0 in place of the others.

    The gradient flows through the kept entries and through nothing else. Of equal magnitudes just
    enough are kept that there are k. Makhzani & Frey, "k-Sparse Autoencoders", 2014.

    Raises:
        ValueError: if k is not from 1 to the number of units.

    >>> top_k(torch.tensor([[0.5, -3.0, 0.0, 2.0]]), k=2)
    tensor([[ 0., -3.,  0.,  2.]])
    """
    if not 1 <= k <= code.shape[1]:
        raise ValueError(f"k is {k}; expected 1 to {code.shape[1]}, the number of units")
    kept = code.abs().topk(k, dim=1).indices
    return torch.zeros_like(code).scatter(1, kept, code.gather(1, kept))


def one_layer_penalty(
    hidden: Float[Tensor, "batch units"], weight: Float[Tensor, "units d"]
) -> Float[Tensor, " batch"]:
    """`jacobian_penalty` of one sigmoid layer, in closed form: Σ_i (h_i (1 - h_i))² ‖W_i‖².

    For h = sigmoid(W x + b) and for nothing else: neither a ReLU nor a second layer. Rifai et al.,
    "Contractive Auto-Encoders", 2011, equation 6.

    Args:
        hidden: what the layer returned, after the sigmoid.
        weight: W, one row for each unit.

    Returns:
        One number per example, at least 0, lower is flatter.

    >>> one_layer_penalty(torch.tensor([[0.5, 0.9]]), torch.tensor([[2.0, 0.0], [0.0, 10.0]]))
    tensor([1.0600])
    """
    slopes = hidden * (1 - hidden)
    return (slopes**2 * (weight**2).sum(1)).sum(1)


def jacobian_penalty(
    encode: Callable[[Tensor], Tensor],
    x: Float[Tensor, "batch *features"],
    method: Literal["exact", "hutchinson"] = "exact",
    generator: torch.Generator | None = None,
) -> Float[Tensor, " batch"]:
    """How strongly a code answers to small changes of x: ‖J‖²_F = Σ_ij (∂z_i / ∂x_j)².

    "exact" takes one backward pass for each number of the code, "hutchinson" a single one: with
    random signs v, E‖Jᵀv‖² = ‖J‖²_F, so its result is right on average, with the variance
    2 (‖A‖²_F - Σ_i A_ii²) where A = JJᵀ. One can train with either.

    Rifai, Vincent, Muller, Glorot & Bengio, "Contractive Auto-Encoders", 2011, equation 3;
    Hutchinson, 1990, for the estimate.

    Args:
        encode: maps (batch, *features) to a code (batch, latent), each example by itself. (In
            training mode batch normalisation mixes examples; the result then counts how the codes
            of all examples answer to one.)
        x: where to look.
        generator: source of the signs; None for torch's global stream.

    Returns:
        One number per example, at least 0, lower is flatter.

    Raises:
        ValueError: if the method is neither of the two, or the code is not (batch, latent).
    """
    if method not in ("exact", "hutchinson"):
        raise ValueError(f"method is {method!r}; expected 'exact' or 'hutchinson'")
    training = torch.is_grad_enabled()
    with torch.enable_grad():  # validation has gradients off, but the Jacobian is made of them
        x = x if x.requires_grad else x.detach().requires_grad_()
        z = encode(x)
        if z.ndim != 2 or len(z) != len(x):
            raise ValueError(
                f"the code has shape {tuple(z.shape)} for {len(x)} examples; expected "
                "(batch, latent): flatten(1) makes a row of each code"
            )
        if method == "hutchinson":
            bits = torch.randint(2, z.shape, generator=generator, device=z.device)
            projections = [(z * (2 * bits - 1)).sum()]  # Σ_i v_i z_i of every example
        else:
            projections = z.sum(0).unbind()  # z_i of every example, for each i in turn
        # An example's code depends on its own x alone, so the gradient of a sum over the batch
        # holds, in the row of each example, the gradient of its own part.
        penalty = torch.zeros(len(x), dtype=x.dtype, device=x.device)
        for projection in projections:
            (row,) = torch.autograd.grad(projection, x, create_graph=training, retain_graph=True)
            penalty = penalty + _sum_features(row**2)
    return penalty


def gaussian_kl(
    mu: Float[Tensor, "batch latent"], log_var: Float[Tensor, "batch latent"]
) -> Float[Tensor, " batch"]:
    """KL(N(μ, diag σ²) ‖ N(0, I)): what a code costs, ½ Σ_j (μ_j² + σ_j² - log σ_j² - 1).

    Args:
        mu: the means.
        log_var: the logarithms of the variances, log σ²; not of the standard deviations.

    Returns:
        One number per example, in nats, at least 0, and 0 only at the prior itself. Kingma &
        Welling, "Auto-Encoding Variational Bayes", 2014, appendix B.

    Raises:
        ValueError: if the shapes differ.

    >>> gaussian_kl(torch.ones(1, 10), torch.zeros(1, 10))
    tensor([5.])
    """
    return _sum_features(gaussian_kl_per_dimension(mu, log_var))


def gaussian_kl_per_dimension(
    mu: Float[Tensor, "batch latent"], log_var: Float[Tensor, "batch latent"]
) -> Float[Tensor, "batch latent"]:
    """The summands of `gaussian_kl`, one for each dimension of the code, in nats."""
    _require_same_shape(mu=mu, log_var=log_var)
    # expm1 is exp - 1 without its rounding, which would make a KL next to 0 negative.
    return 0.5 * (mu**2 + log_var.expm1() - log_var)


def gaussian_log_density(
    z: Float[Tensor, "*#batch latent"],
    mu: Float[Tensor, "*#batch latent"] | float = 0.0,
    log_var: Float[Tensor, "*#batch latent"] | float = 0.0,
) -> Float[Tensor, "*batch"]:
    """log N(z; μ, diag σ²), summed over dimensions, in nats. By default that of the prior N(0, I).

    The axes before the last broadcast: with z[:, None] it is the density of each z under every q.

    >>> gaussian_log_density(torch.zeros(1, 2)) / math.log(2 * math.pi)
    tensor([-1.])
    """
    log_var = torch.as_tensor(log_var, dtype=z.dtype, device=z.device)
    per_dimension = -0.5 * ((z - mu) ** 2 / log_var.exp() + log_var + math.log(2 * math.pi))
    return per_dimension.sum(-1)


def mixture_log_density(
    z: Float[Tensor, "batch d"],
    means: Float[Tensor, "k d"],
    log_vars: Float[Tensor, "k d"],
    logits: Float[Tensor, " k"],
) -> Float[Tensor, " batch"]:
    """log Σ_k π_k N(z; μ_k, diag σ_k²) with π = softmax(logits), in nats.

    The logarithm of a sum of exponentials is taken by logsumexp: in 20 dimensions a density may be
    smaller than any float. Bishop, "Pattern Recognition and Machine Learning", 2006, section 2.3.9.

    Args:
        means, log_vars: μ_k and log σ_k² of each Gaussian.
        logits: the logarithms of the weights, up to a constant that the softmax takes away.

    >>> two = torch.tensor([[0.0], [0.0]])  # the same Gaussian twice is that Gaussian
    >>> z = torch.zeros(1, 1)
    >>> mixture_log_density(z, two, two, torch.zeros(2)) - gaussian_log_density(z)
    tensor([0.])
    """
    each = gaussian_log_density(z[:, None], means, log_vars)
    return (logits.log_softmax(0) + each).logsumexp(1)


def residual_kl(
    delta_mu: Float[Tensor, "batch d"],
    delta_log_var: Float[Tensor, "batch d"],
    log_var_prior: Float[Tensor, "batch d"],
) -> Float[Tensor, " batch"]:
    """KL(N(μ_p + Δμ, σ_p² e^{Δ log σ²}) ‖ N(μ_p, σ_p²)), summed over dimensions, in nats.

    A posterior that is told as what changes in the prior: where both changes are 0 it costs
    nothing, wherever the prior is. μ_p itself does not matter. Vahdat & Kautz, "NVAE: A Deep
    Hierarchical Variational Autoencoder", 2020, equation 2.

    Returns:
        One number per example, at least 0.

    Raises:
        ValueError: if the shapes differ.

    >>> one = torch.ones(1, 1)  # a mean moved by one standard deviation costs half a nat
    >>> residual_kl(one, 0 * one, 0 * one)
    tensor([0.5000])
    """
    _require_same_shape(delta_mu=delta_mu, log_var_prior=log_var_prior)
    return gaussian_kl(delta_mu * torch.exp(-log_var_prior / 2), delta_log_var)


def importance_weighted_bound(log_w: Float[Tensor, "k batch"]) -> Float[Tensor, " batch"]:
    """A lower bound on log p(x) from k draws: log of the mean weight, L_k = log (1/k) Σ_i w_i.

    The weights are w_i = p(x, z_i) / q(z_i|x) with z_i drawn from q(z|x). Its expectation is the
    ELBO for k = 1, never falls as k grows, and tends to log p(x). Burda, Grosse & Salakhutdinov,
    "Importance Weighted Autoencoders", 2016, equation 8.

    Args:
        log_w: the logarithms of the weights, log p(x, z_i) - log q(z_i|x), one row for each draw.

    Returns:
        One number per example, in nats, higher is better.

    >>> importance_weighted_bound(torch.tensor([[0.0], [math.log(3.0)]])).exp()
    tensor([2.])
    """
    return log_w.logsumexp(0) - math.log(len(log_w))


def vector_quantization(
    z: Float[Tensor, "*places dim"], e: Float[Tensor, "*places dim"], commitment: float = 0.25
) -> Float[Tensor, "*places"]:
    """‖sg(z) - e‖² + β ‖z - sg(e)‖² of each vector; sg holds its argument still.

    The first term draws the codebook vector e to the encoder's z, the second holds the encoder to
    what it chose: the weight β belongs to the *encoder's* term. van den Oord, Vinyals &
    Kavukcuoglu, "Neural Discrete Representation Learning", 2017, equation 3.
    """
    codebook = ((z.detach() - e) ** 2).sum(-1)
    return codebook + commitment * ((z - e.detach()) ** 2).sum(-1)


def multinomial_nll(
    logits: Float[Tensor, "batch items"], counts: Float[Tensor, "batch items"]
) -> Float[Tensor, " batch"]:
    """-Σ_i counts_i · log softmax(logits)_i: what a user's clicks cost, in nats.

    Without the multinomial coefficient, which no parameter changes. Liang et al., "Variational
    Autoencoders for Collaborative Filtering", 2018, equation 2.
    """
    _require_same_shape(logits=logits, counts=counts)
    return -(counts * logits.log_softmax(-1)).sum(-1)


def _sum_features(values: Float[Tensor, "batch *features"]) -> Float[Tensor, " batch"]:
    return values.flatten(1).sum(1) if values.ndim > 1 else values


def _require_same_shape(**tensors: Tensor) -> None:
    (name_a, a), (name_b, b) = tensors.items()
    if a.shape != b.shape:
        raise ValueError(
            f"{name_a} has shape {tuple(a.shape)} but {name_b} has shape {tuple(b.shape)}; "
            "expected the same shape (flatten(1) makes images into rows, "
            "view_as makes rows into images)"
        )
