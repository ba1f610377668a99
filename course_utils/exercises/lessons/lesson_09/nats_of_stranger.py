"""`nats_of_stranger`, lesson 09: what it costs to be drawn from the code of another picture."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.compare import Comparison, Mistake, before_value
from course_utils.exercises.checking.exercise import Exercise, Stage


def nats_of_stranger(
    decode_nll: Callable[[Float[Tensor, "batch latent"]], Float[Tensor, " batch"]],
    mu: Float[Tensor, "batch latent"],
    order: Int[Tensor, " batch"],
) -> Float[Tensor, " batch"]:
    """How many nats worse each picture is drawn from the mean code of another than from its own.

    Row i of mu is the mean code of picture i, and its stranger is picture order[i]. The pictures
    themselves are in decode_nll: for a row of codes, one for each picture in their order, it gives
    -log p(x_i | z_i), in nats, one number for each picture.
    """
    return decode_nll(mu[order]) - decode_nll(mu)


class Pictures:
    """A decoder beside a fixed row of pictures: what each costs when drawn from a given code."""

    def __init__(self, x: Tensor, weight: Tensor, sigma: float, bias: Tensor | None = None) -> None:
        self.x, self.weight, self.sigma, self.bias = x, weight, sigma, bias

    def __call__(self, z: Tensor) -> Tensor:
        wanted = (len(self.x), len(self.weight))
        if not isinstance(z, Tensor) or tuple(z.shape) != wanted:
            shape = tuple(z.shape) if isinstance(z, Tensor) else type(z).__name__
            raise ValueError(
                f"decode_nll wants one code for each of its {wanted[0]} pictures, of shape "
                f"{wanted}; it was given {shape}"
            )
        x_hat = z.to(self.weight) @ self.weight
        x_hat = x_hat if self.bias is None else x_hat + self.bias
        return 0.5 * ((self.x - x_hat) / self.sigma).square().sum(1).to(z.dtype)

    def __repr__(self) -> str:
        return (
            f"a decoder and {len(self.x)} pictures: for codes of shape "
            f"({len(self.x)}, {len(self.weight)}) it gives ({len(self.x)},), nats"
        )


def _trial(
    generator: torch.Generator, batch: int, latent: int, pixels: int, sigma: float = 1.0
) -> tuple[Pictures, Tensor, Tensor]:
    """Pictures drawn from their own codes, hard and easy ones; each gets a stranger's."""
    mu = (0.4 + 1.2 * torch.randn(batch, latent, generator=generator)).round(decimals=1)
    weight = torch.randn(latent, pixels, generator=generator)
    hard = torch.linspace(0.2, 2.0, batch)[:, None]  # what a picture costs from its own code
    x = mu @ weight + hard * torch.randn(batch, pixels, generator=generator)
    return Pictures(x, weight, sigma), mu, _strangers(batch, generator)


def _strangers(batch: int, generator: torch.Generator) -> Tensor:
    """An order in one circle through all pictures: nobody is at home, and no two have swapped."""
    circle = torch.randperm(batch, generator=generator)
    order = torch.empty(batch, dtype=torch.long)
    order[circle] = circle.roll(1)
    return order


def _better(generator: torch.Generator) -> tuple[Pictures, Tensor, Tensor]:
    """Every picture is drawn better from the stranger's code: the numbers are below 0."""
    pictures, mu, order = _trial(generator, 8, 3, 10)
    return Pictures(pictures.x[order], pictures.weight, 1.0), mu, order


def _deaf(generator: torch.Generator) -> tuple[Pictures, Tensor, Tensor]:
    """A decoder that does not look at the code: collapsed, so no stranger costs anything."""
    pictures, mu, order = _trial(generator, 6, 3, 8)
    pictures.weight, pictures.bias = torch.zeros(3, 8), torch.randn(8, generator=generator)
    return pictures, mu, order


def _crowd(generator: torch.Generator) -> list[tuple[Pictures, Tensor, Tensor]]:
    pictures, mu, order = _trial(generator, 7, 4, 12)
    at_home = order.clone()
    at_home[:3] = torch.arange(3)  # three keep their own code: nothing is lost there
    shared = torch.tensor([5, 5, 0, 5, 1, 1, 2])  # several may have the same stranger
    square, square_mu, square_order = _trial(generator, 5, 5, 9)  # square: axes look alike
    return [
        _trial(generator, 4, 2, 5),
        (square, square_mu, square_order),
        (pictures, mu, at_home),
        (pictures, mu, shared),
        _trial(generator, 12, 3, 20, 0.1),  # thousands of nats
        _better(generator),
        _deaf(generator),
        _trial(generator, 1, 3, 4),  # alone: its own stranger
        (pictures, mu.double(), order),
        (pictures, mu.T.contiguous().T, order.to(torch.int32)),
    ]


def _of_costs(made_of: Callable[[Tensor, Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the two costs, from the stranger's code and from one's own."""
    return Mistake(
        lambda decode_nll, mu, order: made_of(decode_nll(mu[order]), decode_nll(mu), order), message
    )


def _of_codes(codes: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in which code a picture is drawn from instead of its own."""
    return Mistake(
        lambda decode_nll, mu, order: decode_nll(codes(mu, order)) - decode_nll(mu), message
    )


_PICTURE_MOVED = (
    "You moved the costs and not the codes: this compares what *another picture* costs from its "
    "own code with what this one does. The code is to be another's and the picture its own: "
    "`mu[order]` goes into decode_nll."
)
_NOT_ALL = (
    "You called decode_nll with codes of another shape than (batch, latent). The pictures stand in "
    "a fixed row inside it, so it wants a code for each of them, in one call: `mu[order]`."
)


def _leaves_the_decoder_alone(answer: Answer) -> None:
    """What the decoder keeps, its pictures above all, is as it was."""
    pictures, mu, order = _trial(answer.generator(), 5, 2, 6)
    kept = [(name, getattr(pictures, name).clone()) for name in ("x", "weight")]
    answer(pictures, mu, order)
    for name, before in kept:
        if not torch.equal(getattr(pictures, name), before):
            raise Wrong(
                f"Your function changed `decode_nll.{name}`. Ask decode_nll for its numbers, and "
                "leave what is inside as it is."
            )


_compared = Comparison(
    probes=_crowd,
    shape="(batch,): one number for each picture",
    advice=(
        "Take the first picture by hand: its stranger is order[0], the code to draw it from is "
        "mu[order[0]], and what it costs beyond its own code is the first number."
    ),
    mistakes=[
        _of_costs(
            lambda other, own, order: own - other,
            "The sign is turned: how much *worse* the stranger's code is, so the cost with it less "
            "the cost with the picture's own.",
        ),
        _of_costs(
            lambda other, own, order: other,
            "This is what each picture costs when drawn from the stranger's code, and a hard "
            "picture costs much from any. Subtract what it costs from its own: `decode_nll(mu)`.",
        ),
        _of_costs(
            lambda other, own, order: own,
            "This is what each picture costs from its own code. Ask decode_nll for the strangers' "
            "codes too, and subtract.",
        ),
        _of_costs(
            lambda other, own, order: other - own[order],
            "You subtract what the *stranger's* picture costs. The average over a batch comes out "
            "the same, but not the number of a picture: subtract its own cost, unmoved.",
        ),
        _of_costs(lambda other, own, order: own[order] - own, _PICTURE_MOVED),
        _of_costs(
            lambda other, own, order: (other - own)[order],
            "The differences are right, but each stands at another picture's place: the result is "
            "moved by `order` once more. Only the codes are to be moved.",
        ),
        _of_costs(
            lambda other, own, order: (other - own).mean(),
            "One number for the whole batch, the mean. Each picture has a number of its own here; "
            "whoever asks takes the mean.",
        ),
        _of_costs(
            lambda other, own, order: (other - own).sum(),
            "The pictures are summed as well. Each has a number of its own here, (batch,).",
        ),
        _of_costs(
            lambda other, own, order: (other - own).abs(),
            "Where a stranger's code happens to be the better one the number is negative; you made "
            "it positive. Leave out `abs`.",
        ),
        _of_costs(
            lambda other, own, order: (other - own).clamp(min=0),
            "Where a stranger's code happens to be the better one the number is negative; you cut "
            "it off at 0. Leave out `clamp`: an average would come out too high.",
        ),
        _of_costs(
            lambda other, own, order: other / own,
            "This is a ratio. Nats are logarithms, so they are compared by a difference.",
        ),
        _of_costs(
            lambda other, own, order: (other - own).exp(),
            "You exponentiated the difference: that is how many *times* less probable the picture "
            "is. Nats are wanted, the difference itself.",
        ),
        _of_codes(
            lambda mu, order: mu[order.long().argsort()],
            "You went the wrong way round: picture i got the code of the one whose stranger it is. "
            "Its code is row order[i] of mu: `mu[order]`.",
        ),
        *(
            _of_codes(
                lambda mu, order, step=step: mu.roll(step, 0),
                "Each picture got its neighbour's code, and `order` is ignored. It says whose code "
                "picture i gets: `mu[order]`.",
            )
            for step in (1, -1)
        ),
        _of_codes(
            lambda mu, order: mu.flip(0),
            "You turned the row of codes round, and `order` is ignored. It says whose code picture "
            "i gets: `mu[order]`.",
        ),
        _of_codes(
            lambda mu, order: torch.zeros_like(mu),
            "You draw every picture from the code 0, the middle of the prior. A stranger's code is "
            "asked for: `mu[order]`.",
        ),
        _of_codes(
            lambda mu, order: mu.mean(0).expand_as(mu),
            "You draw every picture from the average code. A stranger's code is asked for: "
            "`mu[order]`.",
        ),
        _of_codes(
            lambda mu, order: mu[:, order.long() % mu.shape[1]],
            "You mixed the numbers within each code, `mu[:, order]`. `order` speaks of pictures, "
            "the first axis: `mu[order]`.",
        ),
        _of_codes(
            lambda mu, order: mu - mu[order],
            "You draw from the difference of the two codes. Draw from each, and subtract the nats.",
        ),
        Mistake(
            lambda decode_nll, mu, order: decode_nll(mu[order] - mu),
            "You subtract the codes, and draw from the difference. Draw from each, and subtract "
            "the nats.",
        ),
        Mistake(
            lambda decode_nll, mu, order: (mu[order] - mu).square().sum(1),
            "This is how far the two codes lie apart. A decoder that does not listen would not "
            "mind: ask decode_nll what each costs.",
        ),
        Mistake(
            lambda decode_nll, mu, order: decode_nll(mu[order][None]) - decode_nll(mu[None]),
            _NOT_ALL,
        ),
        Mistake(
            lambda decode_nll, mu, order: torch.stack(
                [decode_nll(mu[order[i]]) - decode_nll(mu[i]) for i in range(len(mu))]
            ),
            _NOT_ALL,
        ),
        Mistake(
            lambda decode_nll, mu, order: torch.cat(
                [decode_nll(mu[order[i]][None]) - decode_nll(mu[i][None]) for i in range(len(mu))]
            ),
            _NOT_ALL,
        ),
        Mistake(
            lambda decode_nll, mu, order: torch.cat(
                [decode_nll(mu[i : i + 1]) for i in order.tolist()]
            ),
            _NOT_ALL,
        ),
        Mistake(
            lambda decode_nll, mu, order: decode_nll(mu[order[0]]) - decode_nll(mu[0]), _NOT_ALL
        ),
    ],
)

exercise = Exercise(
    solution=nats_of_stranger,
    place=2,
    difficulty=2,
    minutes=10,
    success=(
        "A decoder that does not listen gives 0 for every picture, whoever the stranger is. Your "
        "test needs no drawing and no KL."
    ),
    hints=(
        "Two costs for each picture: drawn from the stranger's code, and drawn from its own. "
        "Which of the two needs `order`, and what is it that `order` moves: codes, or costs?",
        "`mu[order]` is the row of strangers' codes: row order[i] of mu stands at place i. "
        "decode_nll takes all codes at once.",
    ),
    stages=before_value(_compared.stages, Stage("left as it was", _leaves_the_decoder_alone)),
)
