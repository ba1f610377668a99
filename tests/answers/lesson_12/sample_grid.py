"""Answers to `sample_grid`, lesson 12, as learners write them."""

from itertools import product

import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def by_gumbel(prior, n, generator):
    """The largest of logits plus Gumbel noise; one loop over flat places."""
    height, width = prior.shape
    k = torch.zeros(n, height * width, dtype=torch.long)
    for place in range(height * width):
        logits = prior(k.view(n, height, width)).flatten(2)[:, :, place]
        noise = -torch.log(-torch.log(torch.rand(logits.shape, generator=generator).clamp(1e-30)))
        k[:, place] = (logits + noise).argmax(1)
    return k.view(n, height, width)


def by_the_inverse(prior, n, generator):
    """One number between 0 and 1 for each grid, and the first piece that reaches beyond it."""
    k = torch.zeros(n, *prior.shape, dtype=torch.long)
    for i, j in product(*map(range, prior.shape)):
        with torch.no_grad():
            ends = prior(k)[:, :, i, j].double().softmax(-1).cumsum(-1)
        u = torch.rand(n, 1, generator=generator, dtype=torch.float64) * ends[:, -1:]
        k[:, i, j] = torch.searchsorted(ends, u, right=True)[:, 0].clamp(max=ends.shape[1] - 1)
    return k


def one_grid_at_a_time(prior, n, generator):
    height, width = prior.shape
    grids = []
    for _ in range(n):
        k = torch.full((1, height, width), 1)
        for i in range(height):
            for j in range(width):
                p = F.softmax(prior(k), dim=1)[0, :, i, j]
                k[0, i, j] = torch.multinomial(p, 1, generator=generator).item()
        grids.append(k[0])
    return torch.stack(grids)


@torch.no_grad()
def never_in_place(prior, n, generator):
    """A new tensor after each draw."""
    k = torch.zeros(n, *prior.shape, dtype=torch.int64)
    for i, j in product(range(prior.shape[0]), range(prior.shape[1])):
        drawn = torch.multinomial(prior(k)[..., i, j].softmax(-1), 1, generator=generator)
        here = torch.zeros(prior.shape, dtype=torch.bool)
        here[i, j] = True
        k = torch.where(here, drawn[:, :, None], k)
    return k


def logits_as_they_are(prior, n, generator):
    k = torch.zeros(n, *prior.shape, dtype=torch.long)
    for i, j in product(*map(range, prior.shape)):
        log_p = prior(k)[:, :, i, j].log_softmax(1)
        k[:, i, j] = torch.multinomial(log_p.exp(), 1, True, generator=generator).squeeze(1)
    return k


# --- wrong ----------------------------------------------------------------------------------------


def written(prior, n, generator, chances, places=None):
    """As the reference, with other chances or in another order."""
    k = torch.zeros(n, *prior.shape, dtype=torch.long)
    for i, j in places or product(*map(range, prior.shape)):
        p = chances(prior(k)[:, :, i, j])
        k[:, i, j] = torch.multinomial(p, 1, generator=generator)[:, 0]
    return k


def softmax(logits):
    return logits.softmax(1)


def all_at_once(prior, n, generator):
    p = prior(torch.zeros(n, *prior.shape, dtype=torch.long)).softmax(1).movedim(1, -1)
    drawn = torch.multinomial(p.reshape(-1, p.shape[-1]), 1, generator=generator)
    return drawn.view(n, *prior.shape)


def never_written_back(prior, n, generator):
    k = torch.zeros(n, *prior.shape, dtype=torch.long)
    result = k.clone()
    for i, j in product(*map(range, prior.shape)):
        p = prior(k)[:, :, i, j].softmax(1)
        result[:, i, j] = torch.multinomial(p, 1, generator=generator)[:, 0]
    return result


def row_at_once(prior, n, generator):
    k = torch.zeros(n, *prior.shape, dtype=torch.long)
    for i in range(prior.shape[0]):
        p = prior(k)[:, :, i].softmax(1)
        for j in range(prior.shape[1]):
            k[:, i, j] = torch.multinomial(p[:, :, j], 1, generator=generator)[:, 0]
    return k


def column_by_column(prior, n, generator):
    height, width = prior.shape
    places = [(i, j) for j in range(width) for i in range(height)]
    return written(prior, n, generator, softmax, places)


def without_the_last_place(prior, n, generator):
    places = [*product(*map(range, prior.shape))][:-1] or [(0, 0)]
    return written(prior, n, generator, softmax, places)


def without_the_first_column(prior, n, generator):
    places = [(i, j) for i, j in product(*map(range, prior.shape)) if j or i == 0]
    return written(prior, n, generator, softmax, places)


def backwards(prior, n, generator):
    places = list(product(*map(range, prior.shape)))[::-1]
    return written(prior, n, generator, softmax, places)


def forgets_the_rows(prior, n, generator):
    rows = []
    for i in range(prior.shape[0]):
        k = torch.zeros(n, *prior.shape, dtype=torch.long)
        for j in range(prior.shape[1]):
            p = prior(k)[:, :, i, j].softmax(1)
            k[:, i, j] = torch.multinomial(p, 1, generator=generator)[:, 0]
        rows.append(k[:, i])
    return torch.stack(rows, 1)


def knows_only_the_last(prior, n, generator):
    result = torch.zeros(n, *prior.shape, dtype=torch.long)
    k = result.clone()
    for i, j in product(*map(range, prior.shape)):
        p = prior(k)[:, :, i, j].softmax(1)
        k = torch.zeros_like(result)
        k[:, i, j] = result[:, i, j] = torch.multinomial(p, 1, generator=generator)[:, 0]
    return result


def the_next_place(prior, n, generator):
    """The logits of the place to the right."""
    k = torch.zeros(n, *prior.shape, dtype=torch.long)
    for i, j in product(*map(range, prior.shape)):
        p = prior(k)[:, :, i, min(j + 1, prior.shape[1] - 1)].softmax(1)
        k[:, i, j] = torch.multinomial(p, 1, generator=generator)[:, 0]
    return k


def most_probable(prior, n, generator):
    k = torch.zeros(n, *prior.shape, dtype=torch.long)
    for i, j in product(*map(range, prior.shape)):
        k[:, i, j] = prior(k)[:, :, i, j].argmax(1)
    return k


def draws_evenly(prior, n, generator):
    return written(prior, n, generator, lambda logits: (logits > -50).float())


def softmax_twice(prior, n, generator):
    def twice(logits):
        p = logits.softmax(1)
        return p if logits.max() - logits.min() > 50 else p.softmax(1)

    return written(prior, n, generator, twice)


def by_sigmoid(prior, n, generator):
    return written(prior, n, generator, torch.sigmoid)


def over_the_grids(prior, n, generator):
    return written(prior, n, generator, lambda logits: logits.softmax(0))


def doubled(prior, n, generator):
    return written(prior, n, generator, lambda logits: (2 * logits).softmax(1))


def tempered(prior, n, generator):
    return written(prior, n, generator, lambda logits: (logits / 2).softmax(1))


def moved_up(prior, n, generator):
    return written(prior, n, generator, lambda logits: logits - logits.amin(1, keepdim=True))


def clamped_logits(prior, n, generator):
    return written(prior, n, generator, lambda logits: logits.clamp(min=0))


def logits_for_probabilities(prior, n, generator):
    return written(prior, n, generator, lambda logits: logits)


def one_copied(prior, n, generator):
    return written(prior, 1, generator, softmax).repeat(n, 1, 1)


def in_pairs(prior, n, generator):
    half = written(prior, (n + 1) // 2, generator, softmax)
    return half.repeat_interleave(2, 0)[:n]


def exp_by_hand(prior, n, generator):
    def shares(logits):
        return logits.exp() / logits.exp().sum(1, keepdim=True)

    return written(prior, n, generator, shares)


def a_little_for_all(prior, n, generator):
    return written(prior, n, generator, lambda logits: logits.softmax(1) + 0.01)


def ignores_the_generator(prior, n, generator):
    return written(prior, n, None, softmax)


def seeds_inside(prior, n, generator):
    return written(prior, n, torch.Generator().manual_seed(0), softmax)


def seeds_the_generator(prior, n, generator):
    return written(prior, n, generator.manual_seed(generator.initial_seed()), softmax)


def seeds_everything(prior, n, generator):
    torch.manual_seed(0)
    return written(prior, n, generator, softmax)


def seven_by_seven(prior, n, generator):
    k = torch.zeros(n, 7, 7, dtype=torch.long)
    for i, j in product(range(7), range(7)):
        p = prior(k)[:, :, i, j].softmax(1)
        k[:, i, j] = torch.multinomial(p, 1, generator=generator)[:, 0]
    return k


def real_numbers(prior, n, generator):
    k = torch.zeros(n, *prior.shape)
    for i, j in product(*map(range, prior.shape)):
        p = prior(k)[:, :, i, j].softmax(1)
        k[:, i, j] = torch.multinomial(p, 1, generator=generator)[:, 0].float()
    return k


def real_result(prior, n, generator):
    return written(prior, n, generator, softmax).float()


def minus_one_for_empty(prior, n, generator):
    k = torch.full((n, *prior.shape), -1)
    for i, j in product(*map(range, prior.shape)):
        p = prior(k)[:, :, i, j].softmax(1)
        k[:, i, j] = torch.multinomial(p, 1, generator=generator)[:, 0]
    return k


def column_before_row(prior, n, generator):
    height, width = prior.shape
    k = torch.zeros(n, height, width, dtype=torch.long)
    for i, j in product(range(height), range(width)):
        p = prior(k)[:, :, j, i].softmax(1)
        k[:, i, j] = torch.multinomial(p, 1, generator=generator)[:, 0]
    return k


def with_an_axis_more(prior, n, generator):
    return written(prior, n, generator, softmax)[:, None]


def counts_from_one(prior, n, generator):
    return written(prior, n, generator, softmax) + 1


def for_squares_alone(prior, n, generator):
    """Four columns, as in the first try."""
    height, width = prior.shape
    k = torch.zeros(n, height, width, dtype=torch.long)
    for place in range(height * width):
        i, j = min(place // 4, height - 1), min(place % 4, width - 1)
        p = prior(k)[:, :, i, j].softmax(1)
        k[:, i, j] = torch.multinomial(p, 1, generator=generator)[:, 0]
    return k


def drawn_by(one):
    """A whole answer from what draws the symbols of one place by their logits."""

    def answer(prior, n, generator):
        k = torch.zeros(n, *prior.shape, dtype=torch.long)
        for i, j in product(*map(range, prior.shape)):
            k[:, i, j] = one(prior(k)[:, :, i, j], generator)
        return k

    answer.__name__ = one.__name__
    return answer


@drawn_by
def gumbel_turned_round(logits, generator):
    u = torch.rand(logits.shape, generator=generator).clamp(1e-30)
    return (logits + torch.log(-torch.log(u))).argmax(1)


@drawn_by
def normal_for_gumbel(logits, generator):
    return (logits + torch.randn(logits.shape, generator=generator)).argmax(1)


@drawn_by
def one_logarithm(logits, generator):
    return (logits - torch.rand(logits.shape, generator=generator).clamp(1e-30).log()).argmax(1)


@drawn_by
def a_little_colder(logits, generator):
    return torch.multinomial((1.25 * logits).softmax(1), 1, generator=generator)[:, 0]


RIGHT = [by_gumbel, by_the_inverse, one_grid_at_a_time, never_in_place, logits_as_they_are]
WRONG = {
    all_at_once: "You ask the prior once",
    never_written_back: "k is still what it was",
    row_at_once: "not its own left part",
    column_by_column: "down the columns",
    without_the_last_place: "at row 2, column 3 does not follow",
    without_the_first_column: "at row 1, column 0 does not follow",
    backwards: "You begin at the end",
    forgets_the_rows: "but not the rows above it",
    knows_only_the_last: "the one just before it and nothing else",
    the_next_place: "read the logits at that very place",
    most_probable: "the most probable symbol each time",
    draws_evenly: "equally often",
    softmax_twice: "taken twice",
    by_sigmoid: "the sigmoid of each logit",
    over_the_grids: "over the grids",
    doubled: "Probable symbols come too often",
    tempered: "Rare symbols come too often",
    moved_up: "moved up until none is negative",
    clamped_logits: "with 0 where they are negative",
    logits_for_probabilities: "no probabilities",
    one_copied: "All n grids are the same",
    in_pairs: "goes together with the one drawn beside it",
    exp_by_hand: "large ones overflow",
    a_little_for_all: "no chance at all",
    ignores_the_generator: "does not come from `generator`",
    seeds_inside: "a seed is set",
    seeds_the_generator: "you seed or copy it",
    seeds_everything: "leave out `manual_seed`",
    seven_by_seven: "are not always 7",
    real_numbers: "Symbols are whole numbers",
    real_result: "expected whole numbers",
    minus_one_for_empty: "a symbol it must be",
    column_before_row: "An index left the grid",
    with_an_axis_more: "The same numbers but for axes of length 1",
    counts_from_one: "they go from 0 to",
    gumbel_turned_round: "Of 700 grids the symbol",
    normal_for_gumbel: "Of 700 grids the symbol",
    one_logarithm: "Of 700 grids the symbol",
    a_little_colder: "Of 700 grids the symbol",
    for_squares_alone: "Take every size from",
}
