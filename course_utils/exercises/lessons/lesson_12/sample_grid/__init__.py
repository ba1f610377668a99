"""`sample_grid`, lesson 12: a text is written symbol after symbol, each drawn given those before.

Right answers draw their random numbers in any way they like, so no grid is compared with one of the
reference. Two kinds of priors are asked instead. Where a grid's first symbol decides all that
follow, it shows what each place had seen; where chances are known, shares are counted.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.chance import expect_generator_used
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.expect import STANDARD_ERRORS, expect_shape, expect_type
from course_utils.exercises.checking.signature import expect_attempted
from course_utils.exercises.lessons.lesson_12.sample_grid.priors import Chancy, Decided, Prior


def sample_grid(
    prior: Callable[[Tensor], Float[Tensor, "n symbols height width"]],
    n: int,
    generator: torch.Generator,
) -> Int[Tensor, "n height width"]:
    """n new grids of symbols, whole numbers, drawn place after place in reading order.

    prior(k) gives, for n grids k of symbols, the logits of the symbol at each place, given the
    symbols before it; what stands in k at the place itself and later has no influence. prior.shape
    is (height, width). All chance comes from the generator.
    """
    height, width = prior.shape
    written = torch.zeros(n, height, width, dtype=torch.long)
    with torch.no_grad():
        for i in range(height):
            for j in range(width):
                p = prior(written)[:, :, i, j].softmax(dim=1)
                written[:, i, j] = torch.multinomial(p, 1, generator=generator)[:, 0]
    return written


# --- the checks ---------------------------------------------------------------------------------


def _draw(answer: Answer, prior: Prior, n: int, generator: torch.Generator) -> Tensor:
    """What the answer draws: whole numbers, (n, height, width), each a symbol of the prior's."""
    try:
        got = answer(prior, n, generator)
    except Crash as crash:
        raise _explained(crash, prior) from None
    expect_attempted(got, answer)
    expected = torch.zeros(n, *prior.shape, dtype=torch.long)
    expect_type(got, expected)
    words = "(n, height, width): n grids with a symbol at each place"
    expect_shape(got, expected, words, {"n": n, "prior.shape": prior.shape})
    got = got.detach().clone().long()
    if got.min() < 0 or got.max() >= prior.symbols:
        raise Wrong(
            f"Your grids hold the symbol {int(got.min() if got.min() < 0 else got.max())}; with "
            f"logits for {prior.symbols} symbols they go from 0 to {prior.symbols - 1}."
        )
    return got


def _explained(crash: Crash, prior: Prior) -> Wrong:
    said = str(crash.error)
    if prior.complaint and prior.complaint in said:
        return Wrong(prior.complaint)
    if any(words in said for words in ("element < 0", "inf, nan", "sum to zero", "sum of prob")):
        return Wrong(
            "What you handed to the draw are no probabilities: something in it is negative, "
            "infinite or not a number. Logits may be any numbers, and large ones overflow in "
            "`exp`; `.softmax(dim=1)` over the symbols makes probabilities of them, and takes the "
            f"largest off first.\n{crash}"
        )
    if isinstance(crash.error, IndexError) and "size" in said:
        return Wrong(
            "An index left the grid. Row i stands before column j, in `prior.shape` and in "
            f"`[:, :, i, j]`, and the grid need not be a square.\n{crash}"
        )
    return crash


def _shapes(answer: Answer) -> None:
    source = answer.generator()
    for n, shape, dtype in (
        (3, (2, 4), torch.float32),
        (1, (3, 2), torch.float32),
        (5, (1, 6), torch.float64),
        (4, (7, 7), torch.float32),
    ):
        _draw(answer, Decided(shape, dtype), n, source)


def _between(prior: Prior, seen: Callable[[int, int], bool]) -> Callable[[Tensor], Tensor]:
    """What follows if place p had seen only the places q for which seen(p, q), and 0 elsewhere."""
    places = prior.shape[0] * prior.shape[1]
    visible = torch.tensor([[seen(p, q) for q in range(places)] for p in range(places)])

    def follows(k: Tensor) -> Tensor:
        flat = k.flatten(1)
        views = torch.where(visible, flat[:, None], 0)  # (n, place, what it saw)
        each = prior.next(views.reshape(-1, *prior.shape)).view(len(k), places, places)
        return each.diagonal(dim1=1, dim2=2)

    return follows


ALONE = (
    "No place knows what was drawn before it: whenever you ask the prior, k is still what it was "
    "at the beginning. Write each symbol into the k that you ask about next."
)
ONCE = (
    "You ask the prior once, and draw all places from its answer, as if zeros stood before each. "
    "One pass is enough for *real* grids, whose symbols are all known; to draw, write each symbol "
    "into k and ask again."
)
BACKWARDS = (
    "You begin at the end. The prior of a place looks at those *before* it in reading order, so "
    "the first place comes first."
)
NO_CHANCE = (
    "Your grids hold symbols that have no chance at all where they stand: their logits are far "
    "below all others. Is something added to the probabilities, or are the logits clamped? Take "
    "the softmax as it is."
)
ORDERS: list[tuple[Callable[[int, int, int, int], bool], str]] = [
    (
        lambda p, q, height, width: False,
        ALONE,
    ),
    (
        lambda p, q, height, width: q // width < p // width,
        "Each row knows the rows above it, but not its own left part: you draw a whole row at "
        "once. Ask the prior again after every single place.",
    ),
    (
        lambda p, q, height, width: (q % width, q // width) < (p % width, p // width),
        "You go down the columns. Reading order is row after row, and a place may depend on all "
        "rows above it: the outer loop is over the rows.",
    ),
    (
        lambda p, q, height, width: q == p - 1,
        "Each place knows the one just before it and nothing else. Keep all that was drawn in k.",
    ),
    (
        lambda p, q, height, width: q < p and q // width == p // width,
        "Each row knows its own left part, but not the rows above it. Keep them in k: one tensor "
        "for the whole grid, made once, before the loops.",
    ),
]


def _order(answer: Answer) -> None:
    """Whether each place was drawn with all of those before it, and only them, in view."""
    source = answer.generator()
    prior = Decided((3, 4))
    height, width = prior.shape
    got = _draw(answer, prior, 60, source)
    flat = got.flatten(1)
    if torch.equal(flat[:, 1:], prior.next(got)[:, 1:]):
        return
    right = flat[:, 1:] == prior.next(got)[:, 1:]
    if right.float().mean() > 0.8:
        skipped = (right.float().mean(0) < 0.5).nonzero()
        raise Wrong(_skipped(int(skipped[0]) + 1, width) if len(skipped) else NO_CHANCE)
    for saw, message in ORDERS:
        follows = _between(prior, lambda p, q, saw=saw: saw(p, q, height, width))
        # What was visited first was free only where the prior says so, in the first place.
        if torch.equal(flat[:, 1:], follows(got)[:, 1:]):
            raise Wrong(_why_alone(prior) if message is ALONE else message)
    first = int((~right).any(0).nonzero()[0]) + 1
    raise Wrong(
        "We asked with a prior in which the symbols before a place decide the one at it. Up to "
        f"place {first} (in reading order, from 0) your grids follow it; at row {first // width}, "
        f"column {first % width} they do not. Ask `prior(k)` anew for each place, with all symbols "
        "before it in k, and read the logits at that very place: `[:, :, i, j]`."
    )


def _skipped(place: int, width: int) -> str:
    return (
        f"What stands at row {place // width}, column {place % width} does not follow from what "
        "stands before it, as most others do. Is it drawn at all? The loops go over every place, "
        "`range(height)` and `range(width)`, and what is drawn is written into k at that place."
    )


def _why_alone(prior: Decided) -> str:
    """What made each place see nothing but zeros before it."""
    if len(prior.asked) == 1:
        return ONCE
    return BACKWARDS if prior.asked[-1][:, -1, -1].any() else ALONE


def _sizes(answer: Answer) -> None:
    """Other grids, of other sizes, and one alone."""
    source = answer.generator()
    for shape in ((2, 5), (5, 1), (1, 7), (5, 4)):
        prior = Decided(shape)
        got = _draw(answer, prior, 60, source)
        if not torch.equal(got.flatten(1)[:, 1:], prior.next(got)[:, 1:]):
            raise Wrong(
                f"Grids of 3 × 4 are drawn well, but those of {shape[0]} × {shape[1]} are not: "
                "what stands before a place does not decide it as the prior says. Take every size "
                "from `prior.shape`."
            )


def _large(answer: Answer) -> None:
    """Logits that are far apart, and symbols that cannot occur."""
    source = answer.generator()
    for impossible in (-800.0, -math.inf):
        prior = Decided((2, 3), impossible=impossible)
        got = _draw(answer, prior, 30, source)
        if not torch.equal(got.flatten(1)[:, 1:], prior.next(got)[:, 1:]):
            raise Wrong(NO_CHANCE)


# Wrong ways from logits (n, symbols) to what is drawn in proportion to it.
CHANCES: list[tuple[Callable[[Tensor], Tensor], str]] = [
    (
        lambda logits: F.one_hot(logits.argmax(1), logits.shape[1]).float(),
        "You take the most probable symbol each time. That is one text, the same at every call "
        "(and often a dull one); to have them as often as the prior says, *draw* each symbol: "
        "`torch.multinomial`.",
    ),
    (
        torch.ones_like,
        "All symbols come equally often: the logits have no influence on your draw.",
    ),
    (
        lambda logits: logits.softmax(1).softmax(1),
        "The softmax is taken twice, which makes the chances nearly even. Once is enough.",
    ),
    (
        lambda logits: logits.sigmoid(),
        "You took the sigmoid of each logit by itself. The symbols compete for one place: their "
        "chances are the softmax over the symbols, `dim=1`.",
    ),
    (
        lambda logits: logits.softmax(0),
        "The softmax runs over the grids, `dim=0`, so that the chances of a symbol depend on what "
        "else is drawn. Over the symbols it is `dim=1`.",
    ),
    (
        lambda logits: logits.softmax(1) ** 2,
        "Probable symbols come too often, as if the probabilities were squared (or the logits "
        "doubled). Draw from the softmax itself.",
    ),
    (
        lambda logits: logits.softmax(1).sqrt(),
        "Rare symbols come too often, as if the logits were halved. Draw from the softmax itself.",
    ),
    (
        lambda logits: (-logits).softmax(1),
        "The sign is turned: the improbable symbols come often.",
    ),
    (
        lambda logits: logits - logits.amin(1, keepdim=True),
        "You draw in proportion to the logits, moved up until none is negative. They are "
        "logarithms: `.softmax(dim=1)` makes probabilities of them.",
    ),
    (
        lambda logits: logits.clamp(min=0),
        "You draw in proportion to the logits, with 0 where they are negative. They are "
        "logarithms: `.softmax(dim=1)` makes probabilities of them.",
    ),
    (
        lambda logits: logits.abs(),
        "You draw in proportion to the logits without their sign. They are logarithms: "
        "`.softmax(dim=1)` makes probabilities of them.",
    ),
]


def _chance(answer: Answer) -> None:
    """Whether every symbol comes as often as the prior says, given the one before."""
    source = answer.generator()
    prior = Chancy(source)
    got = _draw(answer, prior, 700, source)
    if (got == got[:1]).all() and not _fits(got, prior, CHANCES[0][0]):
        raise Wrong(
            "All n grids are the same: one was drawn and copied, or one random number served all "
            "of them. Each grid needs draws of its own."
        )
    if _fits(got, prior, lambda logits: logits.softmax(1)):
        _expect_own_draws(got)
        return
    fitting = [named for named in CHANCES if _fits(got, prior, named[0])]
    if fitting:
        raise Wrong(max(fitting, key=lambda named: _log_likelihood(got, prior, named[0]))[1])
    i, j, symbol, share, wanted = _worst(got, prior)
    raise Wrong(
        f"Of 700 grids the symbol {symbol} should stand at row {i}, column {j} in {wanted:.0%}, "
        f"given what stands before, and it does in {share:.0%}. Draw each symbol with the "
        "probabilities `prior(k)[:, :, i, j].softmax(dim=1)`, anew for each grid and each place."
    )


def _wanted(got: Tensor, prior: Prior, chances: Callable[[Tensor], Tensor]) -> Tensor:
    """The chance of each symbol at each place of each grid: (n, symbols, places)."""
    logits = prior(got).flatten(2)
    each = [chances(logits[:, :, place]) for place in range(logits.shape[2])]
    each = torch.stack(each, 2).double()
    return each / each.sum(1, keepdim=True)


def _fits(got: Tensor, prior: Prior, chances: Callable[[Tensor], Tensor]) -> bool:
    """Whether all shares are within six standard errors: of each symbol at each place, among grids
    with the same symbol before; and of the most probable symbol, the second and so on at all places
    together, which shows what is a little wrong everywhere."""
    wanted = _wanted(got, prior, chances)
    drawn = F.one_hot(got.flatten(1), prior.symbols).movedim(2, 1).double()
    last = F.pad(got.flatten(1), (1, 0))[:, :-1]
    off, variance = drawn - wanted, wanted * (1 - wanted)
    groups = [(last == before).double()[:, None] for before in range(prior.symbols)]
    shares = [((off * here).sum(0), (variance * here).sum(0)) for here in groups]
    order = wanted.argsort(1, descending=True)
    shares.append(tuple(each.gather(1, order).sum((0, 2)) for each in (off, variance)))
    return all(
        bool((far.abs() <= STANDARD_ERRORS * spread.sqrt() + 1e-6).all()) for far, spread in shares
    )


def _log_likelihood(got: Tensor, prior: Prior, chances: Callable[[Tensor], Tensor]) -> float:
    """Of what was drawn, if these were the chances."""
    drawn = _wanted(got, prior, chances).gather(1, got.flatten(1)[:, None])
    return drawn.log().sum().item()


def _worst(got: Tensor, prior: Prior) -> tuple[int, int, int, float, float]:
    """Where shares are farthest off: row, column, symbol, its share and the one expected."""
    wanted = _wanted(got, prior, lambda logits: logits.softmax(1)).mean(0)
    drawn = F.one_hot(got.flatten(1), prior.symbols).movedim(2, 1).double().mean(0)
    symbol, place = divmod(int((drawn - wanted).abs().argmax()), drawn.shape[1])
    row, column = divmod(place, prior.shape[1])
    return row, column, symbol, drawn[symbol, place].item(), wanted[symbol, place].item()


def _expect_own_draws(got: Tensor) -> None:
    """Raise `Wrong` if a grid goes together with the next one."""
    first = F.one_hot(got[:, 0, 0], 3).double()
    first = first - first.mean(0)
    together = (first[1:] * first[:-1]).sum(1)
    error = together.std() / math.sqrt(len(together))
    if together.mean().abs() > STANDARD_ERRORS * error:
        raise Wrong(
            "A grid goes together with the one drawn beside it. Each grid needs draws of its own: "
            "`torch.multinomial(p, 1, generator=generator)` draws one for each row of p."
        )


def _generator(answer: Answer) -> None:
    """All chance comes from the generator, and none of it from elsewhere."""
    prior = Chancy(answer.generator())
    by = "torch.multinomial(p, 1, generator=generator)"
    expect_generator_used(lambda generator: _draw(answer, prior, 40, generator), by)


exercise = Exercise(
    solution=sample_grid,
    place=4,
    difficulty=3,
    minutes=10,
    success="It writes texts now: the film below is drawn by it, symbol after symbol.",
    hints=(
        "Begin with a tensor of zeros, (n, height, width), whole numbers. Two loops go over the "
        "places in reading order, rows outside. What does `prior(k)` know once the places before "
        "(i, j) are filled?",
        "The logits at the place are `prior(k)[:, :, i, j]`, (n, symbols), and `.softmax(dim=1)` "
        "makes a probability of each.",
        "`torch.multinomial(p, 1, generator=generator)` draws one index for each row of p, as "
        "(n, 1). Write it into `k[:, i, j]`, and ask the prior again.",
        "Nothing here is trained: with `torch.no_grad():` around the loops it takes less memory.",
    ),
    stages=(
        Stage("type and shape", _shapes),
        Stage("order", _order),
        Stage("sizes", _sizes),
        Stage("chance", _chance),
        Stage("large logits", _large),
        Stage("generator", _generator),
    ),
)
