"""Training: one function, `fit`, for every model of the course; and how to keep what it made.

`fit` takes a model, an objective and data. It knows nothing about autoencoders: what is minimised
is the objective's business. Here is the one mean over the batch, and the only one.
"""

from course_utils.training.files import load, save
from course_utils.training.history import Checkpoint, History, Means, NonFiniteLoss
from course_utils.training.loop import fit
from course_utils.training.settings import Precision

__all__ = ["Checkpoint", "History", "Means", "NonFiniteLoss", "Precision", "fit", "load", "save"]
