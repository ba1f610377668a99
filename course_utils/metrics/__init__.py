"""Measures of a model and of its codes. Each docstring gives unit, range and direction."""

from course_utils.metrics.bounds import (
    BoundParts,
    active_units,
    bound_parts,
    elbo,
    log_likelihood,
    reconstruction_probability,
)
from course_utils.metrics.geometry import (
    PCA,
    nearest_images,
    nearest_rotation,
    noisy_score,
    pca,
    pca_reconstruction,
    principal_angles,
)
from course_utils.metrics.information import (
    RateParts,
    codebook_perplexity,
    factor_entropy,
    modularity,
    mutual_information,
    mutual_information_gap,
    rate_parts,
)
from course_utils.metrics.judging import Judge, frechet_distance, train_judge
from course_utils.metrics.ranking import auroc, ndcg_at_k, recall_at_k

__all__ = [
    "PCA",
    "BoundParts",
    "Judge",
    "RateParts",
    "active_units",
    "auroc",
    "bound_parts",
    "codebook_perplexity",
    "elbo",
    "factor_entropy",
    "frechet_distance",
    "log_likelihood",
    "modularity",
    "mutual_information",
    "mutual_information_gap",
    "ndcg_at_k",
    "nearest_images",
    "nearest_rotation",
    "noisy_score",
    "pca",
    "pca_reconstruction",
    "principal_angles",
    "rate_parts",
    "recall_at_k",
    "reconstruction_probability",
    "train_judge",
]
