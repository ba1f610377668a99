"""`save` and `load`: weights and a recipe in one file, which runs nothing when it is read."""

import os
from typing import Any

from torch import nn

from course_utils import models
from course_utils._named import named
from course_utils.models.base import Model
from course_utils.models.priors import VampPrior
from course_utils.training.sealed import damage_named, existing, read_sealed, write_sealed


def save(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Write a model's weights, and the recipe for its network, into one safetensors file.

    The file is written beside its place and then moved, so a crash never leaves half a file. Others
    may read it as they may any file you write, or as they might the one that it replaces. It keeps
    the model alone; `History.save` keeps a training, to go on with another day.

    Args:
        model: as a factory built it, trained or not, of any precision; also after torch.compile.
        path: of the file; missing folders are made, and ~ is your home folder.

    Raises:
        ValueError: if the model was not built by one of the course's factories (only then is
            there a recipe to write), or a layer or setting of it has been exchanged since, or path
            is that of a folder.
        OSError: if the file cannot be written.
    """
    if not isinstance(model, nn.Module):
        swapped = isinstance(path, nn.Module)
        way = "call save(model, path)" if swapped else "hand over the model itself"
        raise ValueError(f"model is {named(model)}; expected a model of the course: {way}")
    model = getattr(model, "_orig_mod", model)  # torch.compile wraps a model in one of its own
    write_sealed(path, model.state_dict(), "recipe", _recipe_of(model))


def load(path: str | os.PathLike[str]) -> Model:
    """The model that `save` wrote, bit for bit, on the processor and in evaluation mode.

    Nothing in the file is ever executed: it holds numbers and a recipe in JSON, no pickle. A
    checksum tells whether every bit of it is as it was written (files from before there was one are
    taken without).

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not a model that `save` wrote, or is damaged.
    """
    path = existing(path, "model", "save(model, path)")
    cure = "; train the model again and save it anew"
    with damage_named(path, "was not written by course_utils.save", cure):
        recipe, weights = read_sealed(path, "recipe")
        model = _rebuild(**recipe)
        model.load_state_dict(weights, assign=True)  # a copy would be rounded to float32
    return model.eval()


def _recipe_of(model: nn.Module) -> dict[str, Any]:
    """What `load` needs to build the model again, if it would be the same one."""
    recipe = getattr(model, "recipe", None)
    if isinstance(model, VampPrior):
        raise ValueError(
            "a VampPrior asks the encoder of its VAE and is nothing without it; save the VAE"
        )
    if recipe is None or type(model) is not getattr(models, recipe["model"], None):
        raise ValueError(
            f"this {type(model).__name__} is not one that a factory of the course built, so there "
            "is no recipe to save; build it with a factory such as Autoencoder.dense(...), or "
            "keep model.state_dict() with safetensors.torch.save_file"
        )
    if changed := _changed(model, _rebuild(**recipe)):
        raise ValueError(
            f"{changed} of this {type(model).__name__} is not what {recipe['model']}."
            f"{recipe['factory']} made, which load would call again; build the model with other "
            "arguments, or keep model.state_dict() with safetensors.torch.save_file"
        )
    return recipe


def _changed(model: Model, built: Model) -> str | None:
    """The first layer, weight or setting in which the two differ, if there is one."""
    layers, weights, settings = zip(_anatomy(model), _anatomy(built), strict=True)
    for kind, (mine, theirs) in (("layer", layers), ("weight", weights)):
        different = [name for name in {**theirs, **mine} if mine.get(name) != theirs.get(name)]
        if different:
            return f"the {kind} {different[0]!r}"
    mine, theirs = settings
    different = [name for name in theirs if name in mine and mine[name] != theirs[name]]
    return f"the setting {different[0]!r}" if different else None


def _anatomy(model: Model) -> tuple[dict[str, Any], ...]:
    """Its layers and their types, its weights and their shapes, and its own settings."""
    layers = {name: type(layer) for name, layer in model.named_modules()}
    weights = {name: tensor.shape for name, tensor in model.state_dict().items()}
    left_out = ("training", "recipe")
    settings = {k: v for k, v in vars(model).items() if k[0] != "_" and k not in left_out}
    return layers, weights, settings


def _rebuild(model: str, factory: str, arguments: dict[str, Any]) -> Model:
    """The model that a recipe describes; only the course's own recorded factories are called."""
    build = getattr(getattr(models, model, None), factory, None)
    if model not in models.__all__ or not hasattr(build, "is_factory"):
        raise LookupError(f"{model}.{factory} is not a factory of this course")
    return build(**arguments)
