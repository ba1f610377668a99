"""What exercises that ask for a network share: build it, look into its graph, train it a little.

A stage builds with `build`, calls the instance with `answer.call(model, x)` and its methods with
`answer.call(model.loss, x)`. What is right for one network and not for another, the formulas, is
the lesson's business.
"""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.signature import public_methods
from course_utils.training.adam import Adam


def build(answer: Answer, *args: object, **kwargs: object) -> nn.Module:
    """The learner's class called with these arguments: an instance in evaluation mode.

    Raises:
        Wrong: if it cannot be built, seeds the global stream, or lacks a method of the reference.
    """
    with expect_no_seeding("`__init__`", lambda: _built(answer, args, kwargs)):
        model = _built(answer, args, kwargs)
    for name, reference in public_methods(answer.solution).items():
        wanted = list(inspect.signature(reference).parameters)
        method = getattr(type(model), name, None)
        if method is None or method is getattr(nn.Module, name, None):
            head = f"`def {name}({', '.join(wanted)})` inside the class, indented as `__init__` is."
            if name in model.__dict__ or isinstance(getattr(model, name, None), nn.Module):
                raise Wrong(
                    f"`{name}` is made in `__init__` here; a method is asked for. Give what you "
                    f"made another name, `self.own_{name}` say, and call it in {head}"
                )
            raise Wrong(f"`{answer.name}` has no method `{name}`. Define {head}")
        theirs = inspect.signature(method)
        try:
            theirs.bind(*wanted)
        except TypeError:
            raise Wrong(
                f"The method `{name}` is called with ({', '.join(wanted[1:])}); yours takes "
                f"({', '.join([*theirs.parameters][1:])}) after `self`. Keep its first line as it "
                "was given."
            ) from None
    return model.eval()


def _built(answer: Answer, args: Sequence, kwargs: dict[str, object]) -> nn.Module:
    try:
        return answer(*args, **kwargs)
    except Crash as crash:
        if "before Module.__init__" in str(crash.error):
            raise Wrong(
                "`super().__init__()` is missing. Make it the first line of `__init__`: it sets up "
                "the lists in which `nn.Module` keeps layers and parameters."
            ) from None
        raise


@contextlib.contextmanager
def expect_no_seeding(where: str, again: Callable[[], object]) -> Iterator[None]:
    """Raise `Wrong` if what runs inside, and then `again`, leave torch's stream in one state.

    Both begin at states of their own; only seeding brings them to the same.
    """
    stream = torch.default_generator
    torch.rand(1)  # away from the beginning, where seeding alike would not show
    before = stream.get_state()
    yield
    after = stream.get_state()
    stream.manual_seed(stream.initial_seed() + 1)
    again()
    seeded = torch.equal(stream.get_state(), after) and not torch.equal(before, after)
    stream.set_state(after)
    if seeded:
        raise Wrong(
            f"Your {where} seeds the random numbers of the whole program, with `torch.manual_seed` "
            "or the like: every model then starts alike, and so does whatever else is drawn. Take "
            "it out; whoever builds the model decides on the seed."
        )


def perturb(model: nn.Module, generator: torch.Generator, size: float = 0.05) -> None:
    """Move every parameter a little, off any special point where training may begin."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += size * torch.randn(parameter.shape, generator=generator)


def expect_registered(model: nn.Module, *results: Tensor) -> None:
    """Raise `Wrong` if a gradient would flow into something that is no parameter of the model."""
    known = {id(parameter) for parameter in model.parameters()}
    strangers = [leaf for leaf in leaves(*results) if id(leaf) not in known]
    if strangers:
        shapes = ", ".join(str(tuple(leaf.shape)) for leaf in strangers[:4])
        raise Wrong(
            f"Your model computes with tensors that are not among its `parameters()`, of shape "
            f"{shapes}: no optimiser will ever change them. `nn.Module` does not look into plain "
            "lists and dictionaries, so put layers into `nn.Sequential` or `nn.ModuleList`; wrap "
            "a tensor of your own in `nn.Parameter`."
        )
    if not known:
        raise Wrong(
            "Your model has no parameters, so there is nothing in it to train. Make its layers in "
            "`__init__`, as attributes: `self.encoder = nn.Linear(...)`."
        )


def leaves(*results: Tensor) -> list[Tensor]:
    """The tensors at the far end of a graph: those into which the gradient of `results` flows."""
    todo, seen, found = [result.grad_fn for result in results], set(), []
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if type(node).__name__ == "AccumulateGrad":
            found.append(node.variable)
        todo += [before for before, _ in node.next_functions]
    return found


def expect_fixed(model: nn.Module, name: str, value: float) -> None:
    """Raise `Wrong` if a price, the argument `name`, was made a parameter to be trained."""
    for theirs, parameter in model.named_parameters():
        if parameter.requires_grad and parameter.numel() == 1 and parameter.item() == value:
            raise Wrong(
                f"`{theirs}` is a parameter that training may change, and training would take the "
                f"price to zero or below. Keep it as a plain number: `self.{name} = {name}`."
            )


def expect_all_reached(model: nn.Module, loss: Tensor) -> None:
    """Raise `Wrong` unless the gradient of the loss flows into every parameter that wants one."""
    reached = {id(leaf) for leaf in leaves(loss)}
    names = [
        name
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and id(parameter) not in reached
    ]
    if names:
        raise Wrong(
            f"No gradient reaches {', '.join(f'`{name}`' for name in names[:4])}, so training "
            "would leave it as it was drawn. Is a layer defined and never used, or is a result "
            "cut off by `.detach()` or `torch.no_grad()`?"
        )


def expect_untouched(model: nn.Module, before: dict[str, Tensor]) -> None:
    """Raise `Wrong` if computing a loss has trained the model, or left gradients behind.

    Args:
        before: the parameters by name, copied before the call.
    """
    for name, parameter in model.named_parameters():
        if not torch.equal(parameter, before[name]):
            raise Wrong(
                f"After `loss(x)` the parameter `{name}` has changed. `loss` only computes a "
                "number; `optimizer.step()` belongs into the training loop."
            )
        if parameter.grad is not None:
            raise Wrong(
                "After `loss(x)` the parameters already have gradients. `loss` only computes a "
                "number; leave out `backward()`: the training loop calls it."
            )


def train(
    answer: Answer, model: nn.Module, loss: Callable, *batch: Tensor, steps: int = 60
) -> list[float]:
    """The losses of some steps of Adam on one batch, in training mode."""
    model.train()
    optimizer = Adam(model.parameters(), lr=1e-3)
    values = []
    for _ in range(steps):
        value = answer.call(loss, *batch)
        optimizer.zero_grad()
        value.backward()
        for parameter in model.parameters():  # Adam takes no gradient of `sparse=True`
            if parameter.grad is not None and parameter.grad.is_sparse:
                parameter.grad = parameter.grad.to_dense()
        optimizer.step()
        values.append(value.item())
    model.eval()
    return values


@contextlib.contextmanager
def expect_left_alone(model: nn.Module, what: str) -> Iterator[None]:
    """Raise `Wrong` if what runs inside leaves traces on a model that it was lent.

    The model's parameters, whether they are trained, their gradients, its mode. While it runs every
    gradient is 1: what adds to it shows, and what sets it back.

    Args:
        what: the learner's code, as a message calls it: "Your function", "`loss`".
    """
    parameters = dict(model.named_parameters())
    before = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    # A step may be too small to change a number, but every write is counted.
    writes = {name: parameter._version for name, parameter in parameters.items()}
    trained = {name: parameter.requires_grad for name, parameter in parameters.items()}
    modes = {module: module.training for module in model.modules()}
    for parameter in parameters.values():
        parameter.grad = torch.ones_like(parameter)
    yield
    for name, parameter in parameters.items():
        grad, parameter.grad = parameter.grad, None
        if parameter._version != writes[name] or not torch.equal(parameter, before[name]):
            raise Wrong(
                f"{what} changes the model that it is given: its parameter `{name}` was written "
                "to. It only computes a number; `optimizer.step()` and the like belong into the "
                "training loop."
            )
        _expect_gradient_left_alone(grad, what)
        if parameter.requires_grad != trained[name]:
            raise Wrong(
                f"{what} switches `requires_grad` of the model's parameter `{name}`, and training "
                "goes on with another set of parameters than before. Leave it as it is; for what "
                "needs no gradient there is `.detach()`."
            )
    for module, training in modes.items():
        if module.training != training:
            _refuse_the_mode(module.training, what)


def _expect_gradient_left_alone(grad: Tensor | None, what: str) -> None:
    """Raise `Wrong` unless every number of a gradient is still 1."""
    if grad is None or not grad.any():
        raise Wrong(
            f"{what} sets back the gradients of the model's parameters, and what was gathered in "
            "them before is lost. Leave out `zero_grad()`: the training loop calls it."
        )
    if not bool((grad == 1).all()):
        raise Wrong(
            f"{what} adds to the gradients of the model's parameters, and the next step of "
            "training would be made with the sum. It only computes a number; leave out "
            "`backward()`: the training loop calls it. (`torch.autograd.grad` returns a gradient "
            "and leaves none behind.)"
        )


def _refuse_the_mode(training: bool, what: str) -> None:
    was, now = ("evaluation", "training") if training else ("training", "evaluation")
    raise Wrong(
        f"The model was handed over in {was} mode and came back in {now} mode, so that dropout and "
        f"batch normalisation work differently ever after. {what} should leave out "
        f"`{'train' if training else 'eval'}()`: the mode is for whoever trains."
    )


@contextlib.contextmanager
def explained_crash(instead: str) -> Iterator[None]:
    """Put a sentence before what Python says, when the answer stops with an error."""
    try:
        yield
    except Crash as crash:
        raise Wrong(f"{instead}\n{crash}") from None


def expect_no_traces(answer: Answer, model: nn.Module, x: Tensor) -> None:
    """In either mode `loss` and `forward` only compute."""
    for training in (True, False):
        model.train(training)
        for what, method in (("`loss`", model.loss), ("`forward`", model)):
            with (
                expect_no_seeding(what, functools.partial(answer.call, method, x)),
                expect_left_alone(model, what),
            ):
                answer.call(method, x)
