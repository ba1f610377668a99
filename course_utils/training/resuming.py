"""`resume` of `fit`: where the history is found, and what is said of one that will not do."""

import os
from typing import Any

from course_utils._named import named
from course_utils.training.history import History


def opened(resume: Any) -> History:
    """The history to go on with, from wherever it is kept; or a new one."""
    if resume is None:
        return History()
    if isinstance(resume, str | os.PathLike):
        return History.load(resume)
    if not isinstance(resume, History):
        raise ValueError(
            f"resume is {named(resume)}; expected the history that fit returned, or the path of a "
            "file that history.save(path) wrote"
        )
    if resume.terms and resume.checkpoint is None:
        raise ValueError("resume holds no checkpoint; pass the history that fit returned")
    return resume


def other_weights(from_disk: bool) -> str:
    """The sentence for a model that is not the one that was trained."""
    if from_disk:
        return (
            "the model has neither the weights with which the training in resume began nor those "
            "with which it stopped; build it as it was built then, with the same seed, or load its "
            "weights: model.load_state_dict(History.load(path).checkpoint.weights)"
        )
    return (
        "the model has other weights than those with which the training in resume stopped, and its "
        "loss would jump; pass the model that was trained, or give its weights back with "
        "model.load_state_dict(history.checkpoint.weights)"
    )
