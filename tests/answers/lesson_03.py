"""Answers to the exercises of lesson 03, as learners write them.

`RIGHT` are accepted for every seed. `WRONG` are rejected, each with a message that holds the phrase
beside it and that no other of them gets.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# --- masking_noise: right -------------------------------------------------------------------------


def mask_where(x, rate, generator):
    return torch.where(torch.rand(x.shape, generator=generator) < rate, 0.0, x)


def mask_product(x, rate, generator):
    keep = torch.rand(x.shape, generator=generator) >= rate
    return x * keep


def mask_bernoulli(x, rate, generator):
    keep = torch.bernoulli(torch.full_like(x, 1 - rate), generator=generator)
    return keep * x


def mask_bernoulli_in_place(x, rate, generator):
    return x * torch.empty_like(x).bernoulli_(1 - rate, generator=generator)


def mask_other_end(x, rate, generator):
    """The upper end of the draw serves as well as the lower."""
    u = torch.rand(x.size(), generator=generator)
    return x.masked_fill(u > 1 - rate, 0)


def mask_clone_and_assign(x, rate, generator):
    noisy = x.clone()
    noisy[torch.rand(x.shape, generator=generator) <= rate] = 0
    return noisy


def mask_image_by_image(x, rate, generator):
    return torch.stack(
        [image * (torch.rand(image.shape, generator=generator) > rate) for image in x]
    )


def mask_from_the_last(x, rate, generator):
    """Draws in another order."""
    u = torch.rand(x.numel(), generator=generator).flip(0).view_as(x)
    return (u >= rate).to(x.dtype).mul(x)


def mask_double_draws(x, rate, generator):
    u = torch.rand(x.shape, generator=generator, dtype=torch.float64)
    return x * (u >= rate).float()


def mask_uniform_(x, rate, generator):
    u = torch.empty(x.shape)
    u.uniform_(0, 1, generator=generator)
    return torch.mul(x, (u - rate).sign().clamp(min=0))


def mask_multinomial(x, rate, generator):
    chances = torch.tensor([rate, 1 - rate])
    keep = torch.multinomial(chances, x.numel(), replacement=True, generator=generator)
    return x * keep.view(x.shape)


def mask_quantile_of_normal(x, rate, generator):
    u = torch.special.ndtr(torch.randn(x.shape, generator=generator))
    return torch.where(u >= rate, x, torch.zeros_like(x))


# --- masking_noise: wrong -------------------------------------------------------------------------


def mask_inverted(x, rate, generator):
    return x * (torch.rand(x.shape, generator=generator) < rate)


def mask_one_for_all(x, rate, generator):
    return x * (torch.rand(x.shape[1:], generator=generator) >= rate)


def mask_whole_images(x, rate, generator):
    u = torch.rand(len(x), *[1] * (x.ndim - 1), generator=generator)
    return x * (u >= rate)


def mask_rows_of_images(x, rate, generator):
    if x.ndim == 2:
        return mask_where(x, rate, generator)
    u = torch.rand(x.shape[:-1], generator=generator)[..., None]
    return x * (u >= rate)


def mask_columns_of_images(x, rate, generator):
    if x.ndim == 2:
        return mask_where(x, rate, generator)
    u = torch.rand(x.shape[0], 1, 1, x.shape[-1], generator=generator)
    return x * (u >= rate)


def mask_shared_by_pairs(x, rate, generator):
    u = torch.rand(((len(x) + 1) // 2, *x.shape[1:]), generator=generator)
    return x * (u.repeat_interleave(2, 0)[: len(x)] >= rate)


def mask_exactly_k(x, rate, generator):
    u = torch.rand(x.shape, generator=generator).flatten(1)
    rank = u.argsort(1).argsort(1)
    return x * (rank >= round(rate * u.shape[1])).view(x.shape)


def mask_one_number_for_everything(x, rate, generator):
    return x * (torch.rand(1, generator=generator) >= rate)


def mask_in_place(x, rate, generator):
    x[torch.rand(x.shape, generator=generator) < rate] = 0
    return x


def mask_dropout(x, rate, generator):
    if rate == 1:
        return torch.zeros_like(x)
    return x * (torch.rand(x.shape, generator=generator) >= rate) / (1 - rate)


def mask_randn(x, rate, generator):
    return x.masked_fill(torch.randn(x.shape, generator=generator) < rate, 0)


def mask_to_one(x, rate, generator):
    return x.masked_fill(torch.rand(x.shape, generator=generator) < rate, 1)


def mask_to_half(x, rate, generator):
    return x.masked_fill(torch.rand(x.shape, generator=generator) < rate, 0.5)


def mask_to_nan(x, rate, generator):
    return x.masked_fill(torch.rand(x.shape, generator=generator) < rate, torch.nan)


def mask_to_the_image_mean(x, rate, generator):
    mean = x.flatten(1).mean(1).view(-1, *[1] * (x.ndim - 1))
    return torch.where(torch.rand(x.shape, generator=generator) < rate, mean, x)


def mask_subtracts_one(x, rate, generator):
    return x - (torch.rand(x.shape, generator=generator) < rate).float()


def mask_times_random(x, rate, generator):
    return x * torch.rand(x.shape, generator=generator)


def mask_global_stream(x, rate, generator):
    return x * (torch.rand_like(x) >= rate)


def mask_numpy_stream(x, rate, generator):
    return x * torch.from_numpy(np.random.rand(*x.shape) >= rate)


def mask_reseeds(x, rate, generator):
    generator.manual_seed(0)
    return mask_where(x, rate, generator)


def mask_own_generator(x, rate, generator):
    return mask_where(x, rate, torch.Generator().manual_seed(0))


def mask_half_rate(x, rate, generator):
    return x.masked_fill(torch.rand(x.shape, generator=generator) < rate / 2, 0)


def mask_double_rate(x, rate, generator):
    return x.masked_fill(torch.rand(x.shape, generator=generator) < 2 * rate, 0)


def mask_two_draws(x, rate, generator):
    a, b = torch.rand(2, *x.shape, generator=generator)
    return x.masked_fill((a < rate) & (b < rate), 0)


def mask_applied_twice(x, rate, generator):
    return mask_where(mask_where(x, rate, generator), rate, generator)


def mask_ignores_the_rate(x, rate, generator):
    return x * torch.randint(0, 2, x.shape, generator=generator)


def mask_dark_pixels(x, rate, generator):
    """The rate is right and chance has no part in it."""
    torch.rand(1, generator=generator)
    rank = x.flatten().argsort().argsort().view(x.shape)
    return x * (rank >= rate * x.numel())


def mask_identity(x, rate, generator):
    return x.clone()


def mask_the_mask(x, rate, generator):
    return (torch.rand(x.shape, generator=generator) >= rate).float()


def mask_booleans(x, rate, generator):
    return torch.rand(x.shape, generator=generator) >= rate


def mask_and_result(x, rate, generator):
    keep = torch.rand(x.shape, generator=generator) >= rate
    return x * keep, keep


def mask_takes_pixels_out(x, rate, generator):
    return x[torch.rand(x.shape, generator=generator) >= rate]


def mask_flattened(x, rate, generator):
    return mask_where(x.flatten(1), rate, generator)


def mask_two_axes(x, rate, generator):
    return x * (torch.rand(x.shape[0], x.shape[1], generator=generator) >= rate)


def mask_forgot_return(x, rate, generator):
    mask_where(x, rate, generator)


def mask_strength_first(rate):
    return lambda x, generator: mask_where(x, rate, generator)


def mask_off_by_a_tenth(x, rate, generator):
    """No known confusion: the generic message has to do."""
    return x.masked_fill(torch.rand(x.shape, generator=generator) < 0.9 * rate, 0)


# --- salt_and_pepper: right -----------------------------------------------------------------------


def specks_one_draw(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    return x.masked_fill(u < rate / 2, 0).masked_fill((u >= rate / 2) & (u < rate), 1)


def specks_both_ends(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    noisy = x.clone()
    noisy[u < rate / 2] = 0.0
    noisy[u > 1 - rate / 2] = 1.0
    return noisy


def specks_two_draws(x, rate, generator):
    hit = torch.rand(x.shape, generator=generator) < rate
    salt = torch.rand(x.shape, generator=generator) < 0.5
    return torch.where(hit, salt.float(), x)


def specks_coins_first(x, rate, generator):
    coin = torch.randint(0, 2, x.shape, generator=generator)
    hit = torch.bernoulli(torch.full(x.shape, float(rate)), generator=generator)
    return torch.where(hit == 1, coin.to(x.dtype), x)


def specks_arithmetic(x, rate, generator):
    a, b = torch.rand((2, *x.shape), generator=generator)
    hit = (a < rate).float()
    return (1 - hit) * x + hit * (b > 0.5)


def specks_image_by_image(x, rate, generator):
    return torch.stack([specks_two_draws(image, rate, generator) for image in x])


def specks_by_index(x, rate, generator):
    noisy = x.flatten().clone()
    hit = (torch.rand(noisy.shape, generator=generator) < rate).nonzero()[:, 0]
    noisy[hit] = torch.rand(len(hit), generator=generator).round()
    return noisy.view(x.shape)


def specks_multinomial(x, rate, generator):
    chances = torch.tensor([rate / 2, rate / 2, 1 - rate])
    kind = torch.multinomial(chances, x.numel(), replacement=True, generator=generator)
    kind = kind.view(x.shape)
    return torch.where(kind == 2, x, kind.to(x.dtype))


def specks_salt_then_the_rest(x, rate, generator):
    """Pepper among the pixels without salt, its rate raised accordingly."""
    salt = torch.rand(x.shape, generator=generator) < rate / 2
    pepper = torch.rand(x.shape, generator=generator) < (rate / 2) / (1 - rate / 2)
    return x.masked_fill(pepper, 0).masked_fill(salt, 1)


# --- salt_and_pepper: wrong -----------------------------------------------------------------------


def specks_only_pepper(x, rate, generator):
    return x.masked_fill(torch.rand(x.shape, generator=generator) < rate, 0)


def specks_only_salt(x, rate, generator):
    return x.masked_fill(torch.rand(x.shape, generator=generator) < rate, 1)


def specks_rate_for_each_salt_last(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    return x.masked_fill(u < rate, 0).masked_fill(u > 1 - rate, 1)


def specks_rate_for_each_pepper_last(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    return x.masked_fill(u < rate, 1).masked_fill(u > 1 - rate, 0)


def specks_half_in_all(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    return x.masked_fill(u < rate / 2, 1).masked_fill(u < rate / 4, 0)


def specks_pepper_lost(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    noisy = torch.where(u < rate / 2, 0.0, x)
    noisy = torch.where(u > 1 - rate / 2, 1.0, x)
    return noisy


def specks_salt_lost(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    noisy = torch.where(u > 1 - rate / 2, 1.0, x)
    noisy = torch.where(u < rate / 2, 0.0, x)
    return noisy


def specks_separately_salt_last(x, rate, generator):
    a, b = torch.rand(2, *x.shape, generator=generator)
    return x.masked_fill(a < rate / 2, 0).masked_fill(b < rate / 2, 1)


def specks_separately_pepper_last(x, rate, generator):
    a, b = torch.rand(2, *x.shape, generator=generator)
    return x.masked_fill(a < rate / 2, 1).masked_fill(b < rate / 2, 0)


def specks_separately_whole_rate_salt_last(x, rate, generator):
    a, b = torch.rand(2, *x.shape, generator=generator)
    return x.masked_fill(a < rate, 0).masked_fill(b < rate, 1)


def specks_separately_whole_rate_pepper_last(x, rate, generator):
    a, b = torch.rand(2, *x.shape, generator=generator)
    return x.masked_fill(a < rate, 1).masked_fill(b < rate, 0)


def specks_same_draw_twice(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    return torch.where(u < rate, (u < 0.5).float(), x)


def specks_same_draw_rounded(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    return torch.where(u < rate, u.round(), x)


def specks_inverted(x, rate, generator):
    a, b = torch.rand(2, *x.shape, generator=generator)
    return torch.where(a < rate, x, b.round())


def specks_randn(x, rate, generator):
    u = torch.randn(x.shape, generator=generator)
    return x.masked_fill(u < rate, 1).masked_fill(u < rate / 2, 0)


def specks_randn_and_a_coin(x, rate, generator):
    hit = torch.randn(x.shape, generator=generator) < rate
    return torch.where(hit, torch.rand(x.shape, generator=generator).round(), x)


def specks_ignores_the_rate(x, rate, generator):
    kind = torch.randint(0, 4, x.shape, generator=generator)
    return torch.where(kind < 2, kind.float(), x)


def specks_added(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    return x + (u < rate / 2).float() - (u > 1 - rate / 2).float()


def specks_turned_round(x, rate, generator):
    return torch.where(torch.rand(x.shape, generator=generator) < rate, 1 - x, x)


def specks_bytes(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    return x.masked_fill(u < rate, 255).masked_fill(u < rate / 2, 0)


def specks_minus_one(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    return x.masked_fill(u < rate, 1).masked_fill(u < rate / 2, -1)


def specks_any_grey(x, rate, generator):
    a, b = torch.rand(2, *x.shape, generator=generator)
    return torch.where(a < rate, b, x)


def specks_gaussian(x, rate, generator):
    return x + rate * torch.randn(x.shape, generator=generator)


def specks_one_mask_for_all(x, rate, generator):
    hit = torch.rand(x.shape[1:], generator=generator) < rate
    return torch.where(hit, torch.rand(x.shape, generator=generator).round(), x)


def specks_one_kind_for_each_image(x, rate, generator):
    hit = torch.rand(x.shape, generator=generator) < rate
    kind = torch.rand(len(x), *[1] * (x.ndim - 1), generator=generator).round()
    return torch.where(hit, kind, x)


def specks_whole_images(x, rate, generator):
    hit = torch.rand(len(x), *[1] * (x.ndim - 1), generator=generator) < rate
    return torch.where(hit, torch.rand(x.shape, generator=generator).round(), x)


def specks_same_kinds_for_all(x, rate, generator):
    hit = torch.rand(x.shape, generator=generator) < rate
    return torch.where(hit, torch.rand(x.shape[1:], generator=generator).round(), x)


def specks_by_brightness(x, rate, generator):
    hit = torch.rand(x.shape, generator=generator) < rate
    return torch.where(hit, x.round(), x)


def specks_exactly_k(x, rate, generator):
    u = torch.rand(x.shape, generator=generator).flatten(1)
    rank = u.argsort(1).argsort(1).view(x.shape)
    k = round(rate * u.shape[1])
    return x.masked_fill(rank < k, 1).masked_fill(rank < k // 2, 0)


def specks_exactly_k_of_the_batch(x, rate, generator):
    order = torch.randperm(x.numel(), generator=generator).view(x.shape)
    k = round(rate * x.numel())
    return x.masked_fill(order < k, 1).masked_fill(order < k // 2, 0)


def specks_in_place(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    x[u < rate] = 1
    x[u < rate / 2] = 0
    return x


def specks_global_stream(x, rate, generator):
    u = torch.rand_like(x)
    return x.masked_fill(u < rate, 1).masked_fill(u < rate / 2, 0)


def specks_coin_from_elsewhere(x, rate, generator):
    hit = torch.rand(x.shape, generator=generator) < rate
    return torch.where(hit, torch.rand(x.shape).round(), x)


def specks_reseeds(x, rate, generator):
    generator.manual_seed(7)
    return specks_two_draws(x, rate, generator)


def specks_own_generator(x, rate, generator):
    return specks_two_draws(x, rate, torch.Generator().manual_seed(7))


def specks_numpy(x, rate, generator):
    return specks_one_draw(x, rate, generator).numpy()


def specks_two_axes(x, rate, generator):
    u = torch.rand(x.shape[0], x.shape[1], generator=generator)
    return x.masked_fill(u < rate, 1).masked_fill(u < rate / 2, 0)


def specks_two_to_one(x, rate, generator):
    """No known confusion: the generic message has to do."""
    u = torch.rand(x.shape, generator=generator)
    return x.masked_fill(u < rate, 1).masked_fill(u < rate / 3, 0)


# --- denoising_loss: right ------------------------------------------------------------------------


def loss_flatten(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).flatten(1).sum(1)


def loss_mse(model, clean, noisy):
    return F.mse_loss(model(noisy), clean, reduction="none").flatten(1).sum(1)


def loss_package(model, clean, noisy):
    from course_utils import squared_error

    return squared_error(model(noisy), clean)


def loss_image_by_image(model, clean, noisy):
    pairs = zip(clean, noisy, strict=True)
    return torch.stack([((model(n[None])[0] - c) ** 2).sum() for c, n in pairs])


def loss_expanded(model, clean, noisy):
    a, b = model(noisy).flatten(1), clean.flatten(1)
    return (a * a).sum(1) - 2 * (a * b).sum(1) + (b * b).sum(1)


def loss_no_gradient_through_the_noise(model, clean, noisy):
    error = model(noisy.detach()) - clean
    return torch.einsum("b...,b...->b", error, error)


def loss_asks_twice(model, clean, noisy):
    return ((model(noisy) - clean) * (model(noisy) - clean)).flatten(1).sum(1)


def loss_clean_times_one(model, target, corrupted):
    error = target.reshape(len(target), -1) - model(corrupted).reshape(len(target), -1)
    return torch.linalg.vector_norm(error, dim=1) ** 2


# --- denoising_loss: wrong ------------------------------------------------------------------------


def loss_noisy_target(model, clean, noisy):
    return loss_flatten(model, noisy, noisy)


def loss_clean_input(model, clean, noisy):
    return loss_flatten(model, clean, clean)


def loss_exchanged(model, clean, noisy):
    return loss_flatten(model, noisy, clean)


def loss_without_the_model(model, clean, noisy):
    return ((noisy - clean) ** 2).flatten(1).sum(1)


def loss_between_two_answers(model, clean, noisy):
    return ((model(noisy) - model(clean)) ** 2).flatten(1).sum(1)


def loss_model_twice(model, clean, noisy):
    return ((model(model(noisy)) - clean) ** 2).flatten(1).sum(1)


def loss_of_the_noise(model, clean, noisy):
    return ((model(noisy) - (noisy - clean)) ** 2).flatten(1).sum(1)


def loss_answer_added(model, clean, noisy):
    return ((noisy + model(noisy) - clean) ** 2).flatten(1).sum(1)


def loss_of_both(model, clean, noisy):
    return loss_flatten(model, clean, noisy) + loss_flatten(model, clean, clean)


def loss_logits(model, clean, noisy):
    return ((torch.sigmoid(model(noisy).logits) - clean) ** 2).flatten(1).sum(1)


def loss_reconstruct(model, clean, noisy):
    return ((model.reconstruct(noisy) - clean) ** 2).flatten(1).sum(1)


def loss_not_summed(model, clean, noisy):
    return (model(noisy) - clean) ** 2


def loss_mse_default(model, clean, noisy):
    return nn.MSELoss()(model(noisy), clean)


def loss_sum_of_everything(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).sum()


def loss_mean_over_batch(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).sum() / len(clean)


def loss_mean_over_pixels(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).flatten(1).mean(1)


def loss_sum_over_batch(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).sum(0)


def loss_column(model, clean, noisy):
    return loss_flatten(model, clean, noisy)[:, None]


def loss_last_axis(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).sum(-1)


def loss_axis_one(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).sum(1)


def loss_image_axes(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).sum(dim=(1, 2, 3))


def loss_absolute(model, clean, noisy):
    return F.l1_loss(model(noisy), clean, reduction="none").flatten(1).sum(1)


def loss_no_square(model, clean, noisy):
    return (model(noisy) - clean).flatten(1).sum(1)


def loss_half(model, clean, noisy):
    return 0.5 * loss_flatten(model, clean, noisy)


def loss_root(model, clean, noisy):
    return (model(noisy) - clean).flatten(1).norm(dim=1)


def loss_cross_entropy(model, clean, noisy):
    return F.binary_cross_entropy(model(noisy), clean, reduction="none").flatten(1).sum(1)


def loss_detached(model, clean, noisy):
    return ((model(noisy).detach() - clean) ** 2).flatten(1).sum(1)


def loss_half_detached(model, clean, noisy):
    error = model(noisy) - clean
    return (error.detach() * error).flatten(1).sum(1)


def loss_gradient_elsewhere(model, clean, noisy):
    """Right numbers, and a gradient of the wrong size that no known mistake has."""
    value = loss_flatten(model, clean, noisy)
    return 3 * value - 2 * value.detach()


def loss_in_place(model, clean, noisy):
    clean -= model(noisy).detach()
    return (clean**2).flatten(1).sum(1)


def loss_without_calling(model, clean, noisy):
    return ((model - clean) ** 2).flatten(1).sum(1)


def loss_number(model, clean, noisy):
    return loss_flatten(model, clean, noisy).mean().item()


def loss_three_times(model, clean, noisy):
    """No known mistake: the generic message has to do."""
    return 3 * loss_flatten(model, clean, noisy)


RIGHT = {
    "masking_noise": [
        mask_where,
        mask_product,
        mask_bernoulli,
        mask_bernoulli_in_place,
        mask_other_end,
        mask_clone_and_assign,
        mask_image_by_image,
        mask_from_the_last,
        mask_double_draws,
        mask_uniform_,
        mask_multinomial,
        mask_quantile_of_normal,
    ],
    "salt_and_pepper": [
        specks_one_draw,
        specks_both_ends,
        specks_two_draws,
        specks_coins_first,
        specks_arithmetic,
        specks_image_by_image,
        specks_by_index,
        specks_multinomial,
        specks_salt_then_the_rest,
    ],
    "denoising_loss": [
        loss_flatten,
        loss_mse,
        loss_package,
        loss_image_by_image,
        loss_expanded,
        loss_no_gradient_through_the_noise,
        loss_asks_twice,
        loss_clean_times_one,
    ],
}

WRONG = {
    "masking_noise": {
        mask_inverted: "You kept pixels with probability rate",
        mask_one_for_all: "hit at the same pixels",
        mask_one_number_for_everything: "The whole batch was hit or spared together",
        mask_whole_images: "Whole images were hit or spared together",
        mask_rows_of_images: "the pixel on its left",
        mask_columns_of_images: "the pixel above it",
        mask_shared_by_pairs: "the same pixel of the image before it",
        mask_exactly_k: "In every image exactly 235 pixels",
        mask_in_place: "changed its argument `x` in place",
        mask_dropout: "as `F.dropout` does",
        mask_randn: "from `torch.randn`, the bell curve",
        mask_to_one: "have become 1;",
        mask_to_half: "have become 0.5;",
        mask_to_nan: "There is nan among the pixels",
        mask_to_the_image_mean: "A lost pixel becomes 0.",
        mask_subtracts_one: "You added 1 or took 1 away",
        mask_times_random: "a product with random numbers",
        mask_global_stream: "your random numbers come from elsewhere",
        mask_reseeds: "as if the generator were set back",
        mask_own_generator: "a generator of your own",
        mask_half_rate: "Only half as many pixels are lost",
        mask_double_rate: "Twice as many pixels are lost",
        mask_two_draws: "rate squared",
        mask_applied_twice: "as if the noise had been applied twice",
        mask_ignores_the_rate: "whatever the rate is",
        mask_dark_pixels: "depends on how dark it is",
        mask_identity: "Nothing happened",
        mask_the_mask: "returned the mask itself",
        mask_booleans: "torch.bool",
        mask_and_result: "a tuple of 2",
        mask_takes_pixels_out: "every pixel stays in its place",
        mask_flattened: "The result has shape (60, 784)",
        mask_two_axes: "Rows of pixels went well",
        mask_forgot_return: "the last line a `return`",
        mask_strength_first: "yours takes (rate)",
        mask_off_by_a_tenth: "one expects 30.0% to be 0",
    },
    "salt_and_pepper": {
        specks_only_pepper: "There is only pepper",
        specks_only_salt: "There is only salt",
        specks_rate_for_each_salt_last: "Salt alone hits as many pixels as rate says",
        specks_rate_for_each_pepper_last: "Pepper alone hits as many pixels as rate says",
        specks_half_in_all: "together they hit only half as many",
        specks_pepper_lost: "There is salt at rate / 2 and no pepper",
        specks_salt_lost: "There is pepper at rate / 2 and no salt",
        specks_separately_salt_last: "There is less pepper than salt",
        specks_separately_pepper_last: "There is less salt than pepper",
        specks_separately_whole_rate_salt_last: "salt overwrites pepper",
        specks_separately_whole_rate_pepper_last: "pepper overwrites salt",
        specks_same_draw_twice: "nearly all hits are salt",
        specks_same_draw_rounded: "nearly all hits are pepper",
        specks_inverted: "You kept pixels with probability rate",
        specks_randn: "Far too much pepper",
        specks_randn_and_a_coin: "from the bell curve, `torch.randn`",
        specks_ignores_the_rate: "whatever the rate is",
        specks_added: "You added 1 or took 1 away",
        specks_turned_round: "You turned the pixel round",
        specks_bytes: "have become 255;",
        specks_minus_one: "have become -1;",
        specks_any_grey: "A pixel that is hit becomes either 0 or 1.",
        specks_gaussian: "as with Gaussian noise",
        specks_one_mask_for_all: "hit at the same pixels",
        specks_one_kind_for_each_image: "depends on what happened to the pixel",
        specks_same_kinds_for_all: "the same pixel of the image before it",
        specks_whole_images: "Whole images were hit or spared together",
        specks_by_brightness: "depends on how dark it is",
        specks_exactly_k: "In every image exactly 235 pixels",
        specks_exactly_k_of_the_batch: "In the whole batch exactly rate",
        specks_in_place: "changed its argument `x` in place",
        specks_global_stream: "your random numbers come from elsewhere",
        specks_coin_from_elsewhere: "they did not become the same",
        specks_reseeds: "as if the generator were set back",
        specks_own_generator: "a generator of your own",
        specks_numpy: "a NumPy array",
        specks_two_axes: "Rows of pixels went well",
        specks_two_to_one: "one expects 15.0% to be 0",
    },
    "denoising_loss": {
        loss_noisy_target: "learns to draw the noise as well",
        loss_clean_input: "the plain autoencoder of lesson 01",
        loss_exchanged: "The two are exchanged",
        loss_without_the_model: "the model was never asked",
        loss_between_two_answers: "compared its two answers",
        loss_model_twice: "The model was applied twice",
        loss_of_the_noise: "You took the model's answer for the noise",
        loss_answer_added: "You added the model's answer",
        loss_of_both: "There are two errors in your sum",
        loss_logits: "leave out `.logits`",
        loss_reconstruct: "this one has no `reconstruct`",
        loss_not_summed: "a squared difference for each pixel",
        loss_mse_default: "what `F.mse_loss` returns",
        loss_sum_of_everything: "You summed over everything",
        loss_mean_over_batch: "took the mean over the batch",
        loss_mean_over_pixels: "the mean over the pixels where the sum is wanted",
        loss_sum_over_batch: "You summed over the first axis",
        loss_column: "stand in a column",
        loss_last_axis: "one row of pixels",
        loss_axis_one: "the colour channel",
        loss_image_axes: "axes that only images have",
        loss_absolute: "absolute differences",
        loss_no_square: "Nothing is squared here",
        loss_half: "half the squared error",
        loss_root: "the Euclidean distance",
        loss_cross_entropy: "the cross-entropy of lesson 01",
        loss_detached: "no gradient would reach the weights",
        loss_half_detached: "one of the two factors is detached",
        loss_gradient_elsewhere: "gradient with respect to the model's weights is not",
        loss_in_place: "changed its argument `clean` in place",
        loss_without_calling: "unsupported operand",
        loss_number: "Leave out `.item()`",
        loss_three_times: "3 times what it should be",
    },
}
