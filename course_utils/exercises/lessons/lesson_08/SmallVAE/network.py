"""What `SmallVAE` is: the sizes of what goes in and out, two honest halves, and a draw between."""

import torch
from torch import Tensor, nn

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.halves import (
    expect_content,
    expect_draw,
    expect_rows_of_one,
    expect_shapes,
    expect_unconfined,
)
from course_utils.exercises.checking.modes import Unjudged
from course_utils.exercises.lessons.lesson_08.SmallVAE.asking import (
    SIZES,
    ask,
    build,
    decode,
    draw_pictures,
    encode,
    halves_of,
    is_steady,
    small_model,
)


def builds(answer: Answer) -> None:
    for sizes in SIZES:
        build(answer, *sizes)
    networks.build(answer)


def has_shapes(answer: Answer) -> None:
    _expect_shapes(answer, *SIZES[0])
    for sizes in SIZES[1:]:
        given = "input_dim={}, hidden={}, latent_dim={}".format(*sizes)
        with networks.explained_crash(
            f"With the sizes of MNIST it runs, with `SmallVAE({given})` it does not. Is a size "
            "written into a layer as a number, the 784, the 400 or the 20? Take each from the "
            "arguments."
        ):
            _expect_shapes(answer, *sizes)
    _expect_any_batch(answer)
    counts = [_count(answer, hidden) for hidden in (24, 31)]
    if counts[0] == counts[1]:
        raise Wrong(
            "`SmallVAE(hidden=24)` and `SmallVAE(hidden=31)` have the same number of weights. "
            "`hidden` is to be the width of the layers between picture and code: "
            "`nn.Linear(input_dim, hidden)`."
        )


def _count(answer: Answer, hidden: int) -> int:
    model = build(answer, 64, hidden, 6)
    ask(answer, model, draw_pictures(2, 64, answer.generator()))  # lazy layers get their weights
    return sum(parameter.numel() for parameter in model.parameters())


def _expect_shapes(answer: Answer, input_dim: int, hidden: int, latent_dim: int) -> None:
    model = build(answer, input_dim, hidden, latent_dim)
    x = draw_pictures(5, input_dim, answer.generator())
    z = torch.randn(5, latent_dim, generator=answer.generator())
    results = (
        ("encode(x)", encode(answer, model, x)),
        ("decode(z)", (decode(answer, model, z),)),
        ("forward(x)", ask(answer, model, x)),
    )
    expect_shapes(input_dim, latent_dim, results)


def _expect_any_batch(answer: Answer) -> None:
    """A batch of one, pictures that lie in memory in another order, and other precision."""
    model = build(answer, 64, 24, 6)
    x = draw_pictures(3, 64, answer.generator())
    with networks.explained_crash("A batch of one picture stops your model."):
        results = ask(answer, model, x[:1])
    expect_rows_of_one(64, 6, *results)
    with networks.explained_crash(
        "Pictures that lie in memory in another order, as a transposed table does, stop your "
        "model. Where you have `view`, write `reshape` or `flatten(1)`."
    ):
        ask(answer, model, x.T.contiguous().T)
        answer.call(model.loss, x.T.contiguous().T)
    with networks.explained_crash(
        "In double precision, after `model.double()` and for x of float64, your model stops: it "
        "makes a tensor of float32 on the way. Make noise like mu, `torch.randn_like(mu)`, and "
        "leave out `.float()`."
    ):
        ask(answer, model.double(), x.double())
        answer.call(model.loss, x.double())


def has_two_halves(answer: Answer, training: bool) -> None:
    """Each half gives the same for the same input, uses it, and is confined to no range."""
    model, x, z = small_model(answer, training=training)
    with networks.expect_no_seeding("`forward`", lambda: answer.call(model, x)):
        ask(answer, model, x)
    if training and not is_steady(answer, model, x, z):
        raise Unjudged
    for call, run in (
        ("encode(x)", lambda: torch.cat(encode(answer, model, x))),
        ("decode(z)", lambda: decode(answer, model, z)),
    ):
        if not torch.equal(run(), run()):
            raise Wrong(
                f"`{call}` gave two different results for the same input. The noise belongs into "
                "`forward`, between the two; and layers are made once, in `__init__`."
            )
    expect_content(*encode(answer, model, x), decode(answer, model, z))
    wild, wild_x, wild_z = small_model(answer, spread=1.0, training=training)
    expect_unconfined(*encode(answer, wild, wild_x), decode(answer, wild, wild_z))
    _expect_one_by_one(answer, model, x, z)


def _expect_one_by_one(answer: Answer, model: nn.Module, x: Tensor, z: Tensor) -> None:
    """Each picture by itself, whatever else is in the batch."""
    for call, run in (
        ("encode(x)", lambda at: torch.cat(encode(answer, model, x[at]), dim=1)),
        ("decode(z)", lambda at: decode(answer, model, z[at])),
    ):
        together = run(slice(None))
        for at in (slice(0, 1), slice(5, 9)):
            if not torch.allclose(run(at), together[at], atol=1e-4):
                raise Wrong(
                    f"What `{call}` makes of an example changes with the others in the batch. Each "
                    "has its own row: look for a sum, mean or softmax over `dim=0`."
                )


def draws_between(answer: Answer, training: bool) -> None:
    model, x, z = small_model(answer, training=training)
    if training and not is_steady(answer, model, x, z):
        raise Unjudged
    expect_draw(halves_of(answer, model, x))


def leaves_no_traces(answer: Answer) -> None:
    model, x, _ = small_model(answer)
    networks.expect_no_traces(answer, model, x)
