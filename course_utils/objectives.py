"""Objectives: what a model is trained for. One network under another objective is another model.

An objective is a function `(model, *batch) -> dict of named terms`, each term `(batch,)`, one
number per example (or a scalar, for what is a property of the whole batch). The entry "loss" is
what `course_utils.training.fit` minimises; the others are there to be watched. Training and
validation call the same objective. One that changes while it trains takes a keyword `progress`,
the fraction of training done, from 0 to 1.
"""

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_utils._named import is_number, name_of, named
from course_utils.corruption import Corruption, gaussian_noise, masking_noise, salt_and_pepper
from course_utils.losses import (
    bernoulli_nll,
    gaussian_kl_per_dimension,
    jacobian_penalty,
    kl_sparsity,
    l1,
    squared_error,
    top_k,
    vector_quantization,
)
from course_utils.models import VAE, VQVAE, Autoencoder, ConditionalVAE, SymbolPrior, Velocity
from course_utils.models.base import Model
from course_utils.models.inputs import check_labels
from course_utils.models.priors import Prior, code_cost, require_normal
from course_utils.schedules import Schedule

Objective = Callable[..., dict[str, Tensor]]


def makes_objective(function: Any) -> bool:
    """True for `negative_elbo` itself, which returns an objective and is none."""
    try:
        return inspect.signature(function).return_annotation == Objective
    except (TypeError, ValueError):  # what is no function, or one of which Python knows nothing
        return False


def how_to_make(maker: Any) -> str:
    """The way out for whoever passed `negative_elbo` where what it returns was meant."""
    name, parameters = name_of(maker), inspect.signature(maker).parameters.values()
    needed = any(p.default is p.empty and p.kind != p.VAR_KEYWORD for p in parameters)
    return f"{name} makes an objective: call it, {name}({'...' if needed else ''})"


def _objective(compute: Objective) -> Objective:
    """An objective that says so when it is called as if it had yet to be made."""
    name = name_of(compute)
    written = name if compute.__qualname__ == name else f"{name}(...)"

    @functools.wraps(compute)  # `fit` sees which tensors it takes, and whether `progress`
    def objective(*model_and_batch: Any, **more: Any) -> dict[str, Tensor]:
        if len(model_and_batch) + len(more) < 2:
            raise ValueError(
                f"{written} is the objective itself, and wants a model and a batch; hand it over "
                f"without another pair of parentheses: fit(model, {written}, images.train)"
            )
        return compute(*model_and_batch, **more)

    return objective


@_objective
def reconstruction(model: Autoencoder, x: Float[Tensor, "batch *shape"]) -> dict[str, Tensor]:
    """Draw x again: the squared error between the reconstruction and x, summed over pixels."""
    return {"loss": squared_error(model.to_image(model(x).logits), x)}


@_objective
def bernoulli_reconstruction(
    model: Autoencoder, x: Float[Tensor, "batch *shape"]
) -> dict[str, Tensor]:
    """Draw x again, each pixel a probability: binary cross-entropy in nats, x in [0, 1]."""
    return {"loss": bernoulli_nll(model(x).logits, x)}


def weight_decay(objective: Objective, weight: float) -> Objective:
    """Another objective plus `weight` times the sum of all squared weights (biases left out).

    The terms are those of the given objective, and "weights": the penalty before it is weighted.

    For a linear autoencoder this is the penalty that turns the axes of the code into the principal
    directions: Kunin, Bloom, Goeva & Seed, "Loss Landscapes of Regularized Linear Autoencoders",
    2019, theorem 2.

    Raises:
        ValueError: if weight is negative, or objective is none.
    """
    if makes_objective(objective):
        raise ValueError(how_to_make(objective))
    if not callable(objective):
        raise ValueError(f"objective is {named(objective)}; expected one such as reconstruction")
    _check_price(weight=weight)

    @functools.wraps(objective)  # as above
    def decayed(model: Model, *batch: Tensor, **progress: float) -> dict[str, Tensor]:
        terms = objective(model, *batch, **progress)
        # Matrices and convolutions have two axes or more; biases have one.
        squares = sum((p**2).sum() for p in model.parameters() if p.ndim > 1)
        return {**terms, "loss": terms["loss"] + weight * squares, "weights": squares}

    return decayed


def denoising(corrupt: Corruption) -> Objective:
    """Draw the clean x from a spoiled copy of it: the target is x, not what the model was shown.

    Vincent, Larochelle, Bengio & Manzagol, "Extracting and Composing Robust Features with Denoising
    Autoencoders", 2008.

    Args:
        corrupt: a corruption, such as `course_utils.corruption.gaussian_noise(0.5)`.

    Raises:
        ValueError: if corrupt is no corruption.

    >>> from course_utils import Autoencoder, gaussian_noise
    >>> objective = denoising(gaussian_noise(0.5))
    >>> objective(Autoencoder.dense(8), torch.rand(2, 1, 28, 28))["loss"].shape
    torch.Size([2])
    """
    _check_corruption(corrupt)

    @_objective
    def denoise(model: Autoencoder, x: Float[Tensor, "batch *shape"]) -> dict[str, Tensor]:
        return {"loss": squared_error(model.to_image(model(_spoilt(x, corrupt)).logits), x)}

    return denoise


def _check_corruption(corrupt: Any) -> None:
    if any(corrupt is maker for maker in (gaussian_noise, masking_noise, salt_and_pepper)):
        name = name_of(corrupt)
        raise ValueError(f"{name} makes a corruption: call it with its strength, {name}(0.5)")
    if not callable(corrupt):
        raise ValueError(
            f"corrupt is {named(corrupt)}; expected a corruption such as gaussian_noise(0.5)"
        )


def _spoilt(x: Tensor, corrupt: Corruption) -> Tensor:
    spoilt = corrupt(x)
    if not isinstance(spoilt, Tensor):
        raise ValueError(
            f"corrupt(x) gave {named(spoilt)}; expected a spoilt copy of x, as from "
            "gaussian_noise(0.5)"
        )
    return spoilt


def sparse(
    weight: float,
    kind: Literal["l1", "kl", "top_k"] = "l1",
    *,
    target: float = 0.05,
    k: int = 25,
) -> Objective:
    """Draw x again from a code in which few units speak at a time.

    The terms are "loss" = reconstruction + weight · penalty, "reconstruction" in squared pixels,
    "penalty", and "active": the share of units that are not 0.

    Args:
        weight: what one unit of the penalty costs, in squared pixels, 0 or more.
        kind: "l1", the sum of the code's absolute values; "kl", how far each unit's mean activation
            over the batch is from `target`, best with a model built with code="sigmoid" (a linear
            code passes through a sigmoid on its way to the penalty, and a ReLU's is refused);
            "top_k", where all but the k largest entries of each code are set to 0 before decoding,
            which needs no penalty: weight=0 (any other weight multiplies the absolute values of
            what is kept). The model itself knows nothing of k: what it draws from a sparse code is
            `model.decode(top_k(model.encode(x), k))`.
        target: the mean activation wanted by "kl".
        k: how many entries "top_k" keeps.

    Raises:
        ValueError: if weight is negative, kind is none of the three, or "kl" meets a ReLU code.

    >>> from course_utils import Autoencoder
    >>> model, x = Autoencoder.dense(8, code="relu"), torch.rand(2, 1, 28, 28)
    >>> list(sparse(weight=0.1)(model, x))
    ['loss', 'reconstruction', 'penalty', 'active']
    >>> sparse(weight=0.0, kind="top_k", k=2)(model, x)["active"].max() <= 2 / 8
    tensor(True)
    """
    _check_price(weight=weight)
    if kind not in ("l1", "kl", "top_k"):
        raise ValueError(f"kind is {kind!r}; expected 'l1', 'kl' or 'top_k'")

    @_objective
    def sparsely(model: Autoencoder, x: Float[Tensor, "batch *shape"]) -> dict[str, Tensor]:
        z = model.encode(x)
        if kind == "top_k":
            z = top_k(z, k)
        error = squared_error(model.to_image(model.decode(z)), x)
        penalty = kl_sparsity(_activations(model, z), target) if kind == "kl" else l1(z)
        return {
            "loss": error + weight * penalty,
            "reconstruction": error,
            "penalty": penalty,
            "active": (z != 0).float().mean(1),
        }

    return sparsely


def contractive(weight: float, method: Literal["exact", "hutchinson"] = "exact") -> Objective:
    """Draw x again from a code that hardly answers to small changes of x.

    The terms are "loss" = reconstruction + weight · jacobian, "reconstruction" in squared pixels,
    and "jacobian": ‖∂z/∂x‖² (`course_utils.losses.jacobian_penalty`).

    Rifai, Vincent, Muller, Glorot & Bengio, "Contractive Auto-Encoders", 2011, equation 4.

    Args:
        weight: what one unit of the squared Jacobian norm costs, in squared pixels, 0 or more.
        method: "exact", or "hutchinson" for an estimate that is cheaper where codes are long.

    Raises:
        ValueError: if weight is negative.

    >>> from course_utils import Autoencoder
    >>> list(contractive(weight=0.1)(Autoencoder.dense(8), torch.rand(2, 1, 28, 28)))
    ['loss', 'reconstruction', 'jacobian']
    """
    _check_price(weight=weight)

    @_objective
    def contract(model: Autoencoder, x: Float[Tensor, "batch *shape"]) -> dict[str, Tensor]:
        error = squared_error(model.to_image(model(x).logits), x)
        jacobian = jacobian_penalty(model.encode, x, method)
        return {"loss": error + weight * jacobian, "reconstruction": error, "jacobian": jacobian}

    return contract


def negative_elbo(beta: float | Schedule = 1.0, free_bits: float = 0.0) -> Objective:
    """Minus the evidence lower bound: what it costs to draw x from a code, and to name the code.

    The terms are "loss" = reconstruction + β · KL; "reconstruction", -log p(x|z) for one draw z
    from q(z|x); and "kl", KL(q(z|x) ‖ p(z)) without free bits: all in nats per example. The KL has
    a closed form where the prior is N(0, I); under another it is log q(z|x) - log p(z) at the same
    draw, which is right on average, and the prior learns with the rest. With β = 1
    and no free bits the loss is an upper bound on -log p(x), on average over z (Kingma & Welling,
    2014, equation 7). Another β makes it another model: Higgins et al., "β-VAE", 2017, equation 4.

    Args:
        beta: the price of a nat of KL, 0 or more: a number, or a schedule.
        free_bits: nats that each dimension of the code may spend without paying. The loss then
            holds Σ_j max(free_bits, mean over the batch of KL_j), and a dimension below gets no
            gradient from it. Kingma et al., "Improved Variational Inference with Inverse
            Autoregressive Flow", 2016, equation 15. For N(0, I) only: under another prior the KL
            is no sum over dimensions.

    Raises:
        ValueError: if beta or free_bits is negative, or free bits meet another prior.

    >>> from course_utils import VAE, linear_warmup
    >>> terms = negative_elbo()(VAE.dense(8), torch.rand(2, 1, 28, 28))
    >>> torch.equal(terms["loss"], terms["reconstruction"] + terms["kl"])
    True
    >>> objective = negative_elbo(beta=linear_warmup(0.5))  # β rises during the first half
    """
    if isinstance(beta, nn.Module) or not callable(beta):
        _check_price("0 or more, or a schedule", beta=beta)
    _check_price("nats per dimension, 0 or more", free_bits=free_bits)

    @_objective
    def bound(
        model: VAE | ConditionalVAE,
        x: Float[Tensor, "batch *shape"],
        *labels: Int[Tensor, " batch"],
        progress: float = 1.0,
    ) -> dict[str, Tensor]:
        logits, mu, log_var, z = model(x, *labels)
        error = model.nll(logits, x)
        kl = code_cost(model, mu, log_var, z)
        paid = _beyond_free_bits(model, mu, log_var, free_bits) if free_bits else kl
        weight = _scheduled("beta", beta, progress) if callable(beta) else beta
        return {"loss": error + weight * paid, "reconstruction": error, "kl": kl}

    return bound


def vector_quantized(commitment: float = 0.25) -> Objective:
    """Draw x again from a grid of symbols, and keep encoder and codebook close to each other.

    The terms are "loss", the sum of the others; "reconstruction", the binary cross-entropy in nats;
    and "quantization", `vector_quantization` summed over the places of the grid.

    Args:
        commitment: β, the weight of the encoder's part of it.

    Raises:
        ValueError: if commitment is negative.

    >>> from course_utils import VQVAE
    >>> list(vector_quantized()(VQVAE.patches(16), torch.rand(2, 1, 28, 28)))
    ['loss', 'reconstruction', 'quantization']
    """
    _check_price(commitment=commitment)

    @_objective
    def objective(model: VQVAE, x: Float[Tensor, "batch *shape"]) -> dict[str, Tensor]:
        logits, z_e, _, indices = model(x)
        error = bernoulli_nll(logits, x)
        chosen = model.quantizer.codebook[indices]
        apart = vector_quantization(z_e, chosen, commitment).flatten(1).sum(1)
        return {"loss": error + apart, "reconstruction": error, "quantization": apart}

    return objective


@_objective
def symbol_likelihood(
    model: SymbolPrior, symbols: Int[Tensor, "batch height width"], *labels: Int[Tensor, " labels"]
) -> dict[str, Tensor]:
    """-log p of each grid of symbols under the prior, in nats; with labels, -log p(k|y)."""
    return {"loss": model.nll(symbols, *labels)}


@_objective
def prior_nll(model: Prior, z: Float[Tensor, "batch latent"]) -> dict[str, Tensor]:
    """-log p(z) of each code under a prior, in nats: how a prior is fitted to codes by itself.

    Where the codes are draws from q(z|x), it falls by just as much as -ELBO does.
    """
    return {"loss": -model.log_prob(z)}


def _beyond_free_bits(model: nn.Module, mu: Tensor, log_var: Tensor, free_bits: float) -> Tensor:
    """What the batch pays for its codes, where each dimension has so many nats for nothing."""
    require_normal(
        model,
        "free_bits are counted for each dimension, of which its KL is no sum",
        "leave free_bits out",
    )
    return gaussian_kl_per_dimension(mu, log_var).mean(0).clamp(min=free_bits).sum()


def flow_matching(drop_label: float = 0.1) -> Objective:
    """Point a velocity from noise to codes: the squared error to the straight way, summed over z.

    For each code z₁ a time t, uniform in [0, 1], and noise z₀ ~ N(0, I) are drawn. The model stands
    at z_t = (1 - t) z₀ + t z₁ and is to say z₁ - z₀. Many ways cross at z_t, so it can only say
    their mean, which is the velocity that leads from N(0, I) to the distribution of the codes; and
    so the loss ends well above 0, for d numbers of N(m, s²) at d s π/2. Lipman, Chen, Ben-Hamu,
    Nickel & Le, "Flow Matching for Generative Modeling", 2023, section 4.1, example II, with
    σ_min = 0; Liu, Gong & Liu, "Flow Straight and Fast", 2023, equation 1.

    Args:
        drop_label: the share of examples, from 0 to 1, whose label is withheld, so that the
            velocity learns to do without: Ho & Salimans, "Classifier-Free Diffusion Guidance",
            2022, algorithm 1. Without labels it does nothing.

    Raises:
        ValueError: if drop_label is no share; or in training, if a velocity that knows labels is
            given none, or one without labels is given some.

    >>> from course_utils import Velocity
    >>> flow_matching()(Velocity.dense(8), torch.randn(2, 8))["loss"].shape
    torch.Size([2])
    """
    if not is_number(drop_label) or not 0 <= drop_label <= 1:
        raise ValueError(f"drop_label is {named(drop_label)}; expected a share, from 0 to 1")

    @_objective
    def match(
        model: Velocity,
        codes: Float[Tensor, "batch latent"],
        y: Int[Tensor, " batch"] | None = None,
    ) -> dict[str, Tensor]:
        z1 = codes / model.scale
        z0, t = torch.randn_like(z1), torch.rand_like(z1[:, :1])
        told = () if model.num_classes is None else (_withheld(model, y, len(codes), drop_label),)
        if y is not None and not told:
            raise ValueError(
                "this velocity knows no labels: pass the codes alone, or build one that does with "
                "num_classes"
            )
        return {"loss": squared_error(model((1 - t) * z0 + t * z1, t, *told), z1 - z0)}

    return match


def _withheld(model: Velocity, y: Tensor | None, n: int, share: float) -> Tensor:
    """The labels, of which about that share say "no label"."""
    if y is None:
        raise ValueError(
            f"this velocity knows {model.num_classes} labels, and codes came alone; pass a tuple "
            "(codes, labels)"
        )
    check_labels(y, n, model.num_classes, of="codes")
    return torch.where(torch.rand(n, device=y.device) < share, model.num_classes, y)


def _check_price(expected: str = "0 or more", **prices: Any) -> None:
    """Raise a ValueError unless each is a finite number, 0 or more."""
    for name, price in prices.items():
        if not is_number(price):
            raise ValueError(f"{name} is {named(price)}; expected a number: {expected}")
        if not 0 <= price < math.inf:
            raise ValueError(f"{name} is {float(price):g}; expected {expected}")


def _scheduled(name: str, schedule: Schedule, progress: float) -> float:
    """What a schedule says now."""
    price = schedule(progress)
    if not is_number(price) or not price >= 0:
        raise ValueError(
            f"{name} at progress {progress:g} is {named(price)}; expected a number, 0 or more: a "
            "schedule takes the progress, from 0 to 1, as linear_warmup(0.5) does"
        )
    return price


def _activations(model: Autoencoder, z: Tensor) -> Tensor:
    if model.code == "relu":
        # The sigmoid of what is never negative is never below one half: no target could be met.
        raise ValueError(
            'kind="kl" wants activations between 0 and 1, and the model\'s code is "relu"; '
            'build it with code="sigmoid"'
        )
    return z if model.code == "sigmoid" else torch.sigmoid(z)
