"""Answers to `latent_slider`, lesson 08, as learners write them."""

import contextlib
import functools
import io

import ipywidgets
import torch
import traitlets
from IPython.display import display

# --- right ----------------------------------------------------------------------------------------


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


def slider_that_speaks(show, z, dim):
    """It prints, and displays what is no widget."""
    slider = slider_observed(show, z, dim)
    print(slider)
    display("a slider", z)
    return slider


# --- wrong ----------------------------------------------------------------------------------------


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


def slider_displayed(show, z, dim):
    from IPython.display import display

    slider = slider_observed(show, z, dim)
    display(slider)
    return slider


def slider_displayed_in_a_box(show, z, dim):
    slider = slider_observed(show, z, dim)
    display(ipywidgets.HBox([slider]))
    return slider


def slider_displayed_at_each_move(show, z, dim):
    slider = slider_observed(show, z, dim)
    output = ipywidgets.Output()
    slider.observe(lambda change: display("moved", output), names="value")
    return slider


def slider_disabled(show, z, dim):
    slider = slider_observed(show, z, dim)
    slider.disabled = True
    return slider


def slider_hidden(show, z, dim):
    slider = slider_observed(show, z, dim)
    slider.layout.display = "none"
    return slider


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    slider_observed,
    slider_that_is_asked,
    slider_of_a_class,
    slider_of_its_own_kind,
    slider_interactive_output,
    slider_partial,
    slider_that_checks_the_name,
    slider_of_a_difference,
    slider_that_speaks,
]

WRONG = {
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
    slider_displayed: "displays a FloatSlider itself",
    slider_displayed_in_a_box: "displays a HBox itself",
    slider_displayed_at_each_move: "displays an Output itself",
    slider_disabled: "The slider is greyed out",
    slider_hidden: "`layout` hides it",
}
