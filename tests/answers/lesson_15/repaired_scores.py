"""Answers to `repaired_scores`, lesson 15, as learners write them."""

import torch
from sklearn.decomposition import PCA

from course_utils import pca, squared_error

# --- right ----------------------------------------------------------------------------------------


def scores_by_a_function(train, x, k):
    def standardised(rows):
        return (rows - train.mean(0)) / train.std(0)

    principal = pca(standardised(train))
    return squared_error(principal.reconstruct(standardised(x), k), standardised(x))


def scores_together(train, x, k):
    both = torch.cat([train, x])
    both = (both - train.mean(0, keepdim=True)) / train.std(0, keepdim=True)
    old, new = both.split([len(train), len(x)])
    return (pca(old).reconstruct(new, k) - new).square().sum(-1)


def scores_by_svd(train, x, k):
    variance, mean = torch.var_mean(train, dim=0)
    z, new = (train - mean) / variance.sqrt(), (x - mean) / variance.sqrt()
    directions = torch.linalg.svd(z, full_matrices=False).Vh[:k]
    return (new**2).sum(1) - ((new @ directions.T) ** 2).sum(1)


# --- wrong ----------------------------------------------------------------------------------------


def _scores(train, x, k, ready):
    learned = pca((train - train.mean(0)) / train.std(0))
    return squared_error(learned.reconstruct(ready, k), ready)


def scores_by_its_own(train, x, k):
    return _scores(train, x, k, (x - x.mean(0)) / x.std(0))


def scores_own_mean(train, x, k):
    return _scores(train, x, k, (x - x.mean(0)) / train.std(0))


def scores_own_deviation(train, x, k):
    return _scores(train, x, k, (x - train.mean(0)) / x.std(0))


def scores_mean_alone(train, x, k):
    return _scores(train, x, k, x - train.mean(0))


def scores_deviation_alone(train, x, k):
    return _scores(train, x, k, x / train.std(0))


def scores_no_brackets(train, x, k):
    return _scores(train, x, k, x / train.std(0) - train.mean(0))


def scores_variance(train, x, k):
    return _scores(train, x, k, (x - train.mean(0)) / train.var(0))


def scores_neither(train, x, k):
    return squared_error(pca(train).reconstruct(x, k), x)


def scores_pooled(train, x, k):
    both = torch.cat([train, x])
    z = (both - both.mean(0)) / both.std(0)
    principal, rows = pca((train - both.mean(0)) / both.std(0)), z[len(train) :]
    return squared_error(principal.reconstruct(rows, k), rows)


def scores_one_deviation(train, x, k):
    z, rows = (train - train.mean(0)) / train.std(), (x - train.mean(0)) / train.std()
    return squared_error(pca(z).reconstruct(rows, k), rows)


def scores_divided_by_n(train, x, k):
    deviation = train.std(0, unbiased=False)
    z, rows = (train - train.mean(0)) / deviation, (x - train.mean(0)) / deviation
    return squared_error(pca(z).reconstruct(rows, k), rows)


def scores_in_their_own_units(train, x, k):
    mean, deviation = train.mean(0), train.std(0)
    drawn = pca((train - mean) / deviation).reconstruct((x - mean) / deviation, k)
    return squared_error(drawn * deviation + mean, x)


def scores_averaged(train, x, k):
    return scores_by_a_function(train, x, k) / x.shape[1]


def scores_root(train, x, k):
    return scores_by_a_function(train, x, k).sqrt()


def scores_absolute(train, x, k):
    rows = (x - train.mean(0)) / train.std(0)
    learned = pca((train - train.mean(0)) / train.std(0))
    return (learned.reconstruct(rows, k) - rows).abs().sum(1)


def scores_summed(train, x, k):
    return scores_by_a_function(train, x, k).sum()


def scores_of_training_rows(train, x, k):
    rows = (train - train.mean(0)) / train.std(0)
    return squared_error(pca(rows).reconstruct(rows, k), rows)


def scores_target_unscaled(train, x, k):
    """No known mistake: the generic message has to do."""
    rows = (x - train.mean(0)) / train.std(0)
    learned = pca((train - train.mean(0)) / train.std(0))
    return squared_error(learned.reconstruct(rows, k), x)


# --- the specimen ---------------------------------------------------------------------------------


def scores_specimen(train, x, k):
    principal = pca((train - train.mean(0)) / train.std(0))
    return ((x - principal.reconstruct(x, k)) ** 2).sum(1)


def scores_by_scikit_learn(train, x, k):
    table, rows = ((part - train.mean(0)) / train.std(0) for part in (train, x))
    principal = PCA(k).fit(table)
    drawn = principal.inverse_transform(principal.transform(rows))
    return squared_error(torch.from_numpy(drawn).to(rows), rows)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [scores_by_a_function, scores_together, scores_by_svd, scores_by_scikit_learn]

WRONG = {
    scores_by_its_own: "by a mean and a deviation of their own",
    scores_own_mean: "the mean is still that of `x`",
    scores_own_deviation: "the deviation is still that of `x`",
    scores_mean_alone: "the units are still there",
    scores_deviation_alone: "the mean is still there",
    scores_no_brackets: "Without brackets",
    scores_variance: "You divide by the variance",
    scores_neither: "none is standardised",
    scores_pooled: "from both tables together",
    scores_one_deviation: "One deviation for the whole table",
    scores_divided_by_n: "divides by n - 1",
    scores_in_their_own_units: "in the columns' own units",
    scores_averaged: "averaged over the columns",
    scores_root: "You take a root",
    scores_absolute: "absolute differences",
    scores_summed: "Too few axes",
    scores_of_training_rows: "(m,): one score for each row of x",
    scores_target_unscaled: "Three steps: mean and deviation",
}

UNREPAIRED = [scores_specimen]
