"""Answers to `repaired_test_error`, lesson 15, as learners write them."""

import torch

from course_utils import pca, squared_error

# --- right ----------------------------------------------------------------------------------------


def test_error_at_once(train, test, k):
    return squared_error(pca(train).reconstruct(test, k), test).mean().item()


def test_error_by_hand(train, test, k):
    mean = train.double().mean(0)
    directions = torch.linalg.svd(train.double() - mean, full_matrices=True).Vh[:k]
    centred = test.double() - mean
    return float(((centred - centred @ directions.T @ directions) ** 2).sum() / len(test))


def test_error_loop(train, test, k):
    principal, errors = pca(train), []
    for picture in test:
        x_hat = principal.reconstruct(picture[None], k)
        errors.append(float(((x_hat - picture) ** 2).sum()))
    return sum(errors) / len(errors)


# --- wrong ----------------------------------------------------------------------------------------


def test_error_fits_test(train, test, k):
    return squared_error(pca(test).reconstruct(test, k), test).mean().item()


def test_error_fits_both(train, test, k):
    return squared_error(pca(torch.cat([train, test])).reconstruct(test, k), test).mean().item()


def test_error_on_both(train, test, k):
    x = torch.cat([train, test])
    return squared_error(pca(train).reconstruct(x, k), x).mean().item()


def test_error_on_train(train, test, k):
    return squared_error(pca(train).reconstruct(train, k), train).mean().item()


def test_error_on_the_last(train, test, k):
    x = train[-len(test) :]
    return squared_error(pca(train).reconstruct(x, k), x).mean().item()


def test_error_exchanged(train, test, k):
    return squared_error(pca(test).reconstruct(train, k), train).mean().item()


def test_error_per_pixel(train, test, k):
    return ((pca(train).reconstruct(test, k) - test) ** 2).mean().item()


def test_error_summed(train, test, k):
    return ((pca(train).reconstruct(test, k) - test) ** 2).sum().item()


def test_error_wrong_count(train, test, k):
    return squared_error(pca(train).reconstruct(test, k), test).sum().item() / len(train)


def test_error_mean_of_means(train, test, k):
    principal, means = pca(train), []
    for batch in test.split(100):
        means.append(squared_error(principal.reconstruct(batch, k), batch).mean().item())
    return sum(means) / len(means)


def test_error_tensor(train, test, k):
    return squared_error(pca(train).reconstruct(test, k), test).mean()


def test_error_ignores_k(train, test, k):
    """No known mistake: the generic message has to do."""
    return squared_error(pca(train).reconstruct(test, 1), test).mean().item()


def test_error_first_batch(train, test, k):
    batch = test[:100]
    return squared_error(pca(train).reconstruct(batch, k), batch).sum().item() / len(test)


# --- the specimen ---------------------------------------------------------------------------------


def test_error_specimen(train, test, k):
    x = train[: len(test)]
    return squared_error(pca(train).reconstruct(x, k), x).sum().item() / len(test)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [test_error_at_once, test_error_by_hand, test_error_loop]

WRONG = {
    test_error_fits_test: "the same mistake the other way round",
    test_error_fits_both: "had a say",
    test_error_on_both: "judge on both sets",
    test_error_on_train: "the error on all of `train`",
    test_error_on_the_last: "the last pictures of `train`",
    test_error_exchanged: "have changed places",
    test_error_per_pixel: "averaged over the pixels",
    test_error_summed: "the sum over all pictures",
    test_error_wrong_count: "by how many `train` has",
    test_error_mean_of_means: "average the averages",
    test_error_tensor: "a tensor of shape ()",
    test_error_ignores_k: "Three steps",
    test_error_first_batch: "the first batch and at no other",
}

UNREPAIRED = [test_error_specimen]
