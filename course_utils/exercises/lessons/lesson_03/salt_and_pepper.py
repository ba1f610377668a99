"""`salt_and_pepper`, lesson 03: each pixel on its own, by chance, to 0 or to 1."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.exercise import Exercise
from course_utils.exercises.lessons.lesson_03._replacing_noise import Confusion, Noise, normal


def salt_and_pepper(
    x: Float[Tensor, "batch *features"], rate: float, generator: torch.Generator
) -> Float[Tensor, "batch *features"]:
    """Hit each pixel, independently of all others, with probability rate: it becomes 0 or 1.

    One draw decides both questions. Below rate the pixel is hit; the lower half of that range makes
    it 0, the upper half 1.
    """
    u = torch.rand(x.shape, generator=generator)
    salted = torch.where(u < rate, 1.0, x)
    return torch.where(u < rate / 2, 0.0, salted)


def _overlap(rate: float) -> float:
    """Of the pixels hit for one value, those that are not hit for the other, which is set later."""
    return min(rate, 1 - rate)


exercise = Exercise(
    solution=salt_and_pepper,
    place=2,
    difficulty=2,
    minutes=10,
    success=(
        "With rate 0.5 you find about 196 black and 196 white specks in each image, wherever they "
        "fall, and the other 392 pixels are what they were."
    ),
    hints=(
        "Two questions for each pixel: is it hit at all (probability rate), and if so, does it "
        "become 0 or 1 (one half each)? Every pixel has its own draw for either.",
        "One random number can answer both. If u is even between 0 and 1, it is below rate with "
        "probability rate; what is the probability that it is below rate / 2?",
        "Set the pixels where u < rate to 1, in a new tensor, and then those where u < rate / 2 "
        "to 0. Or draw a second tensor of random numbers to choose between 0 and 1.",
    ),
    stages=Noise(
        values=(0.0, 1.0),
        shares=lambda rate: (rate / 2, rate / 2),
        elsewhere="A pixel that is hit becomes either 0 or 1.",
        confusions=[
            Confusion(
                lambda rate: (rate, 0.0),
                "There is only pepper: every pixel that was hit became 0. Half of them, by chance, "
                "are to become 1.",
            ),
            Confusion(
                lambda rate: (0.0, rate),
                "There is only salt: every pixel that was hit became 1. Half of them, by chance, "
                "are to become 0.",
            ),
            Confusion(
                lambda rate: (rate / 4, rate / 4),
                "Salt and pepper are balanced, but together they hit only half as many pixels as "
                "rate says. It is rate in all: rate / 2 for each.",
            ),
            Confusion(
                lambda rate: (rate / 2, 0.0),
                "There is pepper at rate / 2 and no salt. Is the salt overwritten by a later "
                "line that starts again from x?",
            ),
            Confusion(
                lambda rate: (0.0, rate / 2),
                "There is salt at rate / 2 and no pepper. Is the pepper overwritten by a later "
                "line that starts again from x?",
            ),
            Confusion(
                lambda rate: (_overlap(rate), rate),
                "Salt alone hits as many pixels as rate says, and pepper comes on top. It is rate "
                "in all: rate / 2 for each.",
            ),
            Confusion(
                lambda rate: (rate, _overlap(rate)),
                "Pepper alone hits as many pixels as rate says, and salt comes on top. It is rate "
                "in all: rate / 2 for each.",
            ),
            Confusion(
                lambda rate: (rate * (1 - rate), rate),
                "You drew salt and pepper separately, each with the whole rate, and salt "
                "overwrites pepper. Draw once who is hit, with rate, and then share the hits out.",
            ),
            Confusion(
                lambda rate: (rate, rate * (1 - rate)),
                "You drew pepper and salt separately, each with the whole rate, and pepper "
                "overwrites salt. Draw once who is hit, with rate, and then share the hits out.",
            ),
            Confusion(
                lambda rate: (rate / 2 * (1 - rate / 2), rate / 2),
                "There is less pepper than salt: two separate draws of rate / 2 hit some pixels "
                "twice, and there the salt, which comes later, overwrites the pepper. Let one draw "
                "decide: pepper below rate / 2, salt from there up to rate.",
            ),
            Confusion(
                lambda rate: (rate / 2, rate / 2 * (1 - rate / 2)),
                "There is less salt than pepper: two separate draws of rate / 2 hit some pixels "
                "twice, and there the pepper, which comes later, overwrites the salt. Let one draw "
                "decide: pepper below rate / 2, salt from there up to rate.",
            ),
            Confusion(
                lambda rate: (max(0.0, rate - 0.5), min(rate, 0.5)),
                "You compared the same random numbers with rate and with 0.5: those below rate "
                "are mostly below 0.5, so nearly all hits are salt. Compare with rate / 2, or draw "
                "new numbers for the second question.",
            ),
            Confusion(
                lambda rate: (min(rate, 0.5), max(0.0, rate - 0.5)),
                "You compared the same random numbers with rate and with 0.5: those below rate "
                "are mostly below 0.5, so nearly all hits are pepper. Compare with rate / 2, or "
                "draw new numbers for the second question.",
            ),
            Confusion(
                lambda rate: ((1 - rate) / 2, (1 - rate) / 2),
                "You kept pixels with probability rate and hit the rest: it is the other way "
                "round. At rate = 0 nothing is hit, at rate = 1 everything.",
            ),
            Confusion(
                lambda rate: (normal(rate / 2), normal(rate) - normal(rate / 2)),
                "Far too much pepper: you compared the rate with numbers from `torch.randn`, half "
                "of which are negative. For a probability draw evenly from 0 to 1: `torch.rand`.",
            ),
            Confusion(
                lambda rate: (normal(rate) / 2, normal(rate) / 2),
                "Too many pixels are hit: you compared the rate with numbers from the bell curve, "
                "`torch.randn`. For a probability draw evenly from 0 to 1: `torch.rand`.",
            ),
            Confusion(
                lambda rate: (0.25, 0.25),
                "Half of the pixels are hit whatever the rate is. Compare the random numbers with "
                "`rate`.",
            ),
        ],
    ).stages,
)
