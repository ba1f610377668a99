"""Answers to `salt_and_pepper`, lesson 03, as learners write them."""

import torch

# --- right ----------------------------------------------------------------------------------------


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


def specks_of_three_kinds(x, rate, generator):
    """One number for each pixel says which of three pictures it is taken from."""
    u = torch.rand(x.shape, generator=generator)
    kind = torch.bucketize(u, torch.tensor([rate / 2, rate]))
    pictures = torch.stack([torch.zeros_like(x), torch.ones_like(x), x])
    return pictures.gather(0, kind[None])[0]


def specks_sign(x, rate, generator):
    """A draw around 0: far out on either side is a speck."""
    v = 2 * torch.rand(x.shape, generator=generator) - 1
    return torch.where(v.abs() > 1 - rate, (v > 0).to(x.dtype), x)


# --- wrong ----------------------------------------------------------------------------------------


def specks_per_cents(x, rate, generator):
    draw = torch.randint(0, 200, x.shape, generator=generator)
    return x.masked_fill(draw < 200 * rate, 1).masked_fill(draw < 100 * rate, 0)


def specks_rounded_rate(x, rate, generator):
    return specks_two_draws(x, int(100 * rate + 1e-6) / 100, generator)


def specks_half_the_batch_twice(x, rate, generator):
    half = (len(x) + 1) // 2
    u = torch.rand((half, *x.shape[1:]), generator=generator)
    u = torch.cat([u, u])[: len(x)]
    return x.masked_fill(u < rate, 1).masked_fill(u < rate / 2, 0)


def specks_seeds(x, rate, generator):
    torch.manual_seed(generator.initial_seed())
    return specks_one_draw(x, rate, generator)


def specks_writes_into_a_copy(x, rate, generator):
    noisy = x.clone()
    u = torch.rand(x.numel(), generator=generator)
    noisy.reshape(-1)[u < rate] = 1.0
    noisy.reshape(-1)[u < rate / 2] = 0.0
    return noisy


def specks_and_for_both(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    return torch.where(u > rate / 2 and u < rate, 1.0, torch.where(u < rate / 2, 0.0, x))


def specks_if_for_where(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    if u < rate:
        return torch.round(u / rate)
    return x


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


def specks_without_an_upper_end(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    x = x.clone()
    x[u < rate / 2] = 0
    x[u > rate / 2] = 1
    return x


# --- accepted, and rejected with these words ------------------------------------------------------


def specks_per_mille(x, rate, generator):
    drawn, half = torch.randint(1000, x.shape, generator=generator), round(500 * rate)
    spoilt = torch.where(drawn < half, torch.zeros_like(x), x)
    return torch.where((drawn >= half) & (drawn < 2 * half), torch.ones_like(x), spoilt)


def specks_or_without_brackets(x, rate, generator):
    u = torch.rand(x.shape, generator=generator)
    return torch.where((u < rate / 2) | u > 1 - rate / 2, (u < 0.5).to(x), x)


RIGHT = [
    specks_one_draw,
    specks_both_ends,
    specks_two_draws,
    specks_coins_first,
    specks_arithmetic,
    specks_image_by_image,
    specks_by_index,
    specks_multinomial,
    specks_salt_then_the_rest,
    specks_of_three_kinds,
    specks_sign,
]

WRONG = {
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
    specks_two_to_one: "we expect 15.0% to be 0",
    specks_per_cents: "as `torch.randint(0, 100, ...)` draws them",
    specks_rounded_rate: "to be hit, and 0 were",
    specks_half_the_batch_twice: "half a batch before it",
    specks_seeds: "torch's global stream is no longer",
    specks_writes_into_a_copy: "what is written into the copy is lost",
    specks_and_for_both: "Use `&`, `|` and `~`",
    specks_if_for_where: "in place of `if`, `torch.where`",
    specks_per_mille: "to be hit, and 0 were",
    specks_or_without_brackets: "`|` joins truth values",
    specks_without_an_upper_end: "Every pixel was hit, whatever the rate",
}
