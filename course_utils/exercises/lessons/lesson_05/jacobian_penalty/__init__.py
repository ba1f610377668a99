"""`jacobian_penalty`, lesson 05: the same norm for any encoder, by automatic differentiation."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.chance import expect_chance_left_alone
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.lessons.lesson_05.jacobian_penalty.encoders import draw_encoders


def jacobian_penalty(
    encode: Callable, x: Float[Tensor, "batch *features"]
) -> Float[Tensor, " batch"]:
    """Squared norm of the Jacobian of any encoder, one backward pass for each number of the code.

    An example's code depends on its own x alone. So the gradient of a code number summed over the
    batch holds, in the row of each example, the gradient of that example's own number.
    """
    x = x.detach().requires_grad_()  # a tensor of our own: the caller's stays as it is
    penalty = torch.zeros(len(x))
    for unit in encode(x).sum(dim=0):
        (row,) = torch.autograd.grad(unit, x, create_graph=True, retain_graph=True)
        penalty = penalty + row.flatten(start_dim=1).square().sum(dim=1)
    return penalty


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
    probes=draw_encoders,
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
DETACHED = (
    "The numbers are right, but they do not remember the encoder's weights, so no penalty could "
    "train it. `torch.autograd.grad` needs `create_graph=True` (`jacobian` and `backward` too); "
    "`.item()`, `.detach()`, `.data` and NumPy cut the thread as well."
)
HALF_DETACHED = (
    "The numbers are right, but their gradient with respect to the weights is not (encoder: {}). "
    "Is a factor computed without `create_graph=True`, or under `torch.no_grad()`?"
)
NEARLY = (
    "Your numbers are all near the right ones, and not equal to them, as those of a difference "
    "quotient are, whatever its step: a coarse one misses how the encoder bends, a fine one is all "
    "rounding. Let autograd take the derivative, `torch.autograd.grad`: it is exact."
)
TUPLE = (
    "`torch.autograd.grad` returns a tuple, with one gradient for each input. Unpack it: write "
    "`(g,) = torch.autograd.grad(...)`, with the comma, or put `[0]` behind it."
)


def _type(answer: Answer) -> None:
    try:
        _comparison.stages[0].check(answer)
    except Crash as crash:
        named = isinstance(crash.error, AttributeError | TypeError) and "tuple" in str(crash.error)
        raise Wrong(f"{crash}\n{TUPLE}") if named else crash from None


def _value(answer: Answer) -> None:
    encode, x = draw_encoders(answer.generator())[1]
    first, second = (answer(encode, x.clone()).detach() for _ in range(2))
    if not torch.allclose(first, second, rtol=1e-3, atol=0):
        raise Wrong(NOISY)
    try:
        _comparison.stages[2].check(answer)
    except Wrong as wrong:
        if "Every number is" in str(wrong) or not _is_nearly_right(answer):
            raise
        raise Wrong(NEARLY) from None


def _is_nearly_right(answer: Answer) -> bool:
    """Whether all numbers are within 2 %, those of a bending encoder too, and some are not right.

    Whoever drops a term or doubles one is further off.
    """
    return all(
        torch.allclose(answer(encode, x.clone()).detach().float(), _whole(encode, x), rtol=0.02)
        for encode, x in draw_encoders(answer.generator())
    )


def _no_traces(answer: Answer) -> None:
    """The encoder, the examples and the program's random numbers are afterwards what they were."""
    no_chance = "Nothing in this penalty is random: leave it out."
    for training in (True, False):
        encode, x = draw_encoders(answer.generator())[3]
        encode.train(training)
        with (
            networks.expect_left_alone(encode, "Your function"),
            expect_chance_left_alone("Your function", no_chance),
        ):
            answer(encode, x)


def _gradient(answer: Answer) -> None:
    """What training needs: the gradient of the penalty with respect to the encoder's weights."""
    for encode, x in draw_encoders(answer.generator()):
        result = answer(encode, x.clone())
        if not result.requires_grad:
            raise Wrong(DETACHED)
        wanted = _weight_gradients(jacobian_penalty(encode, x), encode)
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


exercise = Exercise(
    solution=jacobian_penalty,
    form="in order",
    place=2,
    difficulty=3,
    minutes=12,
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
    stages=(
        Stage("type", _type),
        _comparison.stages[1],
        Stage("value", _value),
        Stage("no traces", _no_traces),
        Stage("gradient", _gradient),
    ),
)
