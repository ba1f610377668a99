"""Answers to `langevin`, lesson 18, as learners write them."""

import math

import torch

# --- right ----------------------------------------------------------------------------------------


def noise_of(z, generator):
    return torch.randn(z.shape, generator=generator)


def in_a_line(score, z, step, steps, generator):
    for _ in range(steps):
        z = z + step * score(z) + (2 * step) ** 0.5 * noise_of(z, generator)
    return z


def noise_first(score, z, step, steps, generator):
    noise = math.sqrt(2 * step) * torch.randn(steps, *z.shape, generator=generator)
    for each in noise:
        z = z + step * score(z) + each
    return z


def on_a_copy(score, z, step, steps, generator):
    z = z.clone()
    while steps > 0:
        slope = score(z)
        z += step * slope
        z += torch.sqrt(torch.tensor(2 * step)) * torch.empty_like(z).normal_(generator=generator)
        steps -= 1
    return z


def by_recursion(score, z, step, steps, generator):
    if steps == 0:
        return z
    moved = torch.add(z, score(z), alpha=step)
    moved = torch.normal(moved, math.sqrt(2 * step), generator=generator)
    return by_recursion(score, moved, step, steps - 1, generator)


# --- wrong ----------------------------------------------------------------------------------------


def walk(score, z, steps, generator, factor, spread):
    for _ in range(steps):
        z = z + factor * score(z) + spread * noise_of(z, generator)
    return z


def root_of_the_step(score, z, step, steps, generator):
    return walk(score, z, steps, generator, step, math.sqrt(step))


def no_root(score, z, step, steps, generator):
    return walk(score, z, steps, generator, step, step)


def the_variance(score, z, step, steps, generator):
    return walk(score, z, steps, generator, step, 2 * step)


def root_of_two_only(score, z, step, steps, generator):
    return walk(score, z, steps, generator, step, math.sqrt(2) * step)


def two_outside(score, z, step, steps, generator):
    return walk(score, z, steps, generator, step, 2 * math.sqrt(step))


def noise_as_it_is(score, z, step, steps, generator):
    return walk(score, z, steps, generator, step, 1.0)


def other_convention(score, z, step, steps, generator):
    return walk(score, z, steps, generator, step / 2, math.sqrt(step))


def downhill(score, z, step, steps, generator):
    return walk(score, z, steps, generator, -step, math.sqrt(2 * step))


def whole_score(score, z, step, steps, generator):
    return walk(score, z, steps, generator, 1.0, math.sqrt(2 * step))


def bracket(score, z, step, steps, generator):
    for _ in range(steps):
        z = z + math.sqrt(2 * step) * (score(z) + noise_of(z, generator))
    return z


def factors_swapped(score, z, step, steps, generator):
    return walk(score, z, steps, generator, math.sqrt(2 * step), step)


def score_unused(score, z, step, steps, generator):
    return walk(score, z, steps, generator, 0.0, math.sqrt(2 * step))


def without_noise(score, z, step, steps, generator):
    return walk(score, z, steps, generator, step, 0.0)


def without_score(score, z, step, steps, generator):
    for _ in range(steps):
        z = z + math.sqrt(2 * step) * noise_of(z, generator)
    return z


def one_noise_for_all_rounds(score, z, step, steps, generator):
    noise = noise_of(z, generator)
    for _ in range(steps):
        z = z + step * score(z) + math.sqrt(2 * step) * noise
    return z


def one_noise_for_all_points(score, z, step, steps, generator):
    for _ in range(steps):
        noise = torch.randn(z.shape[1], generator=generator)
        z = z + step * score(z) + math.sqrt(2 * step) * noise
    return z


def one_noise_for_a_point(score, z, step, steps, generator):
    for _ in range(steps):
        noise = torch.randn(len(z), 1, generator=generator)
        z = z + step * score(z) + math.sqrt(2 * step) * noise
    return z


def score_of_the_start(score, z, step, steps, generator):
    start = z
    for _ in range(steps):
        z = z + step * score(start) + math.sqrt(2 * step) * noise_of(z, generator)
    return z


def noise_before(score, z, step, steps, generator):
    for _ in range(steps):
        z = z + math.sqrt(2 * step) * noise_of(z, generator)
        z = z + step * score(z)
    return z


def a_round_too_many(score, z, step, steps, generator):
    return in_a_line(score, z, step, steps + 1, generator)


def none_at_the_end(score, z, step, steps, generator):
    for k in range(steps):
        z = z + step * score(z)
        if k < steps - 1:
            z = z + math.sqrt(2 * step) * noise_of(z, generator)
    return z


def uniform(score, z, step, steps, generator):
    for _ in range(steps):
        noise = torch.rand(z.shape, generator=generator)
        z = z + step * score(z) + math.sqrt(2 * step) * noise
    return z


def torch_sqrt(score, z, step, steps, generator):
    return z + step * score(z) + torch.sqrt(2 * step) * noise_of(z, generator)


def generator_ignored(score, z, step, steps, generator):
    for _ in range(steps):
        z = z + step * score(z) + math.sqrt(2 * step) * torch.randn_like(z)
    return z


def all_places(score, z, step, steps, generator):
    places = []
    for _ in range(steps):
        z = in_a_line(score, z, step, 1, generator)
        places.append(z)
    return torch.stack(places)


def too_narrow(score, z, step, steps, generator):
    """No known mistake: the generic message has to do."""
    return walk(score, z, steps, generator, step, 0.8 * math.sqrt(2 * step))


RIGHT = [in_a_line, noise_first, on_a_copy, by_recursion]

WRONG = {
    root_of_the_step: "half of the variance is missing",
    no_root: "Your noise is `step` wide",
    the_variance: "Your noise is 2 step wide",
    root_of_two_only: "the step belongs under the root as well",
    two_outside: "the 2 belongs under the root",
    noise_as_it_is: "width 1 in every round",
    other_convention: "many papers write it so",
    downhill: "against the score",
    whole_score: "The whole score is added",
    bracket: "multiplies the score too",
    factors_swapped: "changed places",
    score_unused: "asked and not used",
    without_noise: "There is no noise",
    without_score: "The score is never asked",
    one_noise_for_all_rounds: "All rounds share the same noise",
    one_noise_for_all_points: "All points share the same noise",
    one_noise_for_a_point: "All numbers of a point share",
    score_of_the_start: "where the walk began",
    noise_before: "the score is not asked at the points that were handed over",
    a_round_too_many: "the score is asked 5 times",
    none_at_the_end: "The first round is not like the last",
    uniform: "never negative",
    torch_sqrt: "`torch.sqrt` takes a tensor",
    generator_ignored: "does not come from `generator`",
    all_places: "Too many axes",
    too_narrow: "It has mean",
}
