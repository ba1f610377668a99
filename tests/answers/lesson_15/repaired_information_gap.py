"""Answers to `repaired_information_gap`, lesson 15, as learners write them."""

import torch

from course_utils import factor_entropy, mutual_information, mutual_information_gap

# --- right ----------------------------------------------------------------------------------------


def gap_package(codes, factors):
    return mutual_information_gap(codes, factors)


def gap_columns(codes, factors):
    known = torch.stack(
        [mutual_information(codes[:, [j]], factors)[0] for j in range(codes.shape[1])]
    )
    ordered = known.sort(dim=0, descending=True).values
    return float(((ordered[0] - ordered[1]) / factor_entropy(factors)).mean())


def gap_permuted(codes, factors):
    rows = codes.permute(1, 0).contiguous()
    known = torch.cat([mutual_information(row.view(-1, 1), factors) for row in rows])
    best, second = known.topk(2, dim=0).values
    return torch.mean((best - second) / factor_entropy(factors)).item()


# --- wrong ----------------------------------------------------------------------------------------


def _best_two(codes, factors):
    return mutual_information(codes, factors).topk(2, dim=0).values


def gap_best_alone(codes, factors):
    return (_best_two(codes, factors)[0] / factor_entropy(factors)).mean().item()


def gap_in_nats(codes, factors):
    best, second = _best_two(codes, factors)
    return (best - second).mean().item()


def gap_mean_entropy(codes, factors):
    best, second = _best_two(codes, factors)
    return ((best - second).mean() / factor_entropy(factors).mean()).item()


def gap_summed(codes, factors):
    best, second = _best_two(codes, factors)
    return ((best - second) / factor_entropy(factors)).sum().item()


def gap_best_factor(codes, factors):
    best, second = _best_two(codes, factors)
    return ((best - second) / factor_entropy(factors)).max().item()


def gap_turned(codes, factors):
    best, second = _best_two(codes, factors)
    return ((second - best) / factor_entropy(factors)).mean().item()


def gap_worst(codes, factors):
    known = mutual_information(codes, factors)
    return ((known.amax(0) - known.amin(0)) / factor_entropy(factors)).mean().item()


def gap_mean(codes, factors):
    known = mutual_information(codes, factors)
    return ((known.amax(0) - known.mean(0)) / factor_entropy(factors)).mean().item()


def gap_of_the_best(codes, factors):
    best, second = _best_two(codes, factors)
    return ((best - second) / best).mean().item()


def gap_reversed(codes, factors):
    return mutual_information_gap(codes.flip(0), factors)


def gap_tensor(codes, factors):
    best, second = _best_two(codes, factors)
    return ((best - second) / factor_entropy(factors)).mean()


def gap_other_axis(codes, factors):
    """No known mistake: the examples are turned round, and not the matrix."""
    rows = codes.T.flip(1)
    known = torch.cat([mutual_information(row[:, None], factors) for row in rows])
    best, second = known.topk(2, dim=0).values
    return ((best - second) / (2 * factor_entropy(factors))).mean().item()


# --- the specimen ---------------------------------------------------------------------------------


def gap_specimen(codes, factors):
    shuffled = codes.flatten().view(codes.shape[1], len(codes))
    return mutual_information_gap(shuffled.T, factors)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [gap_package, gap_columns, gap_permuted]

WRONG = {
    gap_best_alone: "what the best number knows. The second best",
    gap_in_nats: "The gap in nats",
    gap_mean_entropy: "by the mean entropy",
    gap_summed: "The sum over the factors",
    gap_best_factor: "The gap of the best factor",
    gap_turned: "The sign is turned",
    gap_worst: "*worst* number",
    gap_mean: "less the mean of all",
    gap_of_the_best: "divide by what the best number knows",
    gap_reversed: "in reverse order",
    gap_tensor: "a tensor of shape ()",
    gap_other_axis: "should have one row for each",
}

UNREPAIRED = [gap_specimen]
