"""`masking_noise`, lesson 03: each pixel on its own, by chance, to 0."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.exercise import Exercise
from course_utils.exercises.lessons.lesson_03._replacing_noise import Confusion, Noise, normal


def masking_noise(
    x: Float[Tensor, "batch *features"], rate: float, generator: torch.Generator
) -> Float[Tensor, "batch *features"]:
    """Lose pixels: each, independently of all others, becomes 0 with probability rate."""
    lost = torch.rand(x.shape, generator=generator) < rate
    return x.masked_fill(lost, 0.0)


exercise = Exercise(
    solution=masking_noise,
    place=1,
    difficulty=1,
    minutes=5,
    success=(
        "With rate 0.25 about 196 of the 784 pixels of each image are lost, in other places in "
        "each, and the others are what they were, to the last bit."
    ),
    hints=(
        "Something that happens with probability rate: draw a number evenly between 0 and 1 and "
        "ask whether it is below rate. You need such a number for each pixel of each image.",
        "`torch.rand(x.shape, generator=generator)` draws them all at once, and comparing it with "
        "rate gives True where a pixel is to be lost.",
        "`torch.where(condition, a, b)` takes a where the condition holds and b elsewhere, in a "
        "new tensor; `x.masked_fill(condition, value)` does it in one step.",
    ),
    stages=Noise(
        values=(0.0,),
        shares=lambda rate: (rate,),
        elsewhere="A lost pixel becomes 0.",
        confusions=[
            Confusion(
                lambda rate: (1 - rate,),
                "You kept pixels with probability rate, and lost the rest: it is the other way "
                "round. At rate = 0 nothing is lost, at rate = 1 everything.",
            ),
            Confusion(
                lambda rate: (normal(rate),),
                "You compared the rate with numbers from `torch.randn`, the bell curve, half of "
                "which are negative. For a probability draw evenly from 0 to 1: `torch.rand`.",
            ),
            Confusion(
                lambda rate: (rate / 2,),
                "Only half as many pixels are lost as rate says. There is a factor 2 too much "
                "somewhere, or salt-and-pepper's halves.",
            ),
            Confusion(
                lambda rate: (min(1.0, 2 * rate),),
                "Twice as many pixels are lost as rate says. Compare each random number with the "
                "rate itself.",
            ),
            Confusion(
                lambda rate: (rate**2,),
                "The share of lost pixels is rate squared, as if each had to be hit by two draws. "
                "One draw is enough.",
            ),
            Confusion(
                lambda rate: (1 - (1 - rate) ** 2,),
                "The share of lost pixels is 1 - (1 - rate)², as if the noise had been applied "
                "twice. Once is enough.",
            ),
            Confusion(
                lambda rate: (0.5,),
                "Half of the pixels are lost whatever the rate is. Compare the random numbers with "
                "`rate`.",
            ),
        ],
    ).stages,
)
