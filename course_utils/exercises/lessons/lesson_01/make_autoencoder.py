"""`make_autoencoder`, lesson 01: a network from nothing but the widths of its layers."""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.parts import Part, explained
from course_utils.exercises.checking.signature import expect_attempted
from course_utils.exercises.checking.words import describe_type


def make_autoencoder(sizes: Sequence[int]) -> nn.Module:
    """An autoencoder whose layers have these widths, from the input to the code and back.

    For sizes (784, 512, 30) the encoder goes 784 → 512 → 30 and the decoder 30 → 512 → 784. There
    is a ReLU after every layer but two: the code may be any number, and the last layer ends in a
    sigmoid. `model(x)` returns the reconstruction, of the shape of x, (batch, sizes[0]).
    """
    widths = [*sizes, *reversed(sizes[:-1])]
    layers = []
    for i in range(len(widths) - 1):
        layers += [nn.Linear(widths[i], widths[i + 1]), nn.ReLU()]
    code = 2 * (len(sizes) - 1) - 1  # where the ReLU after the code would stand
    return nn.Sequential(*layers[:code], *layers[code + 1 : -1], nn.Sigmoid())


KNOWN = nn.Linear | nn.ReLU | nn.Sigmoid | nn.Identity | nn.Flatten

# Of several depths, none with two layers alike, so that a mixed-up width shows.
SIZES = ((12, 7, 3), (9, 4), (10, 8, 6, 5), (11, 5, 13))


def _built(answer: Answer, sizes: Sequence[int]) -> nn.Module:
    with networks.expect_no_seeding("function", lambda: answer(list(sizes))):
        model = answer(list(sizes))
    expect_attempted(model, answer)
    if not isinstance(model, nn.Module):
        what = describe_type(model)
        tip = "Is the last line a `return`?" if model is None else "`nn.Sequential(*layers)` makes"
        tip += "" if model is None else " one of a list of layers."
        if isinstance(model, tuple) and any(isinstance(part, nn.Module) for part in model):
            tip = "One network is wanted, encoder and decoder joined: `nn.Sequential(a, b)`."
        raise Wrong(f"Your function returned {what}; expected a network, an `nn.Module`. {tip}")
    return model


def _is_a_network(answer: Answer) -> None:
    answer.memory["models"] = [_built(answer, sizes) for sizes in SIZES]
    again = _built(answer, SIZES[0])
    ours = {id(parameter) for parameter in answer.memory["models"][0].parameters()}
    if any(id(parameter) in ours for parameter in again.parameters()):
        raise Wrong(
            "Two calls returned networks that share their weights, so training one changes the "
            "other. Make the layers inside the function, new ones for every call."
        )
    _built(answer, tuple(SIZES[0]))


def _models(answer: Answer) -> Iterator[tuple[Sequence[int], nn.Module, Tensor]]:
    """Each network with its sizes and a batch for it, weights moved off where they began."""
    generator = answer.generator()
    for sizes, model in zip(SIZES, answer.memory["models"], strict=True):
        yield sizes, model, torch.rand(6, sizes[0], generator=generator)


def _has_shapes(answer: Answer) -> None:
    for sizes, model, x in _models(answer):
        try:
            x_hat = answer.call(model, x)
        except Crash as crash:
            widths = _widths(model, x)
            if widths and widths != (wanted := _wanted(sizes)):
                raise Wrong(f"{_wrong_widths(sizes, widths, wanted)}\n{crash}") from None
            raise
        if not isinstance(x_hat, Tensor):
            raise Wrong(
                f"For x of shape {tuple(x.shape)} your network returned {describe_type(x_hat)}; "
                "expected a tensor, the reconstruction alone."
            )
        if x_hat.shape != x.shape:
            widths = _widths(model, x)
            reason = "Follow one batch through your layers and print its shape after each."
            if widths and widths != (wanted := _wanted(sizes)):
                reason = _wrong_widths(sizes, widths, wanted)
            raise Wrong(
                f"For x of shape {tuple(x.shape)} your network returned the shape "
                f"{tuple(x_hat.shape)}; expected that of x. {reason}"
            )


def _linear(model: nn.Module, x: Tensor) -> list[nn.Linear]:
    """The linear layers in the order in which x passes them, as far as it comes."""
    used: list[nn.Linear] = []
    linear = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    hooks = [
        layer.register_forward_pre_hook(lambda layer, _: used.append(layer)) for layer in linear
    ]
    with torch.no_grad(), contextlib.suppress(Exception):
        model(x)
    for hook in hooks:
        hook.remove()
    return used


def _widths(model: nn.Module, x: Tensor) -> list[tuple[int, int]]:
    """Input and output of each linear layer; of all there are, if x does not come through."""
    layers = _linear(model, x)
    if len(layers) == 1:
        layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    return [(layer.in_features, layer.out_features) for layer in layers]


def _wanted(sizes: Sequence[int]) -> list[tuple[int, int]]:
    return list(itertools.pairwise([*sizes, *reversed(sizes[:-1])]))


def _wrong_widths(sizes: Sequence[int], widths: list, wanted: list) -> str:
    def chain(pairs: list) -> str:
        return " → ".join(map(str, [pairs[0][0], *(out for _, out in pairs)]))

    joined = all(a[1] == b[0] for a, b in itertools.pairwise(widths))
    theirs = chain(widths) if joined else ", ".join(f"{a} → {b}" for a, b in widths)
    tip = ""
    if widths == wanted[: len(sizes) - 1]:
        tip = " The decoder is missing."
    elif widths == list(itertools.pairwise([*sizes, *reversed(sizes)])):
        tip = " The code's width must not stand there twice: the way back begins after it."
    elif {w for pair in widths for w in pair} <= {784, 512, 30}:
        tip = " Take the widths from `sizes`, and not from the example in the docstring."
    return f"For sizes {tuple(sizes)} your layers go {theirs}; expected {chain(wanted)}.{tip}"


def _same(x: Tensor) -> Tensor:
    return x


# What people put after the hidden layers, after the code, and at the end.
HIDDEN = (
    Part(torch.relu),
    Part(
        _same,
        "There is no ReLU between your layers, so the whole stack is a single matrix: put one "
        "after every layer but the code's and the last.",
    ),
    Part(torch.sigmoid, "Between your layers stands a sigmoid; a ReLU is wanted there."),
    Part(torch.tanh, "Between your layers stands a tanh; a ReLU is wanted there."),
    Part(
        nn.functional.leaky_relu,
        "Between your layers stands a leaky ReLU; a plain one, `nn.ReLU()`, is wanted there.",
    ),
    Part(nn.functional.gelu, "Between your layers stands a GELU; a ReLU is wanted there."),
)
CODE = (
    Part(_same),
    Part(
        torch.relu,
        "There is a ReLU on the code, so that no number of it can be negative. Leave it out: the "
        "code may be any number.",
    ),
    Part(
        torch.sigmoid,
        "There is a sigmoid on the code. Leave it out: the code may be any number.",
    ),
    Part(torch.tanh, "There is a tanh on the code. Leave it out: the code may be any number."),
)
LAST = (
    Part(torch.sigmoid),
    Part(
        _same,
        "The sigmoid at the end is missing: what comes out are logits, any numbers, and a picture "
        "has pixels from 0 to 1.",
    ),
    Part(
        torch.relu,
        "The network ends in a ReLU, above which nothing holds the pixels to 1. End in a sigmoid.",
    ),
    Part(
        lambda x: torch.sigmoid(torch.relu(x)),
        "A ReLU before the last sigmoid lets no pixel fall below one half. After the last layer "
        "comes the sigmoid alone.",
    ),
    Part(
        torch.tanh,
        "The network ends in a tanh, from -1 to 1. Pixels go from 0 to 1: a sigmoid.",
    ),
    Part(
        lambda x: x.softmax(-1),
        "The network ends in a softmax, so that the pixels of a picture sum to 1. Each pixel is a "
        "number of its own from 0 to 1: a sigmoid.",
    ),
    Part(
        lambda x: x.clamp(0, 1),
        "The network ends in a clamp, which has no gradient where it cuts. End in a sigmoid.",
    ),
    Part(
        lambda x: x.sigmoid().sigmoid(),
        "There are two sigmoids at the end. One is enough.",
    ),
)


def _through(
    layers: Sequence[nn.Linear], code_at: int, hidden: Callable, code: Callable, last: Callable
) -> Callable[[Tensor], Tensor]:
    """The network made of the learner's own linear layers and these functions after them."""

    def forward(x: Tensor) -> Tensor:
        for number, layer in enumerate(layers, start=1):
            after = code if number == code_at else last if number == len(layers) else hidden
            x = after(layer(x))
        return x

    return forward


def _bends_where_it_should(answer: Answer) -> None:
    for sizes, model, x in _models(answer):
        generator = answer.generator()
        networks.perturb(model, generator, size=0.5)
        x = 3 * torch.randn(64, sizes[0], generator=generator)
        x_hat = answer.call(model, x)
        networks.expect_registered(model, x_hat)
        x_hat = x_hat.detach()
        widths = _widths(model, x)
        if widths == _wanted(sizes):
            _expect_its_own_layers(model, sizes, x, x_hat)
        elif len(widths) >= 2 * (len(sizes) - 1):
            raise Wrong(_wrong_widths(sizes, widths, _wanted(sizes)))
        else:
            _expect_the_kind(answer, model, sizes, x, x_hat)


def _expect_its_own_layers(
    model: nn.Module, sizes: Sequence[int], x: Tensor, x_hat: Tensor
) -> None:
    """Compare with what the learner's own linear layers give, and name what stands between them."""
    layers, code_at = _linear(model, x), len(sizes) - 1

    @torch.no_grad()
    def fits(hidden: Callable, code: Callable, last: Callable) -> bool:
        return torch.allclose(_through(layers, code_at, hidden, code, last)(x), x_hat, atol=1e-5)

    if explained(fits, HIDDEN, CODE, LAST):
        return
    others = {
        type(layer).__name__
        for layer in model.modules()
        if not any(layer.children()) and not isinstance(layer, KNOWN)
    } - {type(model).__name__}
    also = f" It also holds {', '.join(sorted(others))}: leave that out." if others else ""
    raise Wrong(
        f"With sizes {tuple(sizes)} the widths are right, but what comes out is not what your "
        "layers give with a ReLU after every one but the code's, and a sigmoid after the "
        f"last.{also} Write down what your network does after each `nn.Linear`."
    )


def _expect_the_kind(
    answer: Answer, model: nn.Module, sizes: Sequence[int], x: Tensor, x_hat: Tensor
) -> None:
    """What can be asked of a network whose layers cannot be seen: it may use weights of its own."""
    if not ((x_hat >= 0) & (x_hat <= 1)).all():
        raise Wrong(LAST[1].message)
    model = model.double()
    x = x.double()
    logits = torch.logit(answer.call(model, x).detach(), eps=1e-12)
    if not logits.isfinite().all() or (logits.abs() > 27).any():
        return  # too near 0 or 1 to see how it came about
    one, other = x.chunk(2)
    middle = torch.logit(answer.call(model, (one + other) / 2).detach())
    flat = torch.allclose(middle, (logits[: len(one)] + logits[len(one) :]) / 2, atol=1e-6)
    if len(sizes) == 2 and not flat:
        raise Wrong(
            f"For sizes {tuple(sizes)} there is no hidden layer, so before the last sigmoid all is "
            "straight: no ReLU after the code, and none before the sigmoid."
        )
    if len(sizes) > 2 and flat:
        raise Wrong(HIDDEN[1].message)
    jacobian = torch.autograd.functional.jacobian(lambda one: model(one[None])[0], x[0])
    if torch.linalg.matrix_rank(jacobian, rtol=1e-8) > min(sizes):
        raise Wrong(
            f"For sizes {tuple(sizes)} more than {min(sizes)} numbers get through: the bottleneck "
            "has a way round it. Decode the code and nothing else."
        )


def _can_be_trained(answer: Answer) -> None:
    for _, model, x in _models(answer):
        model.float()
        x_hat = answer.call(model, x)
        networks.expect_all_reached(model, x_hat)
        model.train()
        with torch.no_grad():
            steady = torch.allclose(answer.call(model, x), x_hat, atol=1e-5)
        model.eval()
        if not steady:
            raise Wrong(
                "In training mode the network gives another picture than in evaluation mode. Leave "
                "out dropout and batch normalisation: nothing but linear layers, ReLU and a "
                "sigmoid is wanted."
            )


exercise = Exercise(
    solution=make_autoencoder,
    place=3,
    difficulty=3,
    minutes=15,
    success=(
        "`make_autoencoder([784, 512, 30])` has 835,374 parameters and, trained, leaves about 5 of "
        "the 52.9 squared pixels."
    ),
    hints=(
        "First write down the widths of the whole way: for sizes [784, 512, 30] they are 784, 512, "
        "30, 512, 784. `[*sizes, *reversed(sizes[:-1])]` says it for any sizes.",
        "Each neighbouring pair of widths is one `nn.Linear`. Collect layers in a list, a ReLU "
        "after each, and leave the ReLU out after the code and after the last.",
        "With `n = len(sizes) - 1` the encoder has n linear layers, so the code comes out of the "
        "n-th. `nn.Sequential(*layers, nn.Sigmoid())` joins a list.",
    ),
    stages=(
        Stage("type", _is_a_network),
        Stage("shape", _has_shapes),
        Stage("layers", _bends_where_it_should),
        Stage("training", _can_be_trained),
    ),
)
