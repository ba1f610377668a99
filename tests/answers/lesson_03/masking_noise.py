"""Answers to `masking_noise`, lesson 03, as learners write them."""

import random

import numpy as np
import torch

# --- right ----------------------------------------------------------------------------------------


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


def mask_by_views(x, rate, generator):
    """Stops at images that are views of others, as torch says it does; at others it is right."""
    u = torch.rand(x.numel(), generator=generator).view(len(x), -1)
    return (x.view(len(x), -1) * (u >= rate)).view(x.shape)


def mask_numpy_stream(x, rate, generator):
    """A stream of NumPy's of its own, which the generator starts."""
    seed = int(torch.randint(2**31, (), generator=generator))
    keep = np.random.default_rng(seed).random(x.shape) >= rate
    return torch.where(torch.as_tensor(keep), x, 0.0)


def mask_forked(x, rate, generator):
    """The global stream is put back where it was."""
    with torch.random.fork_rng():
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        return x * (torch.rand_like(x) >= rate)


# --- wrong ----------------------------------------------------------------------------------------


def mask_per_cents(x, rate, generator):
    return x.masked_fill(torch.randint(0, 100, x.shape, generator=generator) < 100 * rate, 0)


def mask_rounded_rate(x, rate, generator):
    return mask_where(x, round(rate, 2), generator)


def mask_bytes(x, rate, generator):
    draw = torch.randint(0, 256, x.shape, generator=generator)
    return x * (draw >= round(256 * rate))


def mask_half_the_batch_twice(x, rate, generator):
    half = (len(x) + 1) // 2
    u = torch.rand((half, *x.shape[1:]), generator=generator)
    return x * (torch.cat([u, u])[: len(x)] >= rate)


def mask_seeds_from_the_generator(x, rate, generator):
    torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
    return x * (torch.rand_like(x) >= rate)


def mask_seeds_numpy(x, rate, generator):
    np.random.seed(int(torch.randint(2**31, (), generator=generator)))
    return x * torch.as_tensor(np.random.rand(*x.shape) >= rate)


def mask_seeds_python(x, rate, generator):
    random.seed(3)
    return mask_where(x, rate, generator)


def mask_undoes_dropout(x, rate, generator):
    """The scaling of F.dropout, and its opposite: nearly x, but not quite."""
    return mask_dropout(x, rate, generator) * (1 - rate if rate < 1 else 1)


def mask_writes_into_a_copy(x, rate, generator):
    noisy = x.clone()
    noisy.flatten()[torch.rand(x.numel(), generator=generator) < rate] = 0
    return noisy


def mask_and_for_both(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    return torch.where(u >= 0 and u < rate, 0.0, x)


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


# --- accepted, and rejected with these words ------------------------------------------------------


def mask_per_mille(x, rate, generator):
    drawn = torch.randint(1000, x.shape, generator=generator)
    return torch.where(drawn < round(1000 * rate), torch.zeros_like(x), x)


def mask_subtracts_a_comparison(x, rate, generator):
    return x * (1 - (torch.rand(x.shape, generator=generator) < rate))


def mask_turns_round_without_brackets(x, rate, generator):
    return x * (~torch.rand(x.shape, generator=generator) < rate)


RIGHT = [
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
    mask_by_views,
    mask_numpy_stream,
    mask_forked,
]

WRONG = {
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
    mask_off_by_a_tenth: "we expect 30.0% to be 0",
    mask_per_cents: "to be hit, and 1",
    mask_rounded_rate: "to be hit, and 0 were",
    mask_bytes: "to be hit, and ",
    mask_half_the_batch_twice: "half a batch before it",
    mask_seeds_from_the_generator: "torch's global stream is no longer",
    mask_seeds_numpy: "NumPy's global stream is no longer",
    mask_seeds_python: "Python's own `random` is no longer",
    mask_undoes_dropout: "rounding changed it",
    mask_writes_into_a_copy: "what is written into the copy is lost",
    mask_and_for_both: "Use `&`, `|` and `~`",
    mask_per_mille: "to be hit, and 0 were",
    mask_subtracts_a_comparison: "or make numbers of them with `.float()`",
    mask_turns_round_without_brackets: "put brackets around it, `~(a < b)`",
}
