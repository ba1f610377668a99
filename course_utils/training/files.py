"""`save` and `load`: weights and a recipe in one file, which runs nothing when it is read."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from course_utils import models
from course_utils.models.base import Model


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model's weights, and the recipe for its network, into one safetensors file.

    The file is written beside its place and then moved, so a crash never leaves half a file.

    Raises:
        ValueError: if the model was not built by one of the course's factories (only then is
            there a recipe to write).
    """
    from safetensors.torch import save_file

    recipe = getattr(model, "recipe", None)
    if recipe is None or type(model) is not getattr(models, recipe["model"], None):
        raise ValueError(
            f"this {type(model).__name__} is not one that a factory of the course built, so there "
            "is no recipe to save; build it with a factory such as Autoencoder.dense(...), or "
            "keep model.state_dict() with safetensors.torch.save_file"
        )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    os.close(handle)
    try:
        save_file(weights, temporary, metadata={"recipe": json.dumps(recipe)})
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load(path: str | os.PathLike[str]) -> Model:
    """The model that `save` wrote, bit for bit, on the processor and in evaluation mode.

    Nothing in the file is ever executed: it holds numbers and a recipe in JSON, no pickle.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not a model that `save` wrote, or is damaged.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no model at {path}; write one with save(model, path)")
    try:
        with safe_open(path, framework="pt") as file:
            recipe = json.loads((file.metadata() or {})["recipe"])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        model = _rebuild(**recipe)
        model.load_state_dict(weights)
    except (SafetensorError, LookupError, TypeError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"{path} is damaged or was not written by course_utils.save ({error}); "
            "train the model again and save it anew"
        ) from error
    return model.eval()


def _rebuild(model: str, factory: str, arguments: dict[str, Any]) -> Model:
    """The model that a recipe describes; only the course's own recorded factories are called."""
    build = getattr(getattr(models, model, None), factory, None)
    if model not in models.__all__ or not hasattr(build, "is_factory"):
        raise LookupError(f"{model}.{factory} is not a factory of this course")
    return build(**arguments)
