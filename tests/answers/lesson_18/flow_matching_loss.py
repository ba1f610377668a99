"""Answers to `flow_matching_loss`, lesson 18, as learners write them."""

import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def drawn(z1, generator):
    z0 = torch.randn(z1.shape, generator=generator)
    return z0, torch.rand(len(z1), 1, generator=generator)


def time_first(velocity, z1, generator):
    t = torch.rand((z1.shape[0], 1), generator=generator, dtype=z1.dtype)
    z0 = torch.randn(*z1.shape, generator=generator)
    target = z1 - z0
    return ((velocity(z0 + t * target, t) - target) ** 2).sum(-1)


def by_lerp(velocity, z1, generator):
    z0 = torch.empty_like(z1).normal_(generator=generator)
    t = torch.empty_like(z1[:, :1]).uniform_(generator=generator)
    v = velocity(torch.lerp(z0, z1, t.expand_as(z1)), t)
    return F.mse_loss(v, z1 - z0, reduction="none").sum(1)


def by_loop_over_draws(velocity, z1, generator):
    starts = torch.stack([torch.randn(z1.shape[1], generator=generator) for _ in z1])
    times = torch.stack([torch.rand(1, generator=generator) for _ in z1])
    off = velocity(z1 - (1 - times) * (z1 - starts), times) - z1 + starts
    return torch.einsum("bd,bd->b", off, off)


def by_name(velocity, z1, generator):
    z0, t = drawn(z1, generator)
    return (z1 - z0 - velocity(z=z0 + t * (z1 - z0), t=t)).square().sum(1)


# --- wrong ----------------------------------------------------------------------------------------


def loss_with(velocity, z1, generator, at=None, target=None, reduce=None):
    z0, t = drawn(z1, generator)
    z = (1 - t) * z0 + t * z1 if at is None else at(z0, t)
    goal = z1 - z0 if target is None else target(z0, z)
    square = (velocity(z, t) - goal).square()
    return square.sum(1) if reduce is None else reduce(square)


def line_backwards(velocity, z1, generator):
    return loss_with(velocity, z1, generator, at=lambda z0, t: t * z0 + (1 - t) * z1)


def at_the_noise(velocity, z1, generator):
    return loss_with(velocity, z1, generator, at=lambda z0, t: z0)


def at_the_code(velocity, z1, generator):
    return loss_with(velocity, z1, generator, at=lambda z0, t: z1)


def as_a_denoiser(velocity, z1, generator):
    return loss_with(velocity, z1, generator, at=lambda z0, t: z1 + z0)


def noise_stays(velocity, z1, generator):
    return loss_with(velocity, z1, generator, at=lambda z0, t: z0 + t * z1)


def code_from_the_start(velocity, z1, generator):
    return loss_with(velocity, z1, generator, at=lambda z0, t: (1 - t) * z0 + z1)


def roots(velocity, z1, generator):
    return loss_with(velocity, z1, generator, at=lambda z0, t: (1 - t) ** 0.5 * z0 + t**0.5 * z1)


def bent(velocity, z1, generator):
    """No known mistake: the generic message has to do."""
    return loss_with(velocity, z1, generator, at=lambda z0, t: (1 - t**2) * z0 + t * z1)


def sign(velocity, z1, generator):
    return loss_with(velocity, z1, generator, target=lambda z0, z: z0 - z1)


def towards_the_code(velocity, z1, generator):
    return loss_with(velocity, z1, generator, target=lambda z0, z: z1)


def towards_the_noise(velocity, z1, generator):
    return loss_with(velocity, z1, generator, target=lambda z0, z: z0)


def what_is_left(velocity, z1, generator):
    return loss_with(velocity, z1, generator, target=lambda z0, z: z1 - z)


def towards_itself(velocity, z1, generator):
    return loss_with(velocity, z1, generator, target=lambda z0, z: z)


def other_noise(velocity, z1, generator):
    """The line begins at one draw, and the target knows another."""
    return loss_with(
        velocity,
        z1,
        generator,
        target=lambda z0, z: z1 - torch.randn(z1.shape, generator=generator),
    )


def mean_over_numbers(velocity, z1, generator):
    return loss_with(velocity, z1, generator, reduce=lambda square: square.mean(1))


def half(velocity, z1, generator):
    return loss_with(velocity, z1, generator, reduce=lambda square: square.sum(1) / 2)


def root(velocity, z1, generator):
    return loss_with(velocity, z1, generator, reduce=lambda square: square.sum(1).sqrt())


def absolute(velocity, z1, generator):
    return loss_with(velocity, z1, generator, reduce=lambda square: square.sqrt().sum(1))


def mean_over_all(velocity, z1, generator):
    return loss_with(velocity, z1, generator, reduce=torch.mean)


def not_summed(velocity, z1, generator):
    return loss_with(velocity, z1, generator, reduce=lambda square: square)


def one_time(velocity, z1, generator):
    z0, t = torch.randn(z1.shape, generator=generator), torch.rand(1, generator=generator)
    t = t.expand(len(z1), 1)
    return (velocity((1 - t) * z0 + t * z1, t) - z1 + z0).square().sum(1)


def normal_times(velocity, z1, generator):
    z0 = torch.randn(z1.shape, generator=generator)
    t = torch.randn(len(z1), 1, generator=generator)
    return (velocity((1 - t) * z0 + t * z1, t) - z1 + z0).square().sum(1)


def early_times(velocity, z1, generator):
    z0, t = drawn(z1, generator)
    t = t**2
    return (velocity((1 - t) * z0 + t * z1, t) - z1 + z0).square().sum(1)


def sorted_times(velocity, z1, generator):
    z0, t = drawn(z1, generator)
    t = t.sort(dim=0).values
    return (velocity((1 - t) * z0 + t * z1, t) - z1 + z0).square().sum(1)


def told_another_time(velocity, z1, generator):
    z0, t = drawn(z1, generator)
    other = torch.rand(len(z1), 1, generator=generator)
    return (velocity((1 - t) * z0 + t * z1, other) - z1 + z0).square().sum(1)


def row_of_times(velocity, z1, generator):
    z0 = torch.randn(z1.shape, generator=generator)
    t = torch.rand(len(z1), generator=generator)
    return (velocity((1 - t[:, None]) * z0 + t[:, None] * z1, t) - z1 + z0).square().sum(1)


def uniform_noise(velocity, z1, generator):
    z0, t = torch.rand(z1.shape, generator=generator), torch.rand(len(z1), 1, generator=generator)
    return (velocity((1 - t) * z0 + t * z1, t) - z1 + z0).square().sum(1)


def one_noise_for_all(velocity, z1, generator):
    z0 = torch.randn(z1.shape[1], generator=generator).expand_as(z1)
    t = torch.rand(len(z1), 1, generator=generator)
    return (velocity((1 - t) * z0 + t * z1, t) - z1 + z0).square().sum(1)


def one_noise_for_a_code(velocity, z1, generator):
    z0 = torch.randn(len(z1), 1, generator=generator).expand_as(z1)
    t = torch.rand(len(z1), 1, generator=generator)
    return (velocity((1 - t) * z0 + t * z1, t) - z1 + z0).square().sum(1)


def detached(velocity, z1, generator):
    return loss_with(velocity, z1, generator).detach()


def generator_ignored(velocity, z1, generator):
    return loss_with(velocity, z1, None)


def times_of_a_generator_of_its_own(velocity, z1, generator):
    t = torch.rand(len(z1), 1, generator=torch.Generator().manual_seed(0))
    z0 = torch.randn(z1.shape, generator=generator)
    return (velocity(t * z1 + (1 - t) * z0, t) - z1 + z0).square().sum(1)


def noise_of_a_generator_of_its_own(velocity, z1, generator):
    z0 = torch.randn(z1.shape, generator=torch.Generator().manual_seed(0))
    t = torch.rand(len(z1), 1, generator=generator)
    return (velocity(t * z1 + (1 - t) * z0, t) - z1 + z0).square().sum(1)


def asked_twice(velocity, z1, generator):
    z0, t = drawn(z1, generator)
    z = (1 - t) * z0 + t * z1
    velocity(z, t)
    return (velocity(z, t) - z1 + z0).square().sum(1)


RIGHT = [time_first, by_lerp, by_loop_over_draws, by_name]

WRONG = {
    line_backwards: "The line runs backwards",
    at_the_noise: "asked at the noise itself",
    at_the_code: "asked at the codes themselves",
    as_a_denoiser: "whatever the time, as a denoiser does",
    noise_stays: "The noise is not multiplied by 1 - t",
    code_from_the_start: "The code is not multiplied by t",
    roots: "multiplied by roots",
    bent: "are not on lines",
    sign: "The target has the wrong sign",
    towards_the_code: "The target is the code",
    towards_the_noise: "The target is the noise",
    what_is_left: "the way that is left",
    towards_itself: "The target is the point itself",
    other_noise: "The points are right, but the loss is not",
    mean_over_numbers: "the mean over the numbers of a code",
    half: "half the squared error",
    root: "You took the root",
    absolute: "You summed absolute differences",
    mean_over_all: "Too few axes",
    not_summed: "Too many axes",
    one_time: "the same time",
    normal_times: "`torch.randn` is normal",
    early_times: "but not uniform",
    sorted_times: "without sorting it",
    told_another_time: "has nothing to do with its point",
    row_of_times: "a velocity wants",
    uniform_noise: "The noise z0 is never negative",
    one_noise_for_all: "All codes share the same noise",
    one_noise_for_a_code: "All numbers of a code share",
    detached: "no gradient would reach the velocity",
    generator_ignored: "does not come from `generator`",
    times_of_a_generator_of_its_own: "Your times are the same in every call",
    noise_of_a_generator_of_its_own: "Your noise is the same in every call",
    asked_twice: "is asked 2 times",
}
