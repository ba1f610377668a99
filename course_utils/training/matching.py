"""Whether model, objective and data belong together; and if not, the one sentence that says why.

`fit` asks before it trains: `check_call` looks at what was passed in which place, `check_match`
tries the objective on two examples.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.nn.parameter import is_lazy

from course_utils._named import a, is_number, name_of, named
from course_utils._running import evaluating
from course_utils.models import VQVAE, Autoencoder, Prior, SymbolPrior, Velocity
from course_utils.models.base import Model
from course_utils.objectives import Objective, how_to_make, makes_objective
from course_utils.training.batches import Batch, Batches
from course_utils.training.checks import bare

# What a mistake raises inside of an objective; anything else is the objective's own affair.
MISFITS = (TypeError, AttributeError, RuntimeError, ValueError, LookupError)


def check_call(model: Any, objective: Any, train: Any) -> None:
    """Raise a ValueError unless there are a network that can learn and a function to train it for.

    Whether they go together is another question.
    """
    if not isinstance(model, nn.Module):
        if isinstance(objective, nn.Module) and callable(model) and not isinstance(model, type):
            raise ValueError(
                "model and objective have changed places: call fit(model, objective, train)"
            )
        raise ValueError(_no_model(model))
    if isinstance(objective, Model):
        raise ValueError(
            f"objective is {a(type(objective).__name__)}, which is a model; "
            "call fit(model, objective, train)"
        )
    if not callable(objective):
        raise ValueError(_no_objective(objective, train))
    if makes_objective(objective):
        raise ValueError(how_to_make(objective))
    if isinstance(objective, type):
        name = objective.__name__
        raise ValueError(
            _is_loss(objective) or f"objective is the class {name}; build one first, with {name}()"
        )
    if isinstance(model, DataParallel | DistributedDataParallel):
        raise ValueError(
            f"model is wrapped in {type(model).__name__}; fit needs no wrapper to train in several "
            "processes: pass the model itself, model.module, and start the script with torchrun"
        )
    _check_can_learn(model)


def _no_model(model: Any) -> str:
    expected = "expected a network, such as Autoencoder.dense()"
    if isinstance(model, type) and issubclass(model, nn.Module):
        factories = [name for name in dir(model) if hasattr(getattr(model, name), "is_factory")]
        build = f"{model.__name__}.{factories[0]}(...)" if factories else f"{model.__name__}(...)"
        return f"model is the class {model.__name__}; build one first, with {build}"
    if hasattr(model, "is_factory"):
        factory = f"{getattr(model.__self__, '__name__', 'Model')}.{model.__name__}"
        return f"model is the factory {factory}; call it to build one: {factory}(...)"
    if makes_objective(model) or not callable(model):
        load = ", or load(path) for one that was saved" if isinstance(model, str | Path) else ""
        return f"model is {named(model)}; {expected}{load}"
    return f"model is {named(model)}; {expected}: if it builds one, call it"


def _no_objective(objective: Any, train: Any) -> str:
    if callable(train) and isinstance(objective, Tensor | tuple | list):
        return "objective and train have changed places: call fit(model, objective, train)"
    if isinstance(objective, dict):
        return (
            "objective is a dict, as an objective returns: hand over the objective itself and "
            "leave it to fit to call it on the model, fit(model, reconstruction, images.train)"
        )
    return (
        f"objective is {named(objective)}; expected a function such as reconstruction, or what "
        "negative_elbo() returns"
    )


def _check_can_learn(model: nn.Module) -> None:
    """Raise a ValueError where no gradient could reach a parameter."""
    if torch.is_inference_mode_enabled() or not torch.is_grad_enabled():
        mode = "inference_mode" if torch.is_inference_mode_enabled() else "no_grad"
        raise ValueError(f"nothing learns under torch.{mode}(); call fit outside of it")
    parameters = list(model.parameters())
    if not parameters:
        raise ValueError("the model has no parameters; there is nothing to train")
    if any(is_lazy(parameter) for parameter in parameters):
        raise ValueError(
            "the model has layers that do not know their size yet, such as nn.LazyLinear; call it "
            "on a batch once before fit: model(x[:2])"
        )
    if not any(parameter.requires_grad for parameter in parameters):
        raise ValueError(
            "all parameters of the model are frozen (requires_grad is False), so that nothing can "
            "learn; thaw some with parameter.requires_grad_(True)"
        )
    if any(parameter.is_inference() for parameter in parameters):
        raise ValueError(
            "the model was built under torch.inference_mode(), where nothing learns; build it "
            "outside of it"
        )
    learning = ((name, p) for name, p in model.named_parameters() if p.requires_grad)
    lost = [name for name, p in learning if not p.isfinite().all()]
    if lost:
        raise ValueError(
            f"the model holds nan or infinite weights ({lost[0].removeprefix('_orig_mod.')}), as "
            "training whose loss stopped being finite leaves them; build it anew"
        )


def wants_progress(objective: Objective) -> bool:
    try:
        return "progress" in inspect.signature(objective).parameters
    except (TypeError, ValueError):  # Python knows nothing about some built-in functions
        return False


def check_match(
    model: nn.Module, objective: Objective, batches: Batches, parts: int = 1
) -> tuple[str, ...]:
    """The names of the objective's terms, once model, objective and data are seen to agree.

    Args:
        parts: into how many shares each batch is divided.

    Raises:
        ValueError: if they do not.
    """
    model, tensors = bare(model), batches.sample()
    suited = _suited(objective)
    if suited and isinstance(model, VQVAE) and VQVAE not in suited:
        # It might run, and would never teach the codebook.
        raise ValueError(_other_model(model, objective, suited))
    told = {"progress": 1.0} if wants_progress(objective) else {}
    _check_number_of_tensors(model, objective, tensors, told, batches)
    few = tuple(tensor[:2] for tensor in tensors)
    try:
        with evaluating(model), _lonely_normalisations(model, len(few[0])) as lonely:
            terms = objective(model, *few, **told)
    except MISFITS as error:
        sentence = _misfit(model, objective, few, batches, error)
        if sentence is None:
            raise
        # Whose own objective it is will want to see in which line.
        ours = getattr(objective, "__module__", "") == "course_utils.objectives"
        raise ValueError(sentence) from (None if ours else error)
    _check_terms(objective, terms, len(few[0]))
    if batches.shuffle and lonely:
        batches.smallest = 2
        _check_last_batch(batches, 2 * parts)
    return tuple(terms)


def _check_number_of_tensors(
    model: nn.Module, objective: Objective, tensors: Batch, told: dict, batches: Batches
) -> None:
    try:
        signature = inspect.signature(objective)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(model, *tensors, **told)
    except TypeError as error:
        loss = _is_loss(objective)
        raise ValueError(
            loss
            or f"the objective {name_of(objective)} cannot take a batch of {len(tensors)} tensors "
            f"({error}); {batches.name} should hold just what it needs: "
            f"{_images_alone(batches, len(tensors))}, or a tuple with labels"
        ) from None


def _misfit(
    model: nn.Module, objective: Objective, batch: Batch, batches: Batches, error: Exception
) -> str | None:
    """Why the objective failed; None if the error says it itself."""
    name, kind = name_of(objective), type(model).__name__
    loss, suited = _is_loss(objective), _suited(objective)
    if loss:
        return loss
    if suited and not isinstance(model, suited):
        return _other_model(model, objective, suited)
    if isinstance(error, TypeError) and isinstance(model, Model):
        counted = _miscounted(model, batch, batches)
        if counted:
            return counted
    unpacking = "values to unpack" in str(error)
    if isinstance(error, ValueError) and not unpacking:
        return None
    shapes = " and ".join(str(tuple(tensor.shape)) for tensor in batch)
    message = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
    return (
        f"the objective {name} does not go with {a(kind)} and a batch of shape {shapes} ({message})"
    )


def _other_model(model: nn.Module, objective: Objective, suited: tuple[type, ...]) -> str:
    kinds = " or ".join(a(each.__name__) for each in suited)
    return (
        f"{name_of(objective)} is made for {kinds}, and this model is "
        f"{a(type(model).__name__)}; {_objective_for(model)}"
    )


def _is_loss(objective: Any) -> str | None:
    """The sentence for a loss that compares two tensors, where an objective was meant."""
    room = getattr(objective, "__module__", None) or type(objective).__module__
    if not room.startswith(("torch.", "course_utils.losses")):
        return None
    return (
        f"{name_of(objective)} is no objective, as it knows no model; expected a function such as "
        'reconstruction, or one of your own: def mine(model, x): return {"loss": ...}'
    )


def _suited(objective: Any) -> tuple[type, ...]:
    """The models that one of the course's objectives is made for, as its signature says."""
    if getattr(objective, "__module__", "") != "course_utils.objectives":
        return ()
    kinds = getattr(objective, "__annotations__", {}).get("model", ())
    found = getattr(kinds, "__args__", (kinds,))
    return tuple(each for each in found if isinstance(each, type) and each is not Model)


def _objective_for(model: nn.Module) -> str:
    """What there is instead for this model."""
    if not isinstance(model, Model):
        return 'write an objective of your own: def mine(model, x): return {"loss": ...}'
    ready = {SymbolPrior: "symbol_likelihood", VQVAE: "vector_quantized()", Prior: "prior_nll"}
    ready |= {Autoencoder: "reconstruction", Velocity: "flow_matching()"}
    for kind, objective in ready.items():
        if isinstance(model, kind):
            return f"take {objective}"
    return "take negative_elbo()"


def _miscounted(model: Model, batch: Batch, batches: Batches) -> str | None:
    """The sentence for labels that are too many or missing."""
    parameters = inspect.signature(model.forward).parameters.values()
    taken = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p for p in taken if p.default is p.empty]
    kind, name, n = type(model).__name__, batches.name, len(batch)
    if n > len(taken):
        takes = "images alone" if len(taken) == 1 else " and ".join(p.name for p in taken)
        return (
            f"{a(kind)} takes {takes}, and {name} holds batches of {n} tensors, such as images and "
            f"labels; pass {_images_alone(batches, n)}"
        )
    if n < len(needed):
        tuples = ": a list holds batches, and a tuple one set" if type(batches.data) is list else ""
        return (
            f"{a(kind)} needs {', '.join(p.name for p in needed)}, images and labels, and {name} "
            f"holds the first alone; pass a tuple (images.train, images.train_labels){tuples}"
        )
    return None


def _images_alone(batches: Batches, n: int) -> str:
    """How the other n - 1 tensors of each batch are left out."""
    if batches.columns is not None:
        return "images.test alone" if batches.name == "val" else "images.train alone"
    others = "_" if n == 2 else "*_"
    return f"images.train alone, or the images of each batch: [(x,) for x, {others} in loader]"


def _check_terms(objective: Objective, terms: Any, examples: int) -> None:
    """Raise a ValueError unless these are named tensors, each with one number per example."""
    if callable(terms):
        name = name_of(objective)
        raise ValueError(
            f"the objective {name} returned a function; if it makes an objective, call it: "
            f"{name}(...)"
        )
    if not isinstance(terms, dict) or "loss" not in terms:
        if getattr(objective, "__module__", "").startswith("course_utils.metrics"):
            raise ValueError(
                f"{name_of(objective)} is a score, which nothing learns from; expected an "
                "objective, such as reconstruction, or what negative_elbo() returns"
            )
        found = sorted(map(str, terms)) if isinstance(terms, dict) else a(type(terms).__name__)
        raise ValueError(
            f"the objective returned {found}; expected a dict with the term 'loss': "
            'return {"loss": loss}, one number per example'
        )
    for term, value in terms.items():
        if not isinstance(value, Tensor) or not value.is_floating_point():
            found = f"holds {value.dtype}" if isinstance(value, Tensor) else f"is {named(value)}"
            way = "torch.tensor(...)" if is_number(value) else "a tensor"
            way = "convert with .float()" if isinstance(value, Tensor) else f"make it {way}"
            raise ValueError(f"the term {term!r} {found}; expected a tensor of floats: {way}")
        shape = tuple(value.shape)
        if shape not in ((examples,), ()):
            raise ValueError(
                f"the term {term!r} has shape {shape} for {examples} examples; "
                "expected (batch,): sum over features, and leave the mean over the batch to fit"
            )


@contextmanager
def _lonely_normalisations(model: nn.Module, examples: int) -> Iterator[list[nn.Module]]:
    """A list of each batch normalisation called inside to which an example is one value a channel.

    In training the spread of one value would be 0 / 0, which torch refuses: when a batch of one
    comes, at the end of an epoch.
    """
    found: list[nn.Module] = []

    def note(module: nn.Module, inputs: Batch) -> None:
        if inputs[0].numel() == examples * inputs[0].shape[1]:
            found.append(module)

    normalisations = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    hooks = [module.register_forward_pre_hook(note) for module in normalisations]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def _check_last_batch(batches: Batches, least: int) -> None:
    """Raise a ValueError if the last batch has fewer examples than that."""
    last = batches.last_size()
    if last is None or last >= least:
        return
    if batches.columns is None:
        way = "pass drop_last=True to the DataLoader"
    else:
        n = len(batches.columns[0])
        sizes = range(batches.batch_size + 1, n + 1)
        size = next((b for b in sizes if (n % b or b) >= least), None)
        way = f"take batch_size={size}" if size else f"it takes {_counted(least)} examples or more"
    few = "a single example" if last == 1 else f"{last} examples"
    shared = "" if least == 2 else f" when {least // 2} processes share it"
    raise ValueError(
        f"the last batch of {batches.name} holds {few}, of which batch normalisation "
        f"cannot tell the spread{shared}; {way}"
    )


def _counted(number: int) -> str:
    return "two" if number == 2 else str(number)
