"""Everything the lessons import, tested.

Data flows one way through the rooms of this house; each imports only from rooms to its left:

    data ─► models ─► objectives ─► training ─► metrics ─► plots ─► widgets
                        │
                      losses (tensors in, one number per example out)

`exercises` checks the learner's answers and may look into every room; no room looks into it. Below
is the public index. Drawing is apart, as it needs matplotlib: `from course_utils import plots`,
and `from course_utils import widgets` for what moves. Importing this package trains, prints and
downloads nothing.
"""

from course_utils.corruption import gaussian_noise, masking_noise, salt_and_pepper
from course_utils.data import Images, Manifold, load_images, spiral, swiss_roll
from course_utils.exercises import check, hint, progress, quiz, show_source, solution
from course_utils.losses import (
    bernoulli_nll,
    gaussian_kl,
    gaussian_kl_per_dimension,
    gaussian_log_density,
    gaussian_nll,
    importance_weighted_bound,
    jacobian_penalty,
    kl_sparsity,
    l1,
    multinomial_nll,
    one_layer_penalty,
    squared_error,
    top_k,
    vector_quantization,
)
from course_utils.metrics import (
    PCA,
    BoundParts,
    active_units,
    bound_parts,
    codebook_perplexity,
    elbo,
    factor_entropy,
    log_likelihood,
    modularity,
    mutual_information,
    mutual_information_gap,
    nearest_images,
    noisy_score,
    pca,
    pca_reconstruction,
    principal_angles,
)
from course_utils.models import (
    VAE,
    VQVAE,
    Autoencoder,
    AutoencoderOutput,
    ConditionalVAE,
    PeekingVAE,
    Quantized,
    VAEOutput,
    VectorQuantizer,
    VQOutput,
    reparameterize,
)
from course_utils.objectives import (
    bernoulli_reconstruction,
    contractive,
    denoising,
    negative_elbo,
    reconstruction,
    sparse,
    vector_quantized,
    weight_decay,
)
from course_utils.ppca import ProbabilisticPCA
from course_utils.schedules import cosine_decay, cyclical, linear_warmup
from course_utils.training import History, NonFiniteLoss, fit, load, save

__all__ = [
    "PCA",
    "VAE",
    "VQVAE",
    "Autoencoder",
    "AutoencoderOutput",
    "BoundParts",
    "ConditionalVAE",
    "History",
    "Images",
    "Manifold",
    "NonFiniteLoss",
    "PeekingVAE",
    "ProbabilisticPCA",
    "Quantized",
    "VAEOutput",
    "VQOutput",
    "VectorQuantizer",
    "active_units",
    "bernoulli_nll",
    "bernoulli_reconstruction",
    "bound_parts",
    "check",
    "codebook_perplexity",
    "contractive",
    "cosine_decay",
    "cyclical",
    "denoising",
    "elbo",
    "factor_entropy",
    "fit",
    "gaussian_kl",
    "gaussian_kl_per_dimension",
    "gaussian_log_density",
    "gaussian_nll",
    "gaussian_noise",
    "hint",
    "importance_weighted_bound",
    "jacobian_penalty",
    "kl_sparsity",
    "l1",
    "linear_warmup",
    "load",
    "load_images",
    "log_likelihood",
    "masking_noise",
    "modularity",
    "multinomial_nll",
    "mutual_information",
    "mutual_information_gap",
    "nearest_images",
    "negative_elbo",
    "noisy_score",
    "one_layer_penalty",
    "pca",
    "pca_reconstruction",
    "principal_angles",
    "progress",
    "quiz",
    "reconstruction",
    "reparameterize",
    "salt_and_pepper",
    "save",
    "show_source",
    "solution",
    "sparse",
    "spiral",
    "squared_error",
    "swiss_roll",
    "top_k",
    "vector_quantization",
    "vector_quantized",
    "weight_decay",
]
