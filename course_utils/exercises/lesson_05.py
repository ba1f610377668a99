"""Checks of lesson 05: contractive autoencoders and manifolds."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_utils.exercises.answer import Answer, Crash, Wrong
from course_utils.exercises.compare import Comparison, Mistake
from course_utils.exercises.exercise import Exercise, Stage
from course_utils.exercises.solutions import lesson_05 as solutions

# --- one_layer_penalty ----------------------------------------------------------------------------


def _layers(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """Outputs of a sigmoid layer from 0.03 to 0.97, and its weights."""

    def layer(batch: int, units: int, d: int) -> tuple[Tensor, Tensor]:
        hidden = 0.03 + 0.94 * torch.rand(batch, units, generator=generator)
        return hidden, 0.3 + torch.randn(units, d, generator=generator)

    small = tuple(tensor.mul(20).round().div(20) for tensor in layer(2, 3, 4))
    # Squares among them: there a transposed matrix raises no error, and only the numbers tell.
    return [small, layer(5, 4, 4), layer(3, 3, 3), layer(1, 6, 2), layer(7, 1, 5), layer(4, 9, 30)]


def _slopes(hidden: Tensor) -> Tensor:
    return hidden * (1 - hidden)


def _lengths(weight: Tensor, dim: int = 1) -> Tensor:
    return weight.square().sum(dim)


def _jacobians(hidden: Tensor, weight: Tensor) -> Tensor:
    return _slopes(hidden)[:, :, None] * weight


def _penalties(hidden: Tensor, weight: Tensor) -> Tensor:
    return _slopes(hidden).square() @ _lengths(weight)


one_layer_penalty = Exercise(
    solution=solutions.one_layer_penalty,
    difficulty=2,
    minutes=10,
    success=(
        "For hidden = [[0.5, 0.9]] and weight = [[2., 0.], [0., 10.]] you get tensor([1.0600]): "
        "0.25² · 4 from the first unit, 0.09² · 100 from the second. And it equals what autograd "
        "finds for a sigmoid layer."
    ),
    hints=(
        "Two factors for each unit: how steep its sigmoid is there, and how long its row of "
        "weights is, both squared. Multiply the two, and add up over the units.",
        "The slope of a sigmoid whose output is h is h (1 - h), one number for each example and "
        "unit. `weight.square().sum(dim=1)` is the squared length of every row: one for each unit.",
        "The first has the shape (batch, units), the second (units,). Their product broadcasts, "
        "and a sum over `dim=1` leaves (batch,); a matrix product does both at once.",
    ),
    stages=Comparison(
        probes=_layers,
        shape="(batch,): one number for each example",
        advice=(
            "Carry the first example through by hand: the slope of each unit, its square, the "
            "squared length of its row of weights, the products, their sum."
        ),
        gradient=("hidden", "weight"),
        mistakes=[
            Mistake(
                lambda hidden, weight: _slopes(hidden) @ _lengths(weight),
                "The slope h (1 - h) goes in once; it should be squared, as every entry of the "
                "Jacobian is. You squared the weights only.",
            ),
            Mistake(
                lambda hidden, weight: (_slopes(hidden) @ weight).square().sum(1),
                "You summed over the units first and squared afterwards, so that weights of "
                "opposite sign cancel. Square every h_i (1 - h_i) W_ij by itself, then sum.",
            ),
            Mistake(
                lambda hidden, weight: _jacobians(hidden, weight).sum((1, 2)).square(),
                "You added up all entries of the Jacobian and squared the sum. It is the other "
                "way round: square every entry, then add.",
            ),
            Mistake(
                lambda hidden, weight: _jacobians(hidden, weight).sum(2).square().sum(1),
                "You summed each row of weights before you squared it, (Σ_j W_ij)². The squared "
                "length of a row is Σ_j W_ij²: square first.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() @ weight.sum(1),
                "The weights are added up as they are, with their signs. Their squares are wanted: "
                "the squared length of each row.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() @ _lengths(weight).sqrt(),
                "You took the length of each row of weights, with its root: `norm` returns that. "
                "The formula has the squared length.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() @ weight.abs().sum(1),
                "You added up the absolute weights of a row. The squared length is the sum of "
                "their squares.",
            ),
            Mistake(
                lambda hidden, weight: _penalties(hidden, weight).sqrt(),
                "This is the norm of the Jacobian; the penalty is the squared norm. Leave out the "
                "last root.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square().sum(1),
                "The weights do not appear in it. A unit with large weights moves more when x "
                "moves: each squared slope is to be multiplied by ‖W_i‖².",
            ),
            Mistake(
                lambda hidden, weight: _lengths(weight).sum().expand(len(hidden)),
                "This is the squared norm of the weights alone, the same for every example, as if "
                "each unit had the slope 1. A sigmoid's slope is h (1 - h).",
            ),
            Mistake(
                lambda hidden, weight: hidden.square() @ _lengths(weight),
                "You used h where the slope of the sigmoid should be. The derivative of a sigmoid "
                "is h (1 - h).",
            ),
            Mistake(
                lambda hidden, weight: (1 - hidden).square() @ _lengths(weight),
                "You used 1 - h where the slope should be; the factor h is missing. The "
                "derivative of a sigmoid is h (1 - h).",
            ),
            Mistake(
                lambda hidden, weight: (1 - hidden.square()).square() @ _lengths(weight),
                "1 - h² is the slope of tanh. This layer is a sigmoid, whose slope is h (1 - h).",
            ),
            Mistake(
                lambda hidden, weight: _penalties(torch.sigmoid(hidden), weight),
                "You applied the sigmoid once more. `hidden` is what the layer returned, so the "
                "sigmoid is in it already.",
            ),
            Mistake(
                lambda hidden, weight: (hidden * (1 - hidden).square()) @ _lengths(weight),
                "Only the factor 1 - h is squared. `**` binds before `*`: put h (1 - h) into "
                "brackets of its own, then square.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square().sum(1) * _lengths(weight).sum(),
                "You summed the slopes and the weights apart, and multiplied the two sums. Each "
                "slope goes with its own row of weights: multiply unit by unit, then sum.",
            ),
            Mistake(
                lambda hidden, weight: _penalties(hidden, weight).mean(),
                "You took the mean over the batch. Return one number for each example: `fit` "
                "takes that mean, once.",
            ),
            Mistake(
                lambda hidden, weight: _penalties(hidden, weight).sum(),
                "You summed over the examples too. Keep the first axis, the batch.",
            ),
            Mistake(
                lambda hidden, weight: _penalties(hidden, weight) / hidden.shape[1],
                "This is the mean over the units where their sum is wanted. The norm of a matrix "
                "adds up all of its entries.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() @ weight.square().mean(1),
                "You took the mean over a row of squared weights. The squared length is their sum.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() * _lengths(weight),
                "These are the shares of the units, not yet added up. Sum over `dim=1`.",
            ),
            Mistake(
                _jacobians,
                "This is the Jacobian itself, a matrix for each example. Square its entries and "
                "sum over the last two axes.",
            ),
            Mistake(
                lambda hidden, weight: _penalties(hidden, weight)[:, None],
                "The numbers are right, but they stand in a column. Leave out `keepdim=True`: the "
                "result is (batch,).",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() @ _lengths(weight, 0),
                "You summed the squared weights over `dim=0`: a number for each pixel. A row of "
                "`weight` belongs to a unit, so its squared length is a sum over `dim=1`.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() * _lengths(weight, 0),
                "The squared weights were summed over `dim=0`, the units. What meets the slopes "
                "needs a number for each unit: sum over the pixels, `dim=1`.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() @ weight.square(),
                "You multiplied by the squared weights but did not add them up over the pixels: a "
                "number for each pixel is left. Sum those as well.",
            ),
        ],
    ).stages,
)

# --- jacobian_penalty -----------------------------------------------------------------------------


class Encoder(nn.Module):
    """An encoder that can be read in a message: `words` is its formula, with numbers if few."""

    def __init__(self, words: str, *layers: nn.Module) -> None:
        super().__init__()
        self.words = words
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)

    def __repr__(self) -> str:
        return self.words


def _linear(d: int, units: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.utils.skip_init(nn.Linear, d, units)
    with torch.no_grad():
        layer.weight.copy_(1.5 / math.sqrt(d) * torch.randn(units, d, generator=generator) + 0.1)
        layer.bias.copy_(0.5 * torch.randn(units, generator=generator))
    return layer


def _printed(generator: torch.Generator) -> Encoder:
    """One tanh layer from three numbers to two, whose formula can be pasted into a cell."""
    layer = _linear(3, 2, generator)
    with torch.no_grad():
        layer.weight.copy_(layer.weight.mul(10).round().div(10))
        layer.bias.zero_()
    rows = [[round(value, 1) for value in row] for row in layer.weight.tolist()]
    return Encoder(f"lambda x: torch.tanh(x @ torch.tensor({rows}).T)", layer, nn.Tanh())


def _encoders(generator: torch.Generator) -> list[tuple[Encoder, Tensor]]:
    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    def linear(d: int, units: int) -> nn.Linear:
        return _linear(d, units, generator)

    return [
        (_printed(generator), normal(4, 3).mul(10).round().div(10)),
        (Encoder("a sigmoid layer, 5 to 4", linear(5, 4), nn.Sigmoid()), normal(6, 5)),
        (Encoder("a linear layer, 4 to 3", linear(4, 3)), normal(3, 4)),
        (
            Encoder("two sigmoid layers, 4 to 6 to 3", *_sigmoids(linear)),
            normal(5, 4),
        ),
        (
            Encoder("ReLU in the middle, 6 to 20 to 2", linear(6, 20), nn.ReLU(), linear(20, 2)),
            normal(4, 6),
        ),
        (Encoder("tanh, 3 to 1: a code of one number", linear(3, 1), nn.Tanh()), normal(4, 3)),
        (Encoder("tanh, 2 to 7: a code wider than x", linear(2, 7), nn.Tanh()), normal(1, 2)),
        (
            Encoder(
                "images, flattened, then tanh, 16 to 3", nn.Flatten(), linear(16, 3), nn.Tanh()
            ),
            torch.rand(3, 1, 4, 4, generator=generator),
        ),
    ]


def _sigmoids(linear: Callable[[int, int], nn.Linear]) -> tuple[nn.Module, ...]:
    return linear(4, 6), nn.Sigmoid(), linear(6, 3), nn.Sigmoid()


def _leaf(x: Tensor) -> Tensor:
    return x.detach().requires_grad_()


def _rows(encode: Callable, x: Tensor) -> Tensor:
    """The Jacobian of each example: (batch, latent, d)."""
    x = _leaf(x)
    rows = [
        torch.autograd.grad(unit, x, create_graph=True, retain_graph=True)[0].flatten(1)
        for unit in encode(x).sum(0)
    ]
    return torch.stack(rows, 1)


def _sum_of_code(encode: Callable, x: Tensor) -> Tensor:
    """Rows of the gradient of the sum of the code."""
    return _rows(encode, x).sum(1)


def _whole(encode: Callable, x: Tensor) -> Tensor:
    return _rows(encode, x).square().sum((1, 2))


def _accumulated(encode: Callable, x: Tensor) -> Tensor:
    """`.backward()` for each unit without setting x.grad back in between."""
    return _rows(encode, x).cumsum(1).square().sum((1, 2))


def _forward_differences(step: float) -> Callable:
    def penalty(encode: Callable, x: Tensor) -> Tensor:
        total, z = torch.zeros(len(x)), encode(x)
        for j in range(x[0].numel()):
            moved = x.flatten(1).clone()
            moved[:, j] += step
            total = total + ((encode(moved.view_as(x)) - z) / step).square().sum(1)
        return total

    return penalty


def _parameter_gradients(encode: Callable, x: Tensor) -> Tensor:
    """For each example, the squared gradient of its code with respect to the weights."""
    totals = []
    for one in x:
        z = encode(one[None])[0]
        grads = [
            torch.autograd.grad(unit, list(encode.parameters()), retain_graph=True) for unit in z
        ]
        totals.append(sum(grad.square().sum() for row in grads for grad in row))
    return torch.stack(totals)


def _first_weight(encode: Callable) -> Tensor:
    return next(encode.parameters())


def _sigmoid_formula(encode: Callable, x: Tensor) -> Tensor:
    h = encode(x)
    return (h * (1 - h)).square() @ _first_weight(encode).square().sum(1)


def _without_retain(encode: Callable, x: Tensor) -> Tensor:
    x = _leaf(x)
    rows = [torch.autograd.grad(unit, x)[0] for unit in encode(x).sum(0)]
    return torch.stack(rows).square().sum(0)


def _without_requires_grad(encode: Callable, x: Tensor) -> Tensor:
    return torch.autograd.grad(encode(x).sum(), x)[0]


def _flat_only(encode: Callable, x: Tensor) -> Tensor:
    """Sums over the axis after the batch alone, which leaves two of an image's."""
    rows = _rows(encode, x).square().sum(1)
    return rows.sum(1) if x.ndim == 2 else rows.view_as(x).sum(1)


def _copied_too_late(encode: Callable, x: Tensor) -> Tensor:
    z = encode(x)
    return torch.autograd.grad(z.sum(), _leaf(x))[0]


def _code_detached(encode: Callable, x: Tensor) -> Tensor:
    return torch.autograd.grad(encode(_leaf(x)).detach().sum(), x)[0]


def _many_outputs(encode: Callable, x: Tensor) -> Tensor:
    x = _leaf(x)
    return torch.autograd.grad(encode(x), x)[0]


_comparison = Comparison(
    probes=_encoders,
    shape="(batch,): one number for each example",
    advice=(
        "Take one example and one number of its code: its gradient with respect to x is one row of "
        "the Jacobian. Square the entries, sum them, and add up over all numbers of the code. "
        "`torch.func.jacrev` on a single example gives the whole matrix to compare with."
    ),
    mistakes=[
        Mistake(
            lambda encode, x: _sum_of_code(encode, x).square().sum(1),
            "You summed the code first and squared the gradient of that sum, so that rows of the "
            "Jacobian cancel each other. Take the gradient of each number of the code by itself, "
            "square it, and add up the squares.",
        ),
        Mistake(
            lambda encode, x: _rows(encode, x).sum((1, 2)),
            "Nothing is squared: you added up the entries of the Jacobian with their signs. "
            "Square each entry before the sum.",
        ),
        Mistake(
            lambda encode, x: _rows(encode, x).sum((1, 2)).square(),
            "You added up all entries and squared the sum. Square each entry first, then add.",
        ),
        Mistake(
            lambda encode, x: _rows(encode, x).sum(2).square().sum(1),
            "Each row of the Jacobian was summed over the pixels before it was squared. Square "
            "the single entries.",
        ),
        Mistake(
            lambda encode, x: _rows(encode, x).abs().sum((1, 2)),
            "You added up absolute values. The Frobenius norm adds squares.",
        ),
        Mistake(
            lambda encode, x: _whole(encode, x).sqrt(),
            "This is the norm, with its root; the penalty is the squared norm. Leave out the root.",
        ),
        Mistake(
            lambda encode, x: _rows(encode, x).square().sum(2).sqrt().sum(1),
            "You added up the lengths of the rows. The squared norm adds up their squared lengths.",
        ),
        Mistake(
            lambda encode, x: torch.linalg.svdvals(_rows(encode, x))[:, 0].square(),
            "This is the square of the largest singular value, the spectral norm. The Frobenius "
            "norm takes the squares of all singular values, which is the sum of all squared "
            "entries.",
        ),
        Mistake(
            lambda encode, x: _rows(encode, x)[:, 0].square().sum(1),
            "Only the first number of the code is in it. Every number of the code has a row of "
            "its own in the Jacobian.",
        ),
        Mistake(
            lambda encode, x: _rows(encode, x)[:, -1].square().sum(1),
            "Only the last number of the code is left. Is the result overwritten in the loop? Add "
            "to it: `penalty = penalty + ...`.",
        ),
        Mistake(
            lambda encode, x: _rows(encode, x).square().sum(2).mean(1),
            "You took the mean over the numbers of the code. Their squared gradients are to be "
            "summed.",
        ),
        Mistake(
            lambda encode, x: _rows(encode, x).square().mean(2).sum(1),
            "You took the mean over the entries of x. Sum over them.",
        ),
        Mistake(
            lambda encode, x: _rows(encode, x).square().mean((1, 2)),
            "This is the mean of all squared entries of the Jacobian. Their sum is wanted.",
        ),
        Mistake(
            lambda encode, x: _whole(encode, x).mean(),
            "You took the mean over the batch. Keep one number for each example.",
        ),
        Mistake(
            lambda encode, x: _whole(encode, x).sum(),
            "The examples were summed too, so the batch became one number. Keep the first axis.",
        ),
        Mistake(
            lambda encode, x: _whole(encode, x) / len(x),
            "Every number is divided by the size of the batch: the gradient of a mean over the "
            "batch, or of `z.mean(0)`, squared or not, does not belong here. Use `sum`.",
        ),
        Mistake(
            lambda encode, x: _whole(encode, x) / len(x) ** 2,
            "You differentiated the mean of the code over the batch, `z.mean(0)`, which divides "
            "every gradient by the batch size. Use `z.sum(0)`.",
        ),
        Mistake(
            lambda encode, x: _whole(encode, x).sum().expand(len(x)),
            "Every example got the total of the batch. Sum the squares over the code and over x, "
            "not over the examples.",
        ),
        Mistake(
            lambda encode, x: _whole(encode, x)[:, None],
            "The numbers are right but stand in a column. The result is (batch,), without "
            "`keepdim=True`.",
        ),
        Mistake(
            lambda encode, x: _rows(encode, x).square().sum(2),
            "There is one number for each entry of the code: the squared length of each row. Add "
            "up the rows.",
        ),
        Mistake(
            lambda encode, x: _rows(encode, x).square().sum(1),
            "There is one number for each entry of x. Sum over those as well.",
        ),
        Mistake(
            _rows,
            "This is the Jacobian itself. Square its entries, and sum over code and x.",
        ),
        Mistake(
            _flat_only,
            "Right for (batch, d), but images have axes of height and width too: `flatten(1)` each "
            "gradient before you sum over `dim=1`.",
        ),
        Mistake(
            lambda encode, x: encode.weight,
            "You looked for weights inside `encode`. It may be any function of x: all that you can "
            "do with it is call it, and differentiate what it returns.",
        ),
        Mistake(
            _accumulated,
            "The gradients pile up: `.backward()` adds to `x.grad`, so each row still holds those "
            "before it. Set `x.grad` back to None each time, or use `torch.autograd.grad`, which "
            "returns the gradient and keeps nothing.",
        ),
        Mistake(
            _parameter_gradients,
            "You differentiated with respect to the weights. The penalty asks how the code answers "
            "to changes of x: the gradient is taken with respect to x.",
        ),
        Mistake(
            _sigmoid_formula,
            "This is the closed form of one sigmoid layer, and this encoder is none. It holds for "
            "nothing else; let autograd differentiate whatever the encoder does.",
        ),
        Mistake(
            lambda encode, x: _first_weight(encode).square().sum().expand(len(x)),
            "You returned the squared norm of the weights. That is the Jacobian of a linear "
            "layer; this encoder bends, and its Jacobian depends on x.",
        ),
        Mistake(
            lambda encode, x: encode(x).square().sum(1),
            "You returned the squared length of the code. Its derivative with respect to x is "
            "wanted, and none was taken.",
        ),
        *(
            Mistake(
                _forward_differences(step),
                f"These are finite differences with a step of {step:g}, which is too coarse: the "
                "encoder bends within it. Let autograd take the exact derivative.",
            )
            for step in (1.0, 0.1, 0.01)
        ),
        Mistake(
            _without_retain,
            "Each call of `torch.autograd.grad` throws away what it needed, so the second number "
            "of the code finds nothing. `create_graph=True` (or `retain_graph=True`) keeps it.",
        ),
        Mistake(
            _without_requires_grad,
            "Autograd was not told to watch x. Begin with a copy that it watches, "
            "`x.detach().requires_grad_()`, and encode that copy.",
        ),
        Mistake(
            _copied_too_late,
            "The code was not computed from the tensor that you differentiate by. First the copy "
            "that autograd watches, then `encode` of this copy.",
        ),
        Mistake(
            _code_detached,
            "The code has forgotten how it came from x, so there is nothing to differentiate. "
            "Leave out `.detach()`, `.data` or `torch.no_grad()` around `encode(x)`; x alone is "
            "detached, before it is encoded.",
        ),
        Mistake(
            _many_outputs,
            "Autograd differentiates one number at a time, and a code has many. Go through the "
            "numbers of the code one by one.",
        ),
    ],
)

NOISY = (
    "Two calls with the same input gave different results. An estimate with random signs, "
    "Hutchinson's, is right on average only; here the exact sum is wanted, one backward pass for "
    "each number of the code."
)
SWITCHED = (
    "The numbers are right, but your function switched on `requires_grad` of the caller's own x, "
    "and autograd would watch it ever after. Work on a copy: `x = x.detach().requires_grad_()`."
)
DETACHED = (
    "The numbers are right, but they do not remember the encoder's weights, so no penalty could "
    "train it. `torch.autograd.grad` needs `create_graph=True` (`jacobian` and `backward` too); "
    "`.item()`, `.detach()`, `.data` and NumPy cut the thread as well."
)
HALF_DETACHED = (
    "The numbers are right, but their gradient with respect to the weights is not (encoder: {}). "
    "Is a factor computed without `create_graph=True`, or under `torch.no_grad()`?"
)


TUPLE = (
    "`torch.autograd.grad` returns a tuple, with one gradient for each input. Unpack it: write "
    "`(g,) = torch.autograd.grad(...)`, with the comma, or put `[0]` behind it."
)


def _type(answer: Answer) -> None:
    try:
        _comparison._type(answer)
    except Crash as crash:
        named = isinstance(crash.error, AttributeError | TypeError) and "tuple" in str(crash.error)
        raise Wrong(f"{crash}\n{TUPLE}") if named else crash from None


def _value(answer: Answer) -> None:
    encode, x = _encoders(answer.generator())[1]
    first, second = (answer(encode, x.clone()).detach() for _ in range(2))
    if not torch.allclose(first, second, rtol=1e-3, atol=0):
        raise Wrong(NOISY)
    _comparison._value(answer)


def _gradient(answer: Answer) -> None:
    """What training needs: the gradient of the penalty with respect to the encoder's weights."""
    for encode, x in _encoders(answer.generator()):
        given = x.clone()
        result = answer(encode, given)
        if given.requires_grad:
            raise Wrong(SWITCHED)
        if not result.requires_grad:
            raise Wrong(DETACHED)
        wanted = _weight_gradients(solutions.jacobian_penalty(encode, x), encode)
        got = _weight_gradients(result, encode)
        if (got - wanted).abs().max() > 1e-3 * wanted.abs().max():
            raise Wrong(DETACHED if not got.any() else HALF_DETACHED.format(encode))


def _weight_gradients(penalty: Tensor, encode: nn.Module) -> Tensor:
    """All in one row. Unequal weights, so that gradients of different examples do not mix."""
    weights = torch.linspace(0.5, 1.5, len(penalty)).to(penalty.dtype)
    parameters = list(encode.parameters())
    grads = torch.autograd.grad(penalty, parameters, weights, allow_unused=True)
    grads = [
        torch.zeros_like(parameter) if grad is None else grad
        for parameter, grad in zip(parameters, grads, strict=True)
    ]
    return torch.cat([grad.flatten() for grad in grads])


jacobian_penalty = Exercise(
    solution=solutions.jacobian_penalty,
    difficulty=3,
    minutes=20,
    success=(
        "For a linear layer you get the squared norm of its weights, the same for every x; for one "
        "sigmoid layer you get what `one_layer_penalty` says; and `.sum().backward()` of it "
        "reaches the encoder's weights."
    ),
    hints=(
        "Row i of the Jacobian is the gradient of the i-th number of the code. An example's code "
        "depends on its own x alone, so the gradient of `z[:, i].sum()` holds all examples' rows "
        "at once.",
        "`torch.autograd.grad(z[:, i].sum(), x, create_graph=True)` returns a tuple with one "
        "tensor of the shape of x. x must be a tensor that autograd watches: make one with "
        "`x.detach().requires_grad_()` before you encode it.",
        "Loop over i in `range(z.shape[1])`; square each gradient, `flatten(1)`, sum over `dim=1`, "
        "and add it to a total that starts at 0. `create_graph=True` is what makes the result "
        "differentiable once more.",
    ),
    stages=[
        Stage("type", _type),
        _comparison.stages[1],
        Stage("value", _value),
        Stage("gradient", _gradient),
    ],
)
