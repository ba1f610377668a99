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
    gaussian_nll,
    jacobian_penalty,
    kl_sparsity,
    l1,
    one_layer_penalty,
    squared_error,
    top_k,
)
from course_utils.metrics import (
    PCA,
    nearest_images,
    noisy_score,
    pca,
    pca_reconstruction,
    principal_angles,
)
from course_utils.models import Autoencoder, AutoencoderOutput
from course_utils.objectives import (
    bernoulli_reconstruction,
    contractive,
    denoising,
    reconstruction,
    sparse,
    weight_decay,
)
from course_utils.schedules import cosine_decay
from course_utils.training import History, NonFiniteLoss, fit, load, save

__all__ = [
    "PCA",
    "Autoencoder",
    "AutoencoderOutput",
    "History",
    "Images",
    "Manifold",
    "NonFiniteLoss",
    "bernoulli_nll",
    "bernoulli_reconstruction",
    "check",
    "contractive",
    "cosine_decay",
    "denoising",
    "fit",
    "gaussian_nll",
    "gaussian_noise",
    "hint",
    "jacobian_penalty",
    "kl_sparsity",
    "l1",
    "load",
    "load_images",
    "masking_noise",
    "nearest_images",
    "noisy_score",
    "one_layer_penalty",
    "pca",
    "pca_reconstruction",
    "principal_angles",
    "progress",
    "quiz",
    "reconstruction",
    "salt_and_pepper",
    "save",
    "show_source",
    "solution",
    "sparse",
    "spiral",
    "squared_error",
    "swiss_roll",
    "top_k",
    "weight_decay",
]
