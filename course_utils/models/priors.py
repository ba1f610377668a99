"""Priors over codes: how probable is a code before any picture is seen, and what is another one?

Each is a module with `log_prob(z)` in nats and `sample(n, generator)`. A `VAE` holds one; without a
word it is N(0, I). The prior over grids of symbols is in `symbol_prior`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils._named import a, named
from course_utils._numbers import whole
from course_utils._running import evaluating, seeded, source
from course_utils.losses import gaussian_kl, gaussian_log_density, mixture_log_density
from course_utils.models.base import Model, Output, full_precision
from course_utils.models.inputs import check_tensor
from course_utils.models.recipes import recorded

PriorName = Literal["normal", "mixture", "vamp", "flow"]

COMPONENTS = 64
"""Gaussians of a mixture, and pseudo-inputs of a VampPrior, unless told otherwise."""
DARK = 3.0
"""How far below a grey of one half, before the sigmoid, pseudo-inputs begin: as digits are."""
ASTRAY = 0.1
"""How far from the noise it was drawn from a code may come back, and the flow still be inverted."""

Shift = Callable[[Tensor], Tensor]


class Prior(Model):
    """What all priors share: the width of the code, and what is asked of them.

    `prior(z)` is `prior.log_prob(z)`, which each kind defines by `_log_prob`, and its draws by
    `_draws`.

    Args:
        latent_dim: how many numbers a code has; None if unknown, and then nothing can be drawn.
    """

    def __init__(self, latent_dim: int | None) -> None:
        super().__init__(input_shape=None if latent_dim is None else (latent_dim,), output="linear")
        self.latent_dim = latent_dim

    def forward(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, " batch"]:
        """log p(z) of each code, in nats."""
        return self.log_prob(z)

    def log_prob(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, " batch"]:
        """log p(z) of each code, in nats; a density, so it may be positive.

        Raises:
            ValueError: unless z has a row for each code, as wide as the prior; or if the prior's
                own weights give no finite number (in training it is `fit` that says so).
        """
        check_tensor(z, "z")
        self.check_shape(z, "z")
        log_p = self._log_prob(z)
        if not self.training:
            self._require_finite(log_p)
        return log_p

    def sample(self, n: int, generator: torch.Generator | None = None) -> Float[Tensor, "n latent"]:
        """n codes drawn from the prior, without gradients.

        Raises:
            ValueError: if n is less than 1, the width is unknown, or the prior's own weights give
                no finite codes.
        """
        n = whole("n", n, expected="the number of codes to draw, 1 or more")
        if self.latent_dim is None:
            raise ValueError(
                "the width of the code is unknown; build with VAE(..., latent_dim=...)"
            )
        with evaluating(self):
            z = self._draws(n, source(generator))
        self._require_finite(z)
        return z

    def check_shape(self, x: Tensor, name: str = "z") -> None:
        """Raise a ValueError unless x is a batch of codes as wide as the prior."""
        width = self.latent_dim
        if x.ndim == 2 and width in (None, x.shape[1]):
            return
        wanted = "latent" if width is None else width
        ways = {1: f": {name}[None] for a single one", 2: f": build {self._of_width(x.shape[-1])}"}
        raise ValueError(
            f"{name} has shape {tuple(x.shape)}; expected (batch, {wanted}), one row for each code"
            f"{ways.get(x.ndim, '')}"
        )

    def _log_prob(self, z: Tensor) -> Tensor:
        raise NotImplementedError

    def _draws(self, n: int, generator: torch.Generator | None) -> Tensor:
        raise NotImplementedError

    def _of_width(self, width: int) -> str:
        """The call that builds a prior of this kind for other codes."""
        kind = type(self).__name__
        return f"{kind}.over({width})" if hasattr(type(self), "over") else f"a {kind} of {width}"

    def _require_finite(self, numbers: Tensor) -> None:
        if not numbers.isfinite().all():
            raise ValueError(
                f"this {type(self).__name__} gives nan or infinite numbers, as its weights are no "
                "longer finite or the codes lie far outside of all it has seen; train it again, "
                "with a smaller lr"
            )


class NormalPrior(Prior):
    """N(0, I), the prior of Kingma & Welling, 2014: it has no parameters and learns nothing."""

    @classmethod
    @recorded
    def over(cls, latent_dim: int = 20) -> "NormalPrior":
        """The normal prior over codes of so many numbers."""
        return cls(latent_dim)

    def _log_prob(self, z: Tensor) -> Tensor:
        return gaussian_log_density(z)

    def _draws(self, n: int, generator: torch.Generator | None) -> Tensor:
        return torch.randn(n, self.latent_dim, generator=generator)

    def _require_finite(self, numbers: Tensor) -> None:
        """There are no weights that could be the reason."""


class MixturePrior(Prior):
    """K Gaussians, each with a weight: p(z) = Σ_k π_k N(z; μ_k, diag σ_k²), all of it learned.

    Beside the VampPrior in Tomczak & Welling, "VAE with a VampPrior", 2018, section 5, where it is
    called MoG; here the weights are learned too.

    Attributes:
        means, log_vars: (K, latent), μ_k and log σ_k².
        logits: (K,), whose softmax is π.

    >>> MixturePrior.over(20, components=10).sample(3).shape
    torch.Size([3, 20])
    """

    def __init__(self, means: Tensor, log_vars: Tensor, logits: Tensor) -> None:
        super().__init__(means.shape[1])
        self.means = nn.Parameter(means)
        self.log_vars = nn.Parameter(log_vars)
        self.logits = nn.Parameter(logits)

    @classmethod
    @recorded
    def over(
        cls, latent_dim: int = 20, components: int = COMPONENTS, *, seed: int = 0
    ) -> "MixturePrior":
        """Gaussians of variance 1 and equal weight, whose means are drawn from N(0, I)."""
        with seeded(seed):
            means = torch.randn(components, latent_dim)
        return cls(means, torch.zeros_like(means), torch.zeros(components))

    def _log_prob(self, z: Tensor) -> Tensor:
        return mixture_log_density(z, self.means, self.log_vars, self.logits)

    def _draws(self, n: int, generator: torch.Generator | None) -> Tensor:
        return _mixed(self.means, self.log_vars, self.logits, n, generator)


class VampPrior(Prior):
    """The mean of what the encoder says of K pseudo-inputs: p(z) = (1/K) Σ_k q(z|u_k).

    The pseudo-inputs u_k are learned, and nothing else: the encoder is the VAE's own. The best
    prior for a bound is the mean of q(z|x) over all pictures, which would be K = 60,000. Tomczak &
    Welling, "VAE with a VampPrior", 2018, equation 9.

    The encoder is asked in evaluation mode, so that batch normalisation and dropout leave the prior
    one density, the same in training as afterwards. It is not registered here: its weights count
    once, and `fit(prior, prior_nll, codes)` moves the pseudo-inputs alone.

    Args:
        encoder: maps (K, *input_shape) to (K, 2 · latent): μ, then log σ².
        latent_dim: the width of the code.
        raw: (K, *input_shape), any real numbers: the pseudo-inputs before `pseudo_inputs` brings
            them to the range of pictures.
        kind: of the VAE, `output` of `course_utils.models.base.Model`.
    """

    def __init__(
        self, encoder: nn.Module, latent_dim: int, raw: Tensor, kind: Output = "sigmoid"
    ) -> None:
        super().__init__(latent_dim)
        self._encoder = (encoder,)  # in a tuple, where nn.Module does not look
        self.kind = kind
        self.raw = nn.Parameter(raw)

    @property
    def pseudo_inputs(self) -> Float[Tensor, "components *shape"]:
        """The pictures u_k: in [0, 1], or any real numbers where the VAE's output is "linear"."""
        return self.raw if self.kind == "linear" else torch.sigmoid(self.raw)

    def components(
        self,
    ) -> tuple[Float[Tensor, "components latent"], Float[Tensor, "components latent"]]:
        """(μ, log σ²) of q(z|u_k), for each pseudo-input."""
        (encoder,) = self._encoder
        with _still(encoder):
            mu, log_var = full_precision(encoder(self.pseudo_inputs)).chunk(2, dim=1)
        return mu, log_var

    def _log_prob(self, z: Tensor) -> Tensor:
        return mixture_log_density(z, *self.components(), z.new_zeros(len(self.raw)))

    def _draws(self, n: int, generator: torch.Generator | None) -> Tensor:
        return _mixed(*self.components(), torch.zeros(len(self.raw)), n, generator)


def coupling(
    z: Float[Tensor, "batch d"], mask: Float[Tensor, " d"], scale: Shift, shift: Shift
) -> tuple[Float[Tensor, "batch d"], Float[Tensor, " batch"]]:
    """One coupling layer: the numbers under the mask decide how the others are stretched and moved.

    Where the mask is 0, y = z · exp(scale(z · mask)) + shift(z · mask); elsewhere y = z. The
    Jacobian is triangular, so its log-determinant is the sum of the scales that were used. Dinh,
    Sohl-Dickstein & Bengio, "Density estimation using Real NVP", 2017, equations 7 to 9.

    Args:
        mask: ones and zeros.
        scale, shift: functions from (batch, d) to (batch, d).

    Returns:
        y, and log |det ∂y/∂z| of each example.

    >>> mask = torch.tensor([1.0, 0.0])
    >>> y, log_det = coupling(torch.ones(1, 2), mask, torch.ones_like, torch.zeros_like)
    >>> y, log_det
    (tensor([[1.0000, 2.7183]]), tensor([1.]))
    """
    kept = z * mask
    log_scale = (1 - mask) * scale(kept)
    return kept + (1 - mask) * (z * log_scale.exp() + shift(kept)), log_scale.sum(1)


class Coupling(nn.Module):
    """A coupling whose scale and shift are one small network, bounded and the identity at first.

    The scales pass through tanh: no layer stretches or shrinks a number by more than the factor e,
    so the way back is as stable as the way out.

    Args:
        mask: (latent,) of ones and zeros.
        hidden: width of both hidden layers of the network.
    """

    def __init__(self, mask: Tensor, hidden: int) -> None:
        super().__init__()
        if not ((mask == 0) | (mask == 1)).all():
            raise ValueError(
                "mask holds other numbers than 0 and 1; with them a coupling has no way back, as "
                "what decides would be moved as well"
            )
        width = len(mask)
        self.register_buffer("mask", mask)
        self.network = nn.Sequential(
            nn.Linear(width, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 2 * width),
        )
        nn.init.zeros_(self.network[-1].weight)
        nn.init.zeros_(self.network[-1].bias)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """y, and log |det ∂y/∂z|."""
        log_scale, shift = self._moves(z * self.mask)
        return coupling(z, self.mask, lambda _: log_scale, lambda _: shift)

    def inverse(self, y: Tensor) -> Tensor:
        """The z of which `forward` makes y: what the mask keeps is the same in both."""
        log_scale, shift = self._moves(y * self.mask)
        back = (y - shift) * torch.exp(-log_scale)
        return self.mask * y + (1 - self.mask) * back

    def _moves(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        log_scale, shift = full_precision(self.network(kept)).chunk(2, dim=1)
        return torch.tanh(log_scale), shift


class FlowPrior(Prior):
    """Couplings that carry a code z to noise ε ~ N(0, I): log p(z) = log N(ε) + log |det ∂ε/∂z|.

    Draws go the other way, from noise to a code, and both ways are exact, as long as the shifts are
    of a size that floats can take away again; `sample` raises a ValueError where they no longer
    are. Dinh, Sohl-Dickstein &
    Bengio, "Density estimation using Real NVP", 2017; as the prior of a VAE: Chen et al.,
    "Variational Lossy Autoencoder", 2017, section 3.2.

    >>> prior = FlowPrior.over(2)  # untrained, it is N(0, I)
    >>> z = torch.ones(1, 2)
    >>> torch.equal(prior.log_prob(z), gaussian_log_density(z))
    True
    """

    def __init__(self, couplings: list[Coupling]) -> None:
        super().__init__(len(couplings[0].mask))
        self.couplings = nn.ModuleList(couplings)

    @classmethod
    @recorded
    def over(
        cls, latent_dim: int = 20, couplings: int = 8, hidden: int = 64, *, seed: int = 0
    ) -> "FlowPrior":
        """Couplings whose masks are random halves, each followed by the other half.

        Args:
            hidden: width of both hidden layers of each coupling's network.
        """
        with seeded(seed):
            halves = [(torch.randperm(latent_dim) % 2).float() for _ in range(couplings)]
            masks = [1 - halves[k - 1] if k % 2 else halves[k] for k in range(couplings)]
            return cls([Coupling(mask, hidden) for mask in masks])

    def to_noise(
        self, z: Float[Tensor, "batch latent"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, " batch"]]:
        """ε of each code, and log |det ∂ε/∂z|."""
        log_det = torch.zeros_like(z[:, 0])
        for layer in self.couplings:
            z, more = layer(z)
            log_det = log_det + more
        return z, log_det

    def from_noise(self, epsilon: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch latent"]:
        """The code of which `to_noise` makes ε."""
        for layer in reversed(self.couplings):
            epsilon = layer.inverse(epsilon)
        return epsilon

    def _log_prob(self, z: Tensor) -> Tensor:
        epsilon, log_det = self.to_noise(z)
        return gaussian_log_density(epsilon) + log_det

    def _draws(self, n: int, generator: torch.Generator | None) -> Tensor:
        epsilon = torch.randn(n, self.latent_dim, generator=generator).to(self.couplings[0].mask)
        z = self.from_noise(epsilon)
        if ((self.to_noise(z)[0] - epsilon).abs() > ASTRAY).any():
            raise ValueError(
                "this FlowPrior cannot be inverted any more: its codes do not lead back to the "
                "noise they were drawn from, as its shifts are too large for floats; train it "
                "again, with a smaller lr"
            )
        return z


def build_prior(
    name: str,
    encoder: nn.Module,
    latent_dim: int,
    input_shape: tuple[int, ...],
    kind: Output,
    seed: int,
) -> Prior:
    """The prior of that name, untrained, as `VAE.dense` and its like build it."""
    if name == "vamp":
        with seeded(seed):
            raw = torch.randn(COMPONENTS, *input_shape) - DARK
        return VampPrior(encoder, latent_dim, raw, kind)
    if name == "normal":
        return NormalPrior.over(latent_dim)
    if name not in get_args(PriorName):
        raise ValueError(
            f"prior is {name!r}; expected 'normal', 'mixture', 'vamp', 'flow' or a module"
        )
    return {"mixture": MixturePrior, "flow": FlowPrior}[name].over(latent_dim, seed=seed)


def check_prior(prior: object, latent_dim: int | None) -> None:
    """Raise a ValueError unless it is a module that can be the prior of codes so wide."""
    if not (
        isinstance(prior, nn.Module) and hasattr(prior, "log_prob") and hasattr(prior, "sample")
    ):
        raise ValueError(
            f"prior is {named(prior)}; expected a module with log_prob(z) and sample(n, generator),"
            " such as FlowPrior.over(20)"
        )
    width = getattr(prior, "latent_dim", None)
    if None not in (width, latent_dim) and width != latent_dim:
        other = prior._of_width(latent_dim) if isinstance(prior, Prior) else "one that wide"
        raise ValueError(
            f"the prior is over codes of {width} numbers, and this model's have {latent_dim}; "
            f"build {other}"
        )


def has_closed_form(model: nn.Module) -> bool:
    """Whether KL(q(z|x) ‖ p(z)) has a formula: where the prior is N(0, I), said or unsaid."""
    return isinstance(getattr(model, "prior", None), NormalPrior | None)


def code_cost(
    model: nn.Module,
    mu: Float[Tensor, "batch latent"],
    log_var: Float[Tensor, "batch latent"],
    z: Float[Tensor, "batch latent"],
) -> Float[Tensor, " batch"]:
    """What a code costs under the model's prior, in nats: KL(q(z|x) ‖ p(z)), or one draw of it.

    For N(0, I) the closed form. For every other prior log q(z|x) - log p(z) at the z given, a draw
    from q(z|x), whose mean over draws is the KL; a single one may be negative.
    """
    if has_closed_form(model):
        return gaussian_kl(mu, log_var)
    return gaussian_log_density(z, mu, log_var) - model.prior.log_prob(z)


def require_normal(model: nn.Module, what: str, way_out: str) -> None:
    """Raise a ValueError where something holds for N(0, I) alone, and the prior is another."""
    if not has_closed_form(model):
        raise ValueError(
            f"this model's prior is {a(type(model.prior).__name__)}, and {what}; {way_out}"
        )


def _mixed(
    mu: Tensor, log_var: Tensor, logits: Tensor, n: int, generator: torch.Generator | None
) -> Tensor:
    """n draws from a mixture of Gaussians."""
    chosen = torch.multinomial(logits.softmax(0).cpu(), n, replacement=True, generator=generator)
    chosen = chosen.to(mu.device)
    noise = torch.randn(n, mu.shape[1], generator=generator).to(mu)
    return mu[chosen] + torch.exp(log_var[chosen] / 2) * noise


@contextmanager
def _still(network: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, as `evaluating`, but gradients flow."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
