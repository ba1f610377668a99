"""Answers to the exercises of lesson 08, as learners write them.

`RIGHT` are accepted for every seed. `WRONG` are rejected, each with a message that holds the phrase
beside it and that no other of them gets.
"""

import contextlib
import functools
import io
import math

import ipywidgets
import numpy as np
import torch
import traitlets
from torch.nn import functional as F

# --- interpolate: right ---------------------------------------------------------------------------


def walk_mixture(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps).unsqueeze(1)
    return (1 - t) * z_start + t * z_end


def walk_lerp(z_start, z_end, steps):
    return torch.lerp(z_start, z_end, torch.linspace(0, 1, steps)[:, None])


def walk_loop(z_start, z_end, steps):
    step = (z_end - z_start) / (steps - 1)
    return torch.stack([z_start + i * step for i in range(steps)])


def walk_outer(z_start, z_end, steps):
    return z_start + torch.outer(torch.arange(steps) / (steps - 1), z_end - z_start)


def walk_einsum(z_start, z_end, steps):
    t = torch.linspace(1, 0, steps)
    return torch.einsum("sk,kd->sd", torch.stack([t, 1 - t], dim=1), torch.stack([z_start, z_end]))


def walk_one_linspace_for_each_dimension(z_start, z_end, steps):
    pairs = zip(z_start.tolist(), z_end.tolist(), strict=True)
    return torch.stack([torch.linspace(a, b, steps) for a, b in pairs], dim=1)


def walk_numpy(z_start, z_end, steps):
    return torch.from_numpy(np.linspace(z_start.numpy(), z_end.numpy(), steps))


def walk_resized(z_start, z_end, steps):
    ends = torch.stack([z_start, z_end], dim=1)[None]
    return F.interpolate(ends, size=steps, mode="linear", align_corners=True)[0].T


def walk_cumulative(z_start, z_end, steps):
    step = (z_end - z_start) / (steps - 1)
    return torch.cat([z_start[None], step.expand(steps - 1, -1)]).cumsum(0)


def walk_matrix_product(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps).view(-1, 1)
    return torch.cat([1 - t, t], dim=1) @ torch.stack([z_start, z_end])


# --- interpolate: wrong ---------------------------------------------------------------------------


def walk_without_end(z_start, z_end, steps):
    return torch.stack([z_start + i / steps * (z_end - z_start) for i in range(steps)])


def walk_without_start(z_start, z_end, steps):
    return torch.stack([z_start + (i + 1) / steps * (z_end - z_start) for i in range(steps)])


def walk_one_more(z_start, z_end, steps):
    return torch.stack([torch.lerp(z_start, z_end, i / steps) for i in range(steps + 1)])


def walk_two_more(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps + 2)[:, None]
    return z_start + t * (z_end - z_start)


def walk_one_fewer(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps - 1)[:, None]
    return z_start + t * (z_end - z_start)


def walk_between(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps + 2)[1:-1, None]
    return z_start + t * (z_end - z_start)


def walk_backwards(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)[:, None]
    return t * z_start + (1 - t) * z_end


def walk_spherical(z_start, z_end, steps):
    cosine = (z_start @ z_end) / (z_start.norm() * z_end.norm())
    angle = torch.acos(cosine)
    t = torch.linspace(0, 1, steps)[:, None]
    a, b = torch.sin((1 - t) * angle), torch.sin(t * angle)
    return (a * z_start + b * z_end) / torch.sin(angle)


def walk_square_roots(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)[:, None]
    return torch.sqrt(1 - t) * z_start + torch.sqrt(t) * z_end


def walk_cosine(z_start, z_end, steps):
    t = 0.5 - 0.5 * torch.cos(torch.linspace(0, math.pi, steps))[:, None]
    return z_start + t * (z_end - z_start)


def walk_smoothstep(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)[:, None]
    return z_start + t * t * (3 - 2 * t) * (z_end - z_start)


def walk_adds_the_end(z_start, z_end, steps):
    return z_start + torch.linspace(0, 1, steps)[:, None] * z_end


def walk_whole_end(z_start, z_end, steps):
    return (1 - torch.linspace(0, 1, steps)[:, None]) * z_start + z_end


def walk_away(z_start, z_end, steps):
    return z_start + torch.linspace(0, 1, steps)[:, None] * (z_start - z_end)


def walk_minus(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)[:, None]
    return (1 - t) * z_start - t * z_end


def walk_from_nowhere(z_start, z_end, steps):
    return torch.linspace(0, 1, steps)[:, None] * (z_end - z_start)


def walk_whole_division(z_start, z_end, steps):
    return torch.stack([z_start + i // (steps - 1) * (z_end - z_start) for i in range(steps)])


def walk_too_far(z_start, z_end, steps):
    return torch.stack([z_start + i * (z_end - z_start) for i in range(steps)])


def walk_transposed(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)
    return z_start[:, None] + t * (z_end - z_start)[:, None]


def walk_without_column(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)
    return z_start + t * (z_end - z_start)


def walk_list(z_start, z_end, steps):
    return [torch.lerp(z_start, z_end, i / (steps - 1)) for i in range(steps)]


def walk_numpy_left(z_start, z_end, steps):
    return np.linspace(z_start.numpy(), z_end.numpy(), steps)


def walk_in_place(z_start, z_end, steps):
    rows = []
    step = (z_end - z_start) / (steps - 1)
    for _ in range(steps):
        rows.append(z_start.clone())
        z_start += step
    return torch.stack(rows)


def walk_range_too_short(z_start, z_end, steps):
    return torch.stack([z_start + i / (steps - 1) * (z_end - z_start) for i in range(steps - 1)])


def walk_range_too_late(z_start, z_end, steps):
    return torch.stack([z_start + i / (steps - 1) * (z_end - z_start) for i in range(1, steps)])


def walk_step_before_note(z_start, z_end, steps):
    step, z, rows = (z_end - z_start) / (steps - 1), z_start, []
    for _ in range(steps):
        z = z + step
        rows.append(z)
    return torch.stack(rows)


def walk_pieces_too_many(z_start, z_end, steps):
    return torch.stack([z_start + i / (steps + 1) * (z_end - z_start) for i in range(steps)])


def walk_always_nine(z_start, z_end, steps):
    t = torch.linspace(0, 1, 9)[:, None]
    return (1 - t) * z_start + t * z_end


def walk_always_five(z_start, z_end, steps):
    """As many as the first input asks for."""
    return torch.stack([torch.lerp(z_start, z_end, i / 4) for i in range(5)])


def walk_squared(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)[:, None] ** 2
    return (1 - t) * z_start + t * z_end


def walk_of_length_one(z_start, z_end, steps):
    z = torch.lerp(z_start, z_end, torch.linspace(0, 1, steps)[:, None])
    return z / z.norm(dim=1, keepdim=True)


def walk_joined(z_start, z_end, steps):
    return torch.cat([(1 - t) * z_start + t * z_end for t in torch.linspace(0, 1, steps)])


def walk_without_brackets(z_start, z_end, steps):
    t = torch.linspace(0, 1, steps)[:, None]
    return 1 - t * z_start + t * z_end


def walk_sum(z_start, z_end, steps):
    return z_start + torch.linspace(0, 1, steps)[:, None] * (z_start + z_end)


def walk_to_steps(z_start, z_end, steps):
    t = torch.linspace(0, steps, steps)[:, None]
    return (1 - t) * z_start + t * z_end


def walk_same_row(z_start, z_end, steps):
    """No known mistake: the generic message has to do."""
    return ((z_start + z_end) / 2).repeat(steps, 1)


# --- latent_slider: right -------------------------------------------------------------------------


def slider_observed(show, z, dim):
    slider = ipywidgets.FloatSlider(value=z[dim], min=-3, max=3, description=f"number {dim}")

    def move(change):
        code = z.clone()
        code[dim] = change.new
        show(code)

    slider.observe(move, names="value")
    show(z)
    return slider


def slider_that_is_asked(show, z, dim):
    """It reads the slider, and draws the start by the same function."""
    slider = ipywidgets.FloatSlider(
        float(z[dim]), min=-3.0, max=3.0, step=0.01, description=str(dim)
    )

    def draw(*_):
        code = z.detach().clone()
        code[dim] = slider.value
        show(code)

    slider.observe(draw, "value")
    draw()
    return slider


class Knob:
    def __init__(self, show, z, dim):
        self.show, self.z, self.dim = show, z, dim
        self.slider = ipywidgets.FloatSlider(min=-3, max=3, step=0.05)
        self.slider.value = z[dim].item()
        self.slider.description = f"dimension {dim}"

    def on_value(self, change):
        new = torch.tensor([change["new"]], dtype=self.z.dtype)
        self.show(torch.cat([self.z[: self.dim], new, self.z[self.dim + 1 :]]))


def slider_of_a_class(show, z, dim):
    knob = Knob(show, z, dim)
    knob.slider.observe(knob.on_value, names=["value"])
    show(z.clone())
    return knob.slider


class LatentSlider(ipywidgets.FloatSlider):
    """A slider that is a FloatSlider, and listens to itself."""

    def __init__(self, show, z, dim):
        super().__init__(value=z[dim].item(), min=-3, max=3, step=0.1, description=f"z_{dim}")
        self.add_traits(last=traitlets.Any())
        self.observe(lambda change: show(put(z, dim, change.new)), names="value")
        show(z)


def put(z, dim, value):
    return torch.where(torch.arange(len(z)) == dim, value, z)


def slider_of_its_own_kind(show, z, dim):
    return LatentSlider(show, z, dim)


def slider_interactive_output(show, z, dim):
    slider = ipywidgets.FloatSlider(value=z[dim].item(), min=-3, max=3, description=f"z[{dim}]")
    ipywidgets.interactive_output(lambda value: show(put(z, dim, value)), {"value": slider})
    return slider


def slider_partial(show, z, dim):
    slider = ipywidgets.FloatSlider(min=-3, max=3, step=0.02, description=f"z[{dim}] of {len(z)}")
    slider.value = z[dim].item()
    slider.observe(functools.partial(show_moved, show, z, dim), names="value")
    show_moved(show, z, dim, {"new": slider.value})
    return slider


def show_moved(show, z, dim, change):
    code = torch.tensor(z.tolist())
    code[dim] = change["new"]
    show(code)


def slider_that_checks_the_name(show, z, dim):
    """It hears of everything, and answers to one thing."""
    slider = ipywidgets.FloatSlider(value=z[dim].item(), min=-3, max=3, description=f"z[{dim}]")

    def hear(change):
        if change.name == "value":
            show(z.index_fill(0, torch.tensor([dim]), change.new))

    slider.observe(hear)
    show(z)
    return slider


def slider_of_a_difference(show, z, dim):
    slider = ipywidgets.FloatSlider(value=z[dim].item(), min=-3, max=3, description=f"z[{dim}]")
    direction = torch.eye(len(z))[dim]

    def move(change):
        show(z + (change.new - z[dim]) * direction)

    slider.observe(move, names="value")
    show(z.clone())
    return slider


# --- latent_slider: wrong -------------------------------------------------------------------------


def knob(z, dim, **settings):
    """A slider as it should be, but for some settings."""
    usual = {"value": z[dim].item(), "min": -3, "max": 3, "description": f"z[{dim}]"}
    return ipywidgets.FloatSlider(**usual | settings)


def wired(show, z, dim, kind=ipywidgets.FloatSlider, **settings):
    """An answer that is right, but for some settings."""
    usual = {"value": z[dim].item(), "min": -3, "max": 3, "description": f"z[{dim}]"}
    slider = kind(**usual | settings)
    slider.observe(lambda change: show(put(z, dim, change.new)), names="value")
    show(z)
    return slider


def tied(show, z, dim, code):
    """An answer that is right, but for what it makes of the slider's value."""
    slider = knob(z, dim)
    slider.observe(lambda change: show(code(change.new)), names="value")
    show(z)
    return slider


def slider_without_return(show, z, dim):
    wired(show, z, dim)


def slider_in_a_box(show, z, dim):
    return ipywidgets.VBox([wired(show, z, dim), ipywidgets.Image()])


def slider_interact(show, z, dim):
    def moved(value):
        show(put(z, dim, value))

    with contextlib.redirect_stdout(io.StringIO()):
        return ipywidgets.interact(moved, value=(-3.0, 3.0, 0.1))


def slider_interactive(show, z, dim):
    return ipywidgets.interactive(lambda value: show(put(z, dim, value)), value=(-3.0, 3.0, 0.1))


def slider_output(show, z, dim):
    slider = knob(z, dim)
    return ipywidgets.interactive_output(lambda value: show(put(z, dim, value)), {"value": slider})


def slider_whole_numbers(show, z, dim):
    return wired(show, z, dim, ipywidgets.IntSlider, value=int(z[dim]))


def slider_text(show, z, dim):
    return wired(show, z, dim, ipywidgets.BoundedFloatText)


def slider_class(show, z, dim):
    show(z)
    return ipywidgets.FloatSlider


def slider_and_comma(show, z, dim):
    return (wired(show, z, dim),)


def slider_default_range(show, z, dim):
    slider = ipywidgets.FloatSlider(value=z[dim], description=f"z[{dim}]")
    slider.observe(lambda change: show(put(z, dim, change.new)), names="value")
    show(z)
    return slider


def slider_of_pixels(show, z, dim):
    return wired(show, z, dim, min=0, max=1)


def slider_of_one_deviation(show, z, dim):
    return wired(show, z, dim, min=-1, max=1)


def slider_without_min(show, z, dim):
    slider = ipywidgets.FloatSlider(value=z[dim], max=3, description=f"z[{dim}]")
    slider.observe(lambda change: show(put(z, dim, change.new)), names="value")
    show(z)
    return slider


def slider_without_max(show, z, dim):
    return wired(show, z, dim, max=100)


def slider_ends_of_z(show, z, dim):
    return wired(show, z, dim, min=z.min().item(), max=z.max().item())


def slider_around_the_start(show, z, dim):
    return wired(show, z, dim, min=z[dim].item() - 3, max=z[dim].item() + 3)


def slider_five(show, z, dim):
    return wired(show, z, dim, min=-5, max=5)


def slider_without_value(show, z, dim):
    return wired(show, z, dim, value=0.0)


def slider_first_value(show, z, dim):
    return wired(show, z, dim, value=z[0].item())


def slider_value_counted_from_one(show, z, dim):
    return wired(show, z, dim, value=z[dim - 1].item())


def slider_value_dim(show, z, dim):
    return wired(show, z, dim, value=dim)


def slider_rounded_start(show, z, dim):
    return wired(show, z, dim, value=round(z[dim].item()))


def slider_start_rounded_to_steps(show, z, dim):
    return wired(show, z, dim, value=round(z[dim].item(), 1))


def slider_mean(show, z, dim):
    return wired(show, z, dim, value=z.norm().clamp(max=3).item() - 0.01)


def slider_steps_of_one(show, z, dim):
    return wired(show, z, dim, step=1)


def slider_nameless(show, z, dim):
    return wired(show, z, dim, description="")


def slider_named_dim(show, z, dim):
    return wired(show, z, dim, description="z[dim]")


def slider_named_from_one(show, z, dim):
    return wired(show, z, dim, description=f"z_{dim + 1}")


def slider_named_always(show, z, dim):
    return wired(show, z, dim, description="style")


def slider_named_two(show, z, dim):
    """Right for the first code alone."""
    return wired(show, z, dim, description="z[2]")


def slider_late(show, z, dim):
    return wired(show, z, dim, continuous_update=False)


def slider_mute(show, z, dim):
    return knob(z, dim)


def slider_that_shows_the_start_only(show, z, dim):
    show(z)
    return knob(z, dim)


def slider_that_names_show(show, z, dim):
    slider = knob(z, dim)
    slider.observe(lambda change: show, names="value")
    return slider


def slider_without_start(show, z, dim):
    slider = knob(z, dim)
    slider.observe(lambda change: show(put(z, dim, change.new)), names="value")
    return slider


def slider_start_twice(show, z, dim):
    slider = knob(z, dim, value=0.0)
    slider.observe(lambda change: show(put(z, dim, change.new)), names="value")
    slider.value = z[dim].item()
    show(put(z, dim, slider.value))
    show(z)
    return slider


def slider_start_by_luck(show, z, dim):
    """The change of the value shows the start, if there is a change."""
    slider = knob(z, dim, value=0.0)
    slider.observe(lambda change: show(put(z, dim, change.new)), names="value")
    slider.value = z[dim].item()
    return slider


def slider_observed_twice(show, z, dim):
    slider = wired(show, z, dim)
    slider.observe(lambda change: show(put(z, dim, slider.value)), names="value")
    return slider


def slider_upwards_only(show, z, dim):
    slider = knob(z, dim)
    slider.observe(
        lambda change: change.new > -2.9 and show(put(z, dim, change.new)), names="value"
    )
    show(z)
    return slider


def slider_called_in_brackets(show, z, dim):
    slider = knob(z, dim)

    def move(value):
        show(put(z, dim, value))

    slider.observe(move(slider.value), names="value")
    return slider


def slider_without_argument(show, z, dim):
    slider = knob(z, dim)

    def move():
        show(put(z, dim, slider.value))

    slider.observe(move, names="value")
    move()
    return slider


def slider_misread_change(show, z, dim):
    return_value = knob(z, dim)
    return_value.observe(lambda change: show(put(z, dim, change.value)), names="value")
    show(z)
    return return_value


def slider_hands_on_the_change(show, z, dim):
    slider = knob(z, dim)
    slider.observe(show, names="value")
    show(z)
    return slider


def slider_hands_on_the_number(show, z, dim):
    return tied(show, z, dim, lambda value: value)


def slider_hands_on_itself(show, z, dim):
    slider = knob(z, dim)
    slider.observe(lambda change: show(change.owner), names="value")
    show(z)
    return slider


def slider_of_a_list(show, z, dim):
    return tied(show, z, dim, lambda value: [*z[:dim].tolist(), value, *z[dim + 1 :].tolist()])


def slider_of_a_batch(show, z, dim):
    slider = knob(z, dim)
    slider.observe(lambda change: show(put(z, dim, change.new)[None]), names="value")
    show(z[None])
    return slider


def slider_with_one_more(show, z, dim):
    return tied(show, z, dim, lambda value: torch.cat([z, torch.tensor([value])]))


def slider_of_numpy_numbers(show, z, dim):
    return tied(show, z, dim, lambda value: put(z.double(), dim, value))


def slider_of_text(show, z, dim):
    return tied(show, z, dim, str)


def slider_in_place(show, z, dim):
    slider = knob(z, dim)

    def move(change):
        z[dim] = change.new
        show(z)

    slider.observe(move, names="value")
    show(z)
    return slider


def slider_clears_z(show, z, dim):
    z[dim] = 0
    return wired(show, z, dim)


def slider_starts_with_zeros(show, z, dim):
    slider = knob(z, dim)
    slider.observe(lambda change: show(put(z, dim, change.new)), names="value")
    show(torch.zeros(len(z)))
    return slider


def slider_starts_with_a_zero(show, z, dim):
    slider = knob(z, dim)
    slider.observe(lambda change: show(put(z, dim, change.new)), names="value")
    show(put(z, dim, 0.0))
    return slider


def slider_starts_elsewhere(show, z, dim):
    slider = knob(z, dim)
    slider.observe(lambda change: show(put(z, dim, change.new)), names="value")
    show(z / 2)
    return slider


def slider_that_overwrites(show, z, dim):
    slider, code = knob(z, dim), z.clone()

    def move(change):
        code[dim] = change.new
        show(code)

    slider.observe(move, names="value")
    show(code)
    return slider


def slider_stale(show, z, dim):
    slider = knob(z, dim)
    value = slider.value
    slider.observe(lambda change: show(put(z, dim, value)), names="value")
    show(z)
    return slider


def slider_old(show, z, dim):
    slider = knob(z, dim)
    slider.observe(lambda change: show(put(z, dim, change.old)), names="value")
    show(z)
    return slider


def slider_adds(show, z, dim):
    def added(value):
        code = z.clone()
        code[dim] += value
        return code

    return tied(show, z, dim, added)


def slider_adds_up(show, z, dim):
    code = z.clone()

    def added(value):
        code[dim] += value
        return code.clone()

    return tied(show, z, dim, added)


def slider_multiplies(show, z, dim):
    return tied(show, z, dim, lambda value: put(z, dim, z[dim] * value))


def slider_turns_the_sign(show, z, dim):
    return tied(show, z, dim, lambda value: put(z, dim, -value))


def slider_whole(show, z, dim):
    return tied(show, z, dim, lambda value: put(z, dim, float(int(value))))


def slider_of_zeros(show, z, dim):
    return tied(show, z, dim, lambda value: put(torch.zeros(len(z)), dim, value))


def slider_of_all(show, z, dim):
    return tied(show, z, dim, lambda value: torch.full_like(z, value))


def slider_adds_to_all(show, z, dim):
    return tied(show, z, dim, lambda value: z + value)


def slider_stretches(show, z, dim):
    return tied(show, z, dim, lambda value: z * value)


def slider_always_first(show, z, dim):
    return tied(show, z, dim, lambda value: put(z, 0, value))


def slider_next(show, z, dim):
    return tied(show, z, dim, lambda value: put(z, dim + 1, value))


def slider_before(show, z, dim):
    return tied(show, z, dim, lambda value: put(z, dim - 1, value))


def slider_always_last(show, z, dim):
    return tied(show, z, dim, lambda value: put(z, len(z) - 1, value))


def slider_from_here_on(show, z, dim):
    def sliced(value):
        code = z.clone()
        code[dim:] = value
        return code

    return tied(show, z, dim, sliced)


def slider_up_to_here(show, z, dim):
    def sliced(value):
        code = z.clone()
        code[:dim] = value
        return code

    return tied(show, z, dim, sliced)


def slider_halves(show, z, dim):
    """No known mistake: the generic message has to do."""
    return tied(show, z, dim, lambda value: put(z, dim, value / 2))


def slider_of_settings_without_names(show, z, dim):
    return ipywidgets.FloatSlider(z[dim], -3, 3)


def slider_named_by_a_number(show, z, dim):
    return wired(show, z, dim, description=dim)


def slider_on_change(show, z, dim):
    slider = knob(z, dim)
    slider.on_change(lambda change: show(put(z, dim, change.new)))
    return slider


def slider_value_returned(show, z, dim):
    return wired(show, z, dim).value


def slider_of_a_name_used_twice(show, z, dim):
    slider = knob(z, dim)

    def move(change):
        z = z.clone()  # noqa: F823
        z[dim] = change.new
        show(z)

    slider.observe(move, names="value")
    show(z)
    return slider


def slider_hears_everything(show, z, dim):
    """Closing the slider is a change, too, and must not become an exception."""
    slider = knob(z, dim)
    slider.observe(lambda change: show(put(z, dim, float(change.new))))
    show(z)
    return slider


def slider_that_shows_nothing(show, z, dim):
    return tied(show, z, dim, lambda value: None)


def slider_rounds_to_steps(show, z, dim):
    return tied(show, z, dim, lambda value: put(z, dim, round(value, 1)))


def slider_hides_its_error(show, z, dim):
    slider = knob(z, dim)
    out = ipywidgets.Output()

    def move(change):
        with out, contextlib.suppress(NameError):  # as an Output does in a kernel
            show(put(z, dimension, change.new))

    slider.observe(move, names="value")
    return slider


class Shared:
    show = z = dim = None


def slider_shares(show, z, dim):
    Shared.show, Shared.z, Shared.dim = show, z, dim
    slider = knob(z, dim)
    slider.observe(lambda change: Shared.show(put(Shared.z, Shared.dim, change.new)), names="value")
    show(z)
    return slider


# --- importance_weighted_bound: right -------------------------------------------------------------


def bound_logsumexp(log_w):
    return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])


def bound_stabilised(log_w):
    highest = log_w.max(dim=0, keepdim=True).values
    return (torch.exp(log_w - highest).mean(0, keepdim=True).log() + highest)[0]


def bound_mixture(log_w):
    """The log-density of an even mixture is the same formula."""
    k, _ = log_w.shape
    return torch.logsumexp(log_w + torch.full((k, 1), 1 / k).log(), 0)


def bound_pairwise(log_w):
    total = log_w[0]
    for row in log_w[1:]:
        total = torch.logaddexp(total, row)
    return total - np.log(len(log_w))


def bound_columns(log_w):
    columns = [column.logsumexp(0) - math.log(len(column)) for column in log_w.T]
    return torch.stack(columns)


def bound_cumulative(log_w):
    return torch.logcumsumexp(log_w, dim=0)[-1] - torch.tensor(float(len(log_w))).log()


def bound_transposed_in_double(log_w):
    return (log_w.double().T - math.log(len(log_w))).logsumexp(dim=-1)


def bound_softmax(log_w):
    """Every log-weight less its log-softmax is the logarithm of the sum."""
    return (log_w - F.log_softmax(log_w, dim=0)).mean(0) - math.log(len(log_w))


# --- importance_weighted_bound: wrong -------------------------------------------------------------


def bound_mean_of_logs(log_w):
    return log_w.mean(dim=0)


def bound_sum(log_w):
    return torch.logsumexp(log_w, dim=0)


def bound_log_k_added(log_w):
    return torch.logsumexp(log_w, dim=0) + math.log(len(log_w))


def bound_divided_outside(log_w):
    return torch.logsumexp(log_w, dim=0) / len(log_w)


def bound_k_subtracted(log_w):
    return torch.logsumexp(log_w, dim=0) - log_w.size(0)


def bound_log_batch(log_w):
    return torch.logsumexp(log_w, dim=0) - math.log(log_w.size(1))


def bound_over_examples(log_w):
    return torch.logsumexp(log_w, dim=1) - math.log(log_w.size(1))


def bound_last_axis_log_k(log_w):
    return torch.logsumexp(log_w, dim=-1) - math.log(log_w.size(0))


def bound_sum_over_examples(log_w):
    return torch.logsumexp(log_w, dim=1)


def bound_of_everything(log_w):
    return torch.logsumexp(log_w, dim=(0, 1)) - math.log(log_w.numel())


def bound_batch_mean(log_w):
    return bound_logsumexp(log_w).mean()


def bound_keepdim(log_w):
    return torch.logsumexp(log_w, dim=0, keepdim=True) - math.log(len(log_w))


def bound_without_log(log_w):
    return log_w.exp().mean(dim=0)


def bound_loss(log_w):
    return -bound_logsumexp(log_w)


def bound_sign_of_weights(log_w):
    return torch.logsumexp(-log_w, dim=0) - math.log(len(log_w))


def bound_sign_twice(log_w):
    return math.log(len(log_w)) - torch.logsumexp(-log_w, dim=0)


def bound_best_draw(log_w):
    return torch.amax(log_w, dim=0)


def bound_best_draw_by_k(log_w):
    return torch.amax(log_w, dim=0) - math.log(len(log_w))


def bound_weighted_mean(log_w):
    weights = torch.softmax(log_w, dim=0)
    return (weights * log_w).sum(0)


def bound_log_softmax(log_w):
    return torch.log_softmax(log_w, dim=0).mean(0)


def bound_maximum_not_added_back(log_w):
    highest = log_w.max(dim=0).values
    return torch.exp(log_w - highest).mean(0).log()


def bound_bits(log_w):
    return bound_logsumexp(log_w) / math.log(2)


def bound_unstable(log_w):
    return torch.log(torch.mean(torch.exp(log_w), dim=0))


def bound_eps(log_w):
    return torch.log(torch.mean(torch.exp(log_w), dim=0) + 1e-8)


def bound_one_maximum(log_w):
    highest = log_w.max()
    return torch.exp(log_w - highest).mean(0).log() + highest


def bound_detached(log_w):
    return bound_logsumexp(log_w.detach())


def bound_weights_detached(log_w):
    """The value of the bound with the gradient of the ELBO."""
    mean = log_w.mean(0)
    return mean + (bound_logsumexp(log_w) - mean).detach()


def bound_numpy(log_w):
    return np.logaddexp.reduce(log_w.numpy(), axis=0) - np.log(len(log_w))


def bound_in_place(log_w):
    highest = log_w.max(dim=0).values
    log_w -= highest
    return log_w.exp().mean(0).log() + highest


def bound_log_all(log_w):
    return torch.logsumexp(log_w, dim=0) - math.log(log_w.numel())


def bound_bessel(log_w):
    return torch.logsumexp(log_w, dim=0) - torch.log(torch.tensor(log_w.shape[0] - 1.0))


def bound_log10(log_w):
    return torch.logsumexp(log_w, dim=0) - np.log10(len(log_w))


def bound_log2(log_w):
    return torch.logsumexp(log_w, dim=0) - np.log2(len(log_w))


def bound_mean_less_log_k(log_w):
    return log_w.mean(0) - math.log(len(log_w))


def bound_product(log_w):
    return log_w.sum(dim=0)


def bound_divided_inside(log_w):
    return torch.logsumexp(log_w / log_w.shape[0], dim=0)


def bound_log_of_logs(log_w):
    return torch.log(log_w).mean(dim=0)


def bound_log_of_mean_log(log_w):
    return torch.log(log_w.mean(dim=0))


def bound_log1p(log_w):
    return torch.log1p(torch.exp(log_w).mean(0))


def bound_mean_softmax(log_w):
    return torch.log(torch.softmax(log_w, dim=0).mean(0))


def bound_maximum_subtracted_twice(log_w):
    highest = log_w.max(dim=0).values
    return torch.exp(log_w - highest).mean(0).log() - highest


def bound_maximum_and_mean_of_all(log_w):
    highest = log_w.max(dim=0).values
    return torch.exp(log_w - highest).mean().log() + highest


def bound_maximum_of_rows(log_w):
    highest = log_w.max(dim=1, keepdim=True).values
    return torch.exp(log_w - highest).mean(0).log() + highest


def bound_clamped(log_w):
    return torch.clamp(log_w, -80, 80).exp().mean(0).log()


def bound_nan_to_num(log_w):
    return torch.nan_to_num(log_w.exp().mean(0).log())


def bound_mean_subtracted(log_w):
    """Right as long as the draws of one example are near each other."""
    middle = log_w.mean(dim=0)
    return torch.exp(log_w - middle).mean(0).log() + middle


def bound_median(log_w):
    """No known mistake: the generic message has to do."""
    return log_w.median(0).values


RIGHT = {
    "interpolate": [
        walk_mixture,
        walk_lerp,
        walk_loop,
        walk_outer,
        walk_einsum,
        walk_one_linspace_for_each_dimension,
        walk_numpy,
        walk_resized,
        walk_cumulative,
        walk_matrix_product,
    ],
    "latent_slider": [
        slider_observed,
        slider_that_is_asked,
        slider_of_a_class,
        slider_of_its_own_kind,
        slider_interactive_output,
        slider_partial,
        slider_that_checks_the_name,
        slider_of_a_difference,
    ],
    "importance_weighted_bound": [
        bound_logsumexp,
        bound_stabilised,
        bound_mixture,
        bound_pairwise,
        bound_columns,
        bound_cumulative,
        bound_transposed_in_double,
        bound_softmax,
    ],
}

WRONG = {
    "interpolate": {
        walk_without_end: "The end is missing",
        walk_without_start: "The start is missing",
        walk_one_more: "steps + 1 rows",
        walk_two_more: "steps + 2 rows",
        walk_one_fewer: "number of pieces between the codes",
        walk_between: "Both ends are missing",
        walk_backwards: "The walk goes backwards",
        walk_spherical: "spherical",
        walk_square_roots: "square roots of 1 - t and t",
        walk_cosine: "slowly near the ends",
        walk_smoothstep: "eased by 3t² - 2t³",
        walk_adds_the_end: "to the whole of z_start",
        walk_whole_end: "full weight from the first row",
        walk_away: "walk away from z_end",
        walk_minus: "a minus where the plus",
        walk_from_nowhere: "z_start itself is not added",
        walk_whole_division: "Every row but the last is z_start",
        walk_too_far: "far beyond z_end",
        walk_transposed: "Rows and columns are exchanged",
        walk_without_column: "Make a column of t",
        walk_list: "a list of 5 things",
        walk_numpy_left: "a NumPy array",
        walk_in_place: "changed its argument `z_start` in place",
        walk_range_too_short: "steps - 1 rows: z_end is missing",
        walk_range_too_late: "steps - 1 rows: z_start is missing",
        walk_step_before_note: "before you note down",
        walk_pieces_too_many: "two pieces short",
        walk_always_nine: "always 9 rows",
        walk_always_five: "always 5 rows",
        walk_squared: "your t is squared",
        walk_of_length_one: "every code by its own length",
        walk_joined: "in one long row",
        walk_without_brackets: "Brackets:",
        walk_sum: "You add t (z_start + z_end)",
        walk_to_steps: "t runs from 0 to steps here",
        walk_same_row: "Look at three rows",
    },
    "latent_slider": {
        slider_without_return: "Is the last line `return slider`?",
        slider_in_a_box: "without a box around it",
        slider_interact: "`interact` gives back the function",
        slider_interactive: "`interactive` makes a box",
        slider_output: "what `interactive_output` returns",
        slider_whole_numbers: "whole numbers only",
        slider_text: "not the one that is asked for",
        slider_class: "the class FloatSlider",
        slider_and_comma: "a comma after it",
        slider_default_range: "the range of every new FloatSlider",
        slider_of_pixels: "the range of pixels",
        slider_of_one_deviation: "one standard deviation of the prior each way",
        slider_without_min: "`min` is 0 unless",
        slider_without_max: "`max` is 100 unless",
        slider_ends_of_z: "the ends of z itself",
        slider_around_the_start: "It is laid around z[dim]",
        slider_five: "goes from -5 to 5; expected -3 to 3",
        slider_without_value: "The slider starts at 0, where every new",
        slider_first_value: "It belongs to number dim",
        slider_value_counted_from_one: "the number beside z[dim]",
        slider_value_dim: "which is dim, the place",
        slider_rounded_start: "it was rounded",
        slider_start_rounded_to_steps: "With number 7 of a code of 20",
        slider_mean: "expected z[dim], which is",
        slider_steps_of_one: "so it has 7 places to stand",
        slider_nameless: "has no description",
        slider_named_dim: "letter by letter",
        slider_named_from_one: "which counts from 1",
        slider_named_always: "'style'; it should hold the number of dim",
        slider_named_two: "'z[2]'; it should hold the number of dim",
        slider_late: "waits until the mouse is released",
        slider_mute: "never called, neither",
        slider_that_shows_the_start_only: "the slider moves and nothing is",
        slider_without_start: "Nothing is shown at the start, and",
        slider_start_twice: "Before the first move `show` was called 3 times",
        slider_start_by_luck: "where z[1] is 0: Nothing is shown at the start",
        slider_observed_twice: "called `show` 2 times",
        slider_upwards_only: "Some moves show nothing",
        slider_called_in_brackets: "runs `move` at once",
        slider_without_argument: "with one argument, the change",
        slider_misread_change: "AttributeError: value",
        slider_hears_everything: "hears of everything",
        slider_hands_on_the_change: "the change itself, a dictionary",
        slider_hands_on_the_number: "a single number",
        slider_hands_on_itself: "a FloatSlider, a widget",
        slider_of_a_list: "a list of 5 things",
        slider_of_a_batch: "a batch of one code, (1, 5)",
        slider_with_one_more: "a tensor of shape (6,)",
        slider_of_numpy_numbers: "numbers of torch.float64",
        slider_of_text: "a str; expected a tensor",
        slider_in_place: "Moving the slider changed z itself",
        slider_clears_z: "changed its argument `z` in place",
        slider_starts_with_zeros: "zeros are shown",
        slider_starts_with_a_zero: "with number dim at 0",
        slider_starts_elsewhere: "given at the start: it should be z",
        slider_that_overwrites: "the same tensor again",
        slider_stale: "stays what it was at the start",
        slider_old: "one move behind",
        slider_adds: "value is added to z[dim]",
        slider_adds_up: "added to all those before it",
        slider_multiplies: "z[dim] is multiplied",
        slider_turns_the_sign: "its sign turned",
        slider_whole: "lost its decimals",
        slider_of_zeros: "All other numbers of the code are 0",
        slider_of_all: "All numbers of the code are the slider's value",
        slider_adds_to_all: "added to every number of z",
        slider_stretches: "The whole of z is multiplied",
        slider_always_first: "number 0 of the code moves",
        slider_next: "The number after the right one",
        slider_before: "The number before the right one",
        slider_always_last: "the last number of the code moves",
        slider_from_here_on: "From number dim on",
        slider_up_to_here: "All numbers before number dim",
        slider_halves: "Compare the two, number by number",
        slider_of_settings_without_names: "only the value may stand without its name",
        slider_named_by_a_number: "The description is a text",
        slider_on_change: "The method that tells of changes",
        slider_value_returned: "Return the slider itself",
        slider_of_a_name_used_twice: "another name than z has",
        slider_that_shows_nothing: "was given `None`; expected a tensor",
        slider_rounds_to_steps: "where z[7] is",
        slider_hides_its_error: "keeps an error of your function to itself",
        slider_shares: "after a second one was made",
    },
    "importance_weighted_bound": {
        bound_mean_of_logs: "mean of the logarithms",
        bound_sum: "logarithm of the sum of the weights",
        bound_log_k_added: "You added log k",
        bound_divided_outside: "divided the logarithm of the sum by k",
        bound_k_subtracted: "You subtracted k itself",
        bound_log_batch: "logarithm of the batch size",
        bound_over_examples: "You averaged over the examples",
        bound_last_axis_log_k: "and subtracted log k. Both",
        bound_sum_over_examples: "and did not divide",
        bound_of_everything: "went into one mean",
        bound_batch_mean: "then you took its mean over the batch",
        bound_keepdim: "in a row of a table",
        bound_without_log: "This is the mean weight",
        bound_loss: "sign turned, a loss",
        bound_sign_of_weights: "turned before the mean, so the worst",
        bound_sign_twice: "harmonic mean",
        bound_best_draw: "largest log-weight alone",
        bound_best_draw_by_k: "largest log-weight less log k",
        bound_weighted_mean: "each in proportion to its weight",
        bound_log_softmax: "`log_softmax` divides",
        bound_maximum_not_added_back: "did not add it back",
        bound_bits: "in bits",
        bound_unstable: "exp(1000) is inf",
        bound_eps: "small number that you add before the logarithm",
        bound_one_maximum: "one maximum, that of the whole table",
        bound_detached: "nothing could be trained",
        bound_weights_detached: "their gradient with respect to `log_w`",
        bound_numpy: "a NumPy array",
        bound_in_place: "changed its argument `log_w` in place",
        bound_log_all: "logarithm of all the entries",
        bound_bessel: "You subtracted log(k - 1)",
        bound_log10: "to the base 10",
        bound_log2: "You subtracted log k to the base 2",
        bound_mean_less_log_k: "subtracted log k as well",
        bound_product: "which multiplies the weights",
        bound_divided_inside: "roots of the weights",
        bound_log_of_logs: "logarithm of `log_w`",
        bound_log_of_mean_log: "logarithm of the mean logarithm",
        bound_log1p: "`log1p` adds 1",
        bound_mean_softmax: "their mean is always 1 / k",
        bound_maximum_subtracted_twice: "subtracted it once more",
        bound_maximum_and_mean_of_all: "the mean between is over the whole table",
        bound_maximum_of_rows: "Your maximum is that of each row",
        bound_clamped: "you clamp the log-weights",
        bound_nan_to_num: "`nan_to_num` only hides",
        bound_mean_subtracted: "but not its largest",
        bound_median: "Take the first column",
    },
}
