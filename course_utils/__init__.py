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

from course_utils.data import Images, load_images
from course_utils.exercises import check, hint, progress, quiz, show_source, solution
from course_utils.losses import bernoulli_nll, gaussian_nll, squared_error
from course_utils.metrics import PCA, pca, pca_reconstruction, principal_angles
from course_utils.models import Autoencoder, AutoencoderOutput
from course_utils.objectives import bernoulli_reconstruction, reconstruction, weight_decay
from course_utils.schedules import cosine_decay
from course_utils.training import History, NonFiniteLoss, fit, load, save

__all__ = [
    "PCA",
    "Autoencoder",
    "AutoencoderOutput",
    "History",
    "Images",
    "NonFiniteLoss",
    "bernoulli_nll",
    "bernoulli_reconstruction",
    "check",
    "cosine_decay",
    "fit",
    "gaussian_nll",
    "hint",
    "load",
    "load_images",
    "pca",
    "pca_reconstruction",
    "principal_angles",
    "progress",
    "quiz",
    "reconstruction",
    "save",
    "show_source",
    "solution",
    "squared_error",
    "weight_decay",
]
