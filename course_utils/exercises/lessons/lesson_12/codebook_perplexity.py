"""`codebook_perplexity`, lesson 12: how many symbols are in use."""

import math
from collections.abc import Callable, Iterator

import torch
from jaxtyping import Int
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def codebook_perplexity(indices: Int[Tensor, "*places"], num_embeddings: int) -> float:
    """How many symbols are in use, counted by how evenly: exp(-Σ_k p_k log p_k), a Python float.

    p_k is the share of symbol k among all indices, of all pictures and places together. Indices run
    from 0 to num_embeddings - 1; a symbol that never occurs adds nothing.
    """
    counts = torch.bincount(indices.flatten(), minlength=num_embeddings)
    shares = counts / counts.sum()
    return torch.special.entr(shares).sum().exp().item()


def _codes(generator: torch.Generator) -> list[tuple[Tensor, int]]:
    def drawn(weights: list[float], *shape: int) -> Tensor:
        n = int(torch.tensor(shape).prod())
        rows = torch.multinomial(torch.tensor(weights), n, True, generator=generator)
        return rows.view(shape)

    return [
        # Four symbols, worth 2.56: no rounding of that looks like another way to count.
        (torch.tensor([3, 0, 3, 5, 3, 3, 1, 3, 3, 3]), 7),
        (drawn([5.0, 0.0, 3.0, 1.0, 1.0, 0.0, 0.5, 0.0], 4, 3, 5), 8),
        (drawn([1.0] * 12, 6, 30), 20),
        (torch.arange(51).sub(40).clamp(min=0), 11),  # one for four in five, and ten rare ones
        (torch.full((3, 4), 2), 5),
        (torch.arange(6).repeat(4), 6),
        (torch.tensor([1]), 3),
    ]


def _shares(indices: Tensor, num_embeddings: int) -> Tensor:
    counts = indices.flatten().bincount(minlength=num_embeddings)
    return counts / counts.sum()


def _of_shares(function: Callable[[Tensor], Tensor | float], message: str) -> Mistake:
    """A mistake made after the shares were found."""
    return Mistake(
        lambda indices, num_embeddings: float(function(_shares(indices, num_embeddings))), message
    )


def _entropy(p: Tensor) -> Tensor:
    return torch.special.entr(p).sum()


def _added_to_the_shares() -> Iterator[Mistake]:
    """A number against log 0, large enough to be seen in the result."""
    for small in (1e-2, 1e-3, 1e-4):
        message = (
            f"You add {small:g} to the shares against log 0, and that is enough to change the "
            "result. Leave out the symbols that never occur, or use `torch.special.entr`; a number "
            "that does no harm would be 1e-10."
        )
        yield _of_shares(lambda p, e=small: (-(p * (p + e).log()).sum()).exp(), message)
        yield _of_shares(lambda p, e=small: _entropy(p + e).exp(), message)
        yield _of_shares(lambda p, e=small: _entropy((p + e) / (p + e).sum()).exp(), message)


def _roundings() -> Iterator[Mistake]:
    message = (
        "You rounded: these are the right numbers with some of their digits cut off. The "
        "perplexity need not be a whole number; return it as it is."
    )
    for rounded in (
        round,
        math.floor,
        math.ceil,
        lambda value: round(value, 1),
        lambda value: round(value, 2),
    ):
        yield _of_shares(lambda p, f=rounded: f(float(_entropy(p).exp())), message)


exercise = Exercise(
    solution=codebook_perplexity,
    place=2,
    difficulty=2,
    minutes=10,
    success=(
        "If the indices are 0, 1, 1, 0 it is 2, whatever num_embeddings is; if every symbol occurs "
        "equally often it is num_embeddings."
    ),
    hints=(
        "Count first how often each symbol occurs; `torch.bincount` counts in a flat tensor. Which "
        "share of the whole is that?",
        "The entropy is -Σ p log p, and 0 · log 0 counts as 0: `torch.special.entr` knows that. "
        "Then the exponential, and `.item()` makes a Python number.",
    ),
    stages=Comparison(
        probes=_codes,
        shape=None,
        tolerance=3e-4,  # three digits after the point are enough
        advice=(
            "Print the share of each symbol: they sum to 1. Then the entropy -Σ p log p, in nats, "
            "and the exponential of that."
        ),
        mistakes=[
            *_roundings(),
            _of_shares(
                _entropy,
                "This is the entropy itself, in nats. The perplexity is its exponential.",
            ),
            _of_shares(
                lambda p: _entropy(p) / torch.log(torch.tensor(2.0)),
                "This is the entropy in bits. Take it in nats, and then its exponential.",
            ),
            _of_shares(
                lambda p: (-_entropy(p)).exp(),
                "The minus is missing: this is exp(+Σ p log p), one divided by the perplexity.",
            ),
            _of_shares(
                lambda p: (_entropy(p) / torch.log(torch.tensor(2.0))).exp(),
                "You mix two bases: the entropy is in bits (`log2`), and e is raised to it. Use "
                "the natural logarithm with `exp`.",
            ),
            _of_shares(
                lambda p: 2 ** _entropy(p),
                "You mix two bases: the entropy is in nats, and 2 is raised to it. Use `exp`.",
            ),
            _of_shares(
                lambda p: (p > 0).sum(),
                "You count the symbols that occur at all. Perplexity weighs them: one that occurs "
                "once in a thousand hardly counts.",
            ),
            _of_shares(
                lambda p: (p > 0).sum() / len(p),
                "This is the share of the symbols that occur at all. Perplexity is a number of "
                "symbols, and weighs them by how often they occur.",
            ),
            _of_shares(
                lambda p: (_entropy(p) / (p > 0).sum()).exp(),
                "The mean over the symbols that occur stands where the sum belongs: -Σ p log p.",
            ),
            _of_shares(
                lambda p: _entropy(p).exp() / (p > 0).sum(),
                "You divide by how many symbols occur: that says how evenly these are used. The "
                "perplexity itself is a number of symbols.",
            ),
            _of_shares(
                lambda p: (p > 0.5 / len(p)).sum(),
                "You count the symbols above a share. Perplexity has no such line: each symbol "
                "counts by its share.",
            ),
            _of_shares(
                lambda p: _entropy(p).exp() / len(p),
                "You divide by `num_embeddings`. The perplexity is a number of symbols and no "
                "share of them.",
            ),
            _of_shares(
                lambda p: (_entropy(p) / len(p)).exp(),
                "The mean over symbols stands where their sum belongs: -Σ p log p.",
            ),
            _of_shares(
                lambda p: 1 / (p**2).sum(),
                "This is 1 / Σ p², another way to count what is in use. Asked for is exp(-Σ p log "
                "p).",
            ),
            _of_shares(
                lambda p: 1 / p.max(),
                "This is one over the largest share; the other symbols count as well.",
            ),
            _of_shares(
                lambda p: -(p * p.log()).sum().exp(),
                "The exponential of a sum that is not a number: 0 · log 0 is nan for a computer. A "
                "symbol that never occurs adds nothing; leave it out, or use "
                "`torch.special.entr`. (And your minus stands before the exponential.)",
            ),
            _of_shares(
                lambda p: (-(p * p.log()).sum()).exp(),
                "A symbol that never occurs has the share 0, and 0 · log 0 is nan for a computer. "
                "It adds nothing: leave such symbols out, `p[p > 0]`, or use "
                "`torch.special.entr`.",
            ),
            _of_shares(
                lambda p: -_entropy(p).exp(),
                "The minus stands outside of the exponential. It belongs inside, to the sum.",
            ),
            _of_shares(
                lambda p: _entropy(p.softmax(0)).exp(),
                "You send the shares through a softmax, which makes others of them. Counts divided "
                "by their sum are shares already.",
            ),
            Mistake(
                lambda indices, num_embeddings: float(
                    _entropy(
                        indices.flatten().bincount(minlength=num_embeddings).float().softmax(0)
                    ).exp()
                ),
                "You make shares of the counts by a softmax. Divide them by their sum.",
            ),
            Mistake(
                lambda indices, num_embeddings: float(
                    _entropy(
                        indices.flatten().bincount(minlength=num_embeddings) / num_embeddings
                    ).exp()
                ),
                "You divide the counts by `num_embeddings`. Shares come from dividing by how many "
                "indices there are.",
            ),
            Mistake(
                lambda indices, num_embeddings: float(
                    _entropy(
                        indices.flatten().bincount(minlength=num_embeddings) / len(indices)
                    ).exp()
                ),
                "You divide the counts by the length of the first axis, `len(indices)`. All places "
                "of all pictures count: divide by `indices.numel()`.",
            ),
            Mistake(
                lambda indices, num_embeddings: (
                    sum(float(_entropy(_shares(row, num_embeddings)).exp()) for row in indices)
                    / len(indices)
                ),
                "This is the perplexity of each row by itself, averaged. Count over all indices "
                "together: a symbol may be rare in one picture and common in another.",
            ),
            Mistake(
                lambda indices, num_embeddings: math.exp(
                    sum(float(_entropy(_shares(row, num_embeddings))) for row in indices)
                    / len(indices)
                ),
                "The entropy is averaged over the rows, or pictures. Count over all indices "
                "together, and take the entropy once.",
            ),
            Mistake(
                lambda indices, num_embeddings: (
                    sum(float(_entropy(_shares(row, num_embeddings)).exp()) for row in indices)
                    / len(indices)
                    if indices.ndim > 1
                    else float(_entropy(_shares(indices, num_embeddings)).exp())
                ),
                "With pictures of several rows this is the perplexity of each picture by itself, "
                "averaged. Count over all pictures together.",
            ),
            Mistake(
                lambda indices, num_embeddings: float(
                    _entropy(_shares(indices[:1], num_embeddings)).exp()
                ),
                "Only the first row is counted. Lay all indices flat first.",
            ),
            Mistake(
                lambda indices, num_embeddings: float(
                    _entropy(
                        (indices.flatten().bincount(minlength=num_embeddings) + 1)
                        / (indices.numel() + num_embeddings)
                    ).exp()
                ),
                "You add one to every count. That keeps log 0 away, but it counts each symbol "
                "once more than it occurs, and those that never occur as well. Leave these out "
                "instead.",
            ),
            *_added_to_the_shares(),
            Mistake(
                lambda indices, num_embeddings: float(num_embeddings),
                "This is the number of symbols there are. Count those that are in use, by how "
                "evenly.",
            ),
        ],
    ).stages,
)
