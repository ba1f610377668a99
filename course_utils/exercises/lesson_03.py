"""Checks of lesson 03: denoising."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises.answer import Answer, Crash, Unsolved, Wrong, returns_nothing
from course_utils.exercises.compare import (
    Comparison,
    Mistake,
    expect_shape,
    expect_type,
)
from course_utils.exercises.exercise import Exercise, Stage
from course_utils.exercises.solutions import lesson_03 as solutions
from course_utils.losses import squared_error

# --- masking_noise and salt_and_pepper ------------------------------------------------------------

# Shapes and rates to try: many small examples for the statistics, all rates away from 1/2, where
# keeping and losing look alike, and the two ends.
TRIALS = [
    ((120, 784), 0.3),
    ((60, 1, 28, 28), 0.6),
    ((1, 784), 0.25),
    ((3, 1, 28, 28), 0.0),
    ((3, 784), 1.0),
]
SIGMAS = 6  # standard errors

Shares = Callable[[float], tuple[float, ...]]


class Spoiled(NamedTuple):
    """One call of a noise: its input, and what came back."""

    x: Tensor
    rate: float
    got: Tensor

    @property
    def changed(self) -> Tensor:
        return self.got != self.x


class Confusion(NamedTuple):
    """A wrong way to draw the noise, known by how often it gives each value."""

    shares: Shares
    message: str


@dataclass(frozen=True, eq=False)
class Noise:
    """Stages for a noise that replaces pixels at random, each pixel on its own.

    Nothing is compared with draws of the reference, only with what every right answer has in
    common, so that random numbers may be drawn in any order.

    Attributes:
        values: what a pixel that is hit can become.
        shares: from the rate to the share of pixels that should become each of these.
        confusions: wrong shares that people produce; the first that fits on all trials is named.
        elsewhere: what a pixel that is hit becomes, as a sentence.
    """

    values: tuple[float, ...]
    shares: Shares
    confusions: Sequence[Confusion]
    elsewhere: str

    @property
    def stages(self) -> tuple[Stage, ...]:
        checks = [self._type, self._shape, self._value, self._rate, self._independence]
        checks.append(self._generator)
        return tuple(Stage(check.__name__.removeprefix("_"), check) for check in checks)

    def _type(self, answer: Answer) -> None:
        """Call the answer on every trial; the later stages look at what came back."""
        source = answer.generator()
        trials = answer.memory[self] = []
        for shape, rate in TRIALS:
            # No pixel is 0, 1 or 1/2, and hardly two are the same.
            x = 0.1 + 0.35 * torch.rand(shape, generator=source)
            x = torch.where(torch.rand(shape, generator=source) < 0.5, x, 1 - x)
            try:
                got = answer(x, rate, source)
            except Crash as crash:
                raise Crash(self._named_crash(crash, trials), crash.error) from None
            if got is None and returns_nothing(answer.function):
                raise Unsolved
            expect_type(got, x)
            trials.append(Spoiled(x, rate, got.detach().clone()))

    def _named_crash(self, crash: Crash, trials: list[Spoiled]) -> str:
        if not trials or len(trials) > 1:
            return str(crash)
        return (
            f"Rows of pixels went well; images of shape (batch, 1, 28, 28) did not.\n{crash}\n"
            "Draw as many random numbers as x has pixels, whatever its axes: `x.shape` has them "
            "all."
        )

    def _shape(self, answer: Answer) -> None:
        for x, rate, got in answer.memory[self]:
            words = "the shape of x: every pixel stays in its place, spoiled or not"
            expect_shape(got, x, words, {"x": x, "rate": rate})

    def _value(self, answer: Answer) -> None:
        """Every pixel is what it was, to the last bit, or one of the values."""
        for trial in answer.memory[self]:
            allowed = ~trial.changed
            for value in self.values:
                allowed |= trial.got == value
            if not allowed.all():
                raise Wrong(self._strange(trial, ~allowed))

    def _strange(self, trial: Spoiled, strange: Tensor) -> str:
        """What can be said of pixels that are neither as they were nor one of the values."""
        x, rate, got = trial
        found = got[strange]
        where = strange.flatten().nonzero()[0].item()
        before, after = x.flatten()[where].item(), got.flatten()[where].item()
        example = f"With rate = {rate:g} a pixel of {before:.4f} became {after:.4f}."
        if found.isnan().any():
            return (
                "There is nan among the pixels. What is lost is to be a number that a network can "
                f"take: {self.elsewhere}"
            )
        if ((got == 0) | (got == 1)).all():
            return "You returned the mask itself, 0 and 1. It is to be laid over x: multiply by it."
        if torch.allclose(found * (1 - rate), x[strange]):
            return (
                f"{example} You divided what you kept by 1 - rate, as `F.dropout` does. Here "
                "the pixels that are kept stay exactly as they were."
            )
        if torch.allclose((found - x[strange]).abs(), torch.ones(1)):
            return (
                f"{example} You added 1 or took 1 away, so that the old value still shines "
                f"through. Set the pixel instead: {self.elsewhere}"
            )
        if torch.allclose(found, 1 - x[strange]):
            return f"{example} You turned the pixel round, 1 - x. {self.elsewhere}"
        if (found == found[0]).all():
            return (
                f"The pixels that you hit have become {found[0].item():.4g}; that is not what was "
                f"asked. {self.elsewhere}"
            )
        if strange.float().mean() > 0.9 * max(rate, 1 - rate):
            return (
                f"{example} Nearly every pixel is a little different from before, as with "
                f"Gaussian noise or a product with random numbers. {self.elsewhere} All others "
                "stay exactly as they were."
            )
        return f"{example} {self.elsewhere}"

    def _rate(self, answer: Answer) -> None:
        """As many pixels have each value as should."""
        trials = answer.memory[self]
        for trial in trials:
            if self._fits(trial, self.shares):
                continue
            for confusion in self.confusions:
                if all(self._fits(trial, confusion.shares) for trial in trials):
                    raise Wrong(confusion.message)
            self._require_chance(trials)
            self._require_own_draws(trials)
            parts = [
                f"{share:.1%} to be {value:g} and {(trial.got == value).float().mean():.1%} are"
                for share, value in zip(self.shares(trial.rate), self.values, strict=True)
            ]
            raise Wrong(
                f"With rate = {trial.rate:g}, of {trial.x.numel():,} pixels one expects "
                f"{'; '.join(parts)}. Compare each random number with the rate, once."
            )

    def _fits(self, trial: Spoiled, shares: Shares) -> bool:
        count = trial.x.numel()
        for share, value in zip(shares(trial.rate), self.values, strict=True):
            found = (trial.got == value).float().mean().item()
            # Two pixels of grace: `<=` for `<` hits one in 2²⁴ that should stay.
            margin = SIGMAS * math.sqrt(share * (1 - share) / count) + 2 / count
            if abs(found - share) > margin:
                return False
        return True

    def _require_chance(self, trials: Sequence[Spoiled]) -> None:
        """Raise `Wrong` if whole images, or the same pixels of all images, were hit together."""
        hit = trials[0].changed  # (batch, features)
        if not any(trial.changed.any() for trial in trials):
            raise Wrong("Nothing happened: every pixel is as it was, whatever the rate.")
        if (hit == hit[0, 0]).all():
            raise Wrong(
                "The whole batch was hit or spared together, which is one random number for "
                "everything. Draw one for each pixel of each image: as many as `x.shape` says."
            )
        if (hit == hit[:1]).all():
            raise Wrong(
                "Every image of the batch was hit at the same pixels. Draw a random number for "
                "each pixel of each image: as many as `x.shape` says."
            )
        if (hit == hit[:, :1]).all():
            raise Wrong(
                "Whole images were hit or spared together, which is one random number for each "
                "image. Draw one for each pixel of each image: as many as `x.shape` says."
            )

    def _require_own_draws(self, trials: Sequence[Spoiled]) -> None:
        """Raise `Wrong` if what happens to neighbours, in place or in the batch, goes together."""
        for trial in trials[:2]:
            hit = trial.changed.float().flatten(1)
            found: dict[str, float] = {}
            for numbers in (self._signs(trial), hit - hit.mean()):
                grid = numbers.view(-1, 28, 28)
                for others, products in {
                    "the pixel on its left": grid[:, :, 1:] * grid[:, :, :-1],
                    "the pixel above it": grid[:, 1:] * grid[:, :-1],
                    "the same pixel of the image before it": grid[1:] * grid[:-1],
                }.items():
                    found[others] = max(found.get(others, 0.0), _errors_from_zero(products))
            others = max(found, key=found.__getitem__)
            if found[others] > SIGMAS:
                raise Wrong(
                    f"What happens to a pixel depends on what happened to {others}. Each needs a "
                    "random number of its own, drawn anew for every pixel of every image: as many "
                    "as `x.shape` says."
                )

    def _independence(self, answer: Answer) -> None:
        """Each pixel is hit without regard to its value, its neighbours and the other images."""
        trials = answer.memory[self]
        self._require_chance(trials)
        self._require_own_draws(trials)
        for trial in trials[:2]:
            if _errors_from_zero(self._signs(trial) * (trial.x - 0.5).flatten(1)) > SIGMAS:
                raise Wrong(
                    "What happens to a pixel depends on how dark it is. The noise is to be blind: "
                    "compare random numbers with the rate, not the pixels themselves."
                )
        hits = trials[0].changed.float().sum(1)
        expected = 784 * trials[0].rate * (1 - trials[0].rate)
        chance = (
            "Let chance decide for each pixel on its own, so that the number itself is left to "
            "chance."
        )
        if (hits == hits[0]).all():
            raise Wrong(f"In every image exactly {hits[0]:.0f} pixels were hit. {chance}")
        if all(trial.changed.sum() == trial.rate * trial.x.numel() for trial in trials[:3]):
            raise Wrong(f"In the whole batch exactly rate times all pixels were hit. {chance}")
        if abs(hits.var().item() / expected - 1) > SIGMAS * math.sqrt(2 / (len(hits) - 1)):
            raise Wrong(
                f"The number of pixels hit varies by {hits.std():.1f} from image to image, and "
                f"with independent pixels it would vary by {math.sqrt(expected):.1f}. {chance}"
            )

    def _signs(self, trial: Spoiled) -> Tensor:
        """For each pixel a number of mean zero that says what happened to it: (batch, 784)."""
        total = torch.zeros_like(trial.x)
        for number, value in enumerate(self.values):
            total += (1 - 2 * number) * (trial.got == value)
        return (total - total.mean()).flatten(1)

    def _generator(self, answer: Answer) -> None:
        """The generator, and nothing else, decides."""
        x, rate = answer.memory[self][0][:2]
        first, again = answer.generator(), answer.generator()
        start = first.get_state()
        one, same = answer(x, rate, first), answer(x, rate, again)
        drawn = not torch.equal(first.get_state(), start)
        if not torch.equal(one, same):
            if torch.equal(one != x, same != x):
                raise Wrong(
                    "With the generator in the same state twice, the same pixels were hit, but "
                    "they did not become the same. One of your random draws does not come from "
                    "the generator: pass `generator=generator` to each."
                )
            raise Wrong(
                "With the generator in the same state twice, two different results came: your "
                "random numbers come from elsewhere. Pass it on: "
                "`torch.rand(x.shape, generator=generator)`."
            )
        if not drawn:
            raise Wrong(
                "Not one random number was drawn from the generator that was passed in; yours "
                "come from a generator of your own, or one with a fixed seed. Pass it on: "
                "`torch.rand(x.shape, generator=generator)`."
            )
        later = answer(x, rate, first)
        other = answer(x, rate, torch.Generator().manual_seed(first.initial_seed() + 1))
        if torch.equal(one, later) or torch.equal(one, other):
            raise Wrong(
                "Every call spoils the same pixels, as if the generator were set back at its "
                "beginning. Leave out `manual_seed`: whoever calls has seeded it, and each draw "
                "moves it on."
            )


def _errors_from_zero(numbers: Tensor) -> float:
    """How many standard errors the mean of many numbers is away from zero."""
    numbers = numbers.flatten().double()
    return float(numbers.mean().abs() / (numbers.std() / math.sqrt(len(numbers))))


def _normal(z: float) -> float:
    """The share of `torch.randn`'s numbers that are below z."""
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


masking_noise = Exercise(
    solution=solutions.masking_noise,
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
                lambda rate: (_normal(rate),),
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


def _overlap(rate: float) -> float:
    """Of the pixels hit for one value, those that are not hit for the other, which is set later."""
    return min(rate, 1 - rate)


salt_and_pepper = Exercise(
    solution=solutions.salt_and_pepper,
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
                lambda rate: (_normal(rate / 2), _normal(rate) - _normal(rate / 2)),
                "Far too much pepper: you compared the rate with numbers from `torch.randn`, half "
                "of which are negative. For a probability draw evenly from 0 to 1: `torch.rand`.",
            ),
            Confusion(
                lambda rate: (_normal(rate) / 2, _normal(rate) / 2),
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

# --- denoising_loss -------------------------------------------------------------------------------


class Network(nn.Module):
    """A stand-in for a model: mixes the pixels of each example and bends the result."""

    def __init__(self, features: int, generator: torch.Generator) -> None:
        super().__init__()
        weight = torch.randn(features, features, generator=generator) / math.sqrt(features)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(0.3 * torch.randn(features, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(2 * x.flatten(1) @ self.weight + self.bias).view_as(x)

    def __repr__(self) -> str:
        return "a small network, whose output has the shape of its input"


def _models_and_pairs(generator: torch.Generator) -> list[tuple[nn.Module, Tensor, Tensor]]:
    def trial(*shape: int) -> tuple[nn.Module, Tensor, Tensor]:
        clean = torch.rand(shape, generator=generator)
        noisy = clean + 0.7 * torch.randn(shape, generator=generator)
        clean, noisy = (tensor.mul(10).round().div(10) for tensor in (clean, noisy))
        return Network(math.prod(shape[1:]), generator), clean, noisy

    return [trial(3, 4), trial(5, 3), trial(1, 6), trial(4, 1, 5, 3), trial(2, 784)]


def _per_pixel(model: Callable, clean: Tensor, noisy: Tensor) -> Tensor:
    return (model(noisy) - clean).square()


def _half_detached(model: Callable, clean: Tensor, noisy: Tensor) -> Tensor:
    error = model(noisy) - clean
    return (error * error.detach()).flatten(1).sum(1)


def _gradient_reaches_the_model(answer: Answer) -> None:
    """The loss changes with the model's weights as the reference's does."""
    for model, clean, noisy in _models_and_pairs(answer.generator()):
        weights = 0.5 + torch.rand(len(clean), generator=answer.generator())

        def gradient(
            loss: Callable, at: tuple = (model, clean, noisy), weights: Tensor = weights
        ) -> Tensor | None:
            value = loss(*at)
            if not value.requires_grad:
                return None
            return torch.autograd.grad(value, at[0].weight, weights.to(value.dtype))[0]

        got, wanted = gradient(answer), gradient(answer.exercise.solution)
        if got is None:
            raise Wrong(
                "The numbers are right, but no gradient would reach the weights of the model, so "
                "it could not learn. `.detach()`, `.item()`, `.numpy()`, `torch.no_grad()` and "
                "`torch.tensor(...)` around a result all cut the thread."
            )
        if torch.allclose(got, wanted, atol=1e-4 * wanted.abs().max().item()):
            continue
        if torch.allclose(got, gradient(_half_detached), atol=1e-4 * wanted.abs().max().item()):
            raise Wrong(
                "The numbers are right but the gradient is half of what it should be: one of the "
                "two factors is detached. Square the one difference."
            )
        raise Wrong(
            "The numbers are right, but their gradient with respect to the model's weights is not. "
            "Look for a part that is detached, rounded or computed outside of torch."
        )


denoising_loss = Exercise(
    solution=solutions.denoising_loss,
    difficulty=1,
    minutes=5,
    success=(
        "A model that returned the clean images would cost 0. One that returned what it was shown "
        "would cost the squared size of the noise, about 196 for each image below."
    ),
    hints=(
        "Which of the two does the model get to see, and with which is its answer compared?",
        "The model sees `noisy`, and its answer is compared with `clean`. The rest is the squared "
        "error of lesson 01: sum over all axes but the first.",
    ),
    stages=(
        *Comparison(
            probes=_models_and_pairs,
            shape="(batch,): one number for each example",
            advice=(
                "Print `model(noisy)`, subtract `clean` from it by hand, square, and add up the "
                "first row."
            ),
            mistakes=[
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy), noisy),
                    "You compared the model's answer with the noisy image. A model trained so "
                    "learns to draw the noise as well: the target is `clean`.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(clean), clean),
                    "You showed the model the clean image; this is the plain autoencoder of "
                    "lesson 01. What it is to be shown is `noisy`.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(clean), noisy),
                    "The two are exchanged: the model is shown the clean image and asked for the "
                    "noisy one. It sees `noisy` and is asked for `clean`.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(noisy, clean),
                    "This is the size of the noise: the model was never asked. Compare "
                    "`model(noisy)` with `clean`.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy), model(clean)),
                    "You sent both images through the model and compared its two answers. A model "
                    "that always draws the same would be perfect; compare with `clean` itself.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(model(noisy)), clean),
                    "The model was applied twice, to its own answer. Once: `model(noisy)`.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy), noisy - clean),
                    "You took the model's answer for the noise, `noisy - clean`. Some diffusion "
                    "models are trained so; here its answer is to be the clean image itself.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(noisy + model(noisy), clean),
                    "You added the model's answer to the noisy image. The model's answer is "
                    "already the reconstruction.",
                ),
                Mistake(
                    lambda model, clean, noisy: (
                        squared_error(model(noisy), clean) + squared_error(model(clean), clean)
                    ),
                    "There are two errors in your sum: that of the noisy image and that of the "
                    "clean one. The denoising loss is the first alone.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(
                        model(noisy).logits,
                        clean,
                    ),
                    "Here `model(x)` is already the reconstruction, a plain tensor: leave out "
                    "`.logits`. (The course's own models return more; see `denoising` below.)",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model.reconstruct(noisy), clean),
                    "Here `model(x)` is the reconstruction; any function may be a model, and this "
                    "one has no `reconstruct`. (In training that would also cut the gradient.)",
                ),
                Mistake(
                    _per_pixel,
                    "You returned a squared difference for each pixel, with the shape of the "
                    "images. The loss of an example is one number: sum over all axes but the "
                    "first.",
                ),
                Mistake(
                    lambda model, clean, noisy: F.mse_loss(model(noisy), clean),
                    "This is the mean over pixels and examples, what `F.mse_loss` returns unless "
                    "told otherwise. Sum over the pixels, and keep one number for each example.",
                ),
                Mistake(
                    lambda model, clean, noisy: _per_pixel(model, clean, noisy).sum(),
                    "You summed over everything, the examples too. Keep the first axis and sum "
                    "over the others.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy), clean).mean(),
                    "The sum over pixels is right, but then you took the mean over the batch. "
                    "`fit` takes that mean, once, at the end.",
                ),
                Mistake(
                    lambda model, clean, noisy: _per_pixel(model, clean, noisy).flatten(1).mean(1),
                    "This is the mean over the pixels where the sum is wanted: it is smaller by "
                    "their number.",
                ),
                Mistake(
                    lambda model, clean, noisy: _per_pixel(model, clean, noisy).sum(0),
                    "You summed over the first axis, the examples. That axis must stay: sum over "
                    "those that come after it.",
                ),
                Mistake(
                    lambda model, clean, noisy: (
                        _per_pixel(model, clean, noisy).flatten(1).sum(1, keepdim=True)
                    ),
                    "The numbers are right, but they stand in a column, (batch, 1). Leave out "
                    "`keepdim=True`.",
                ),
                Mistake(
                    lambda model, clean, noisy: _per_pixel(model, clean, noisy).sum(-1),
                    "Right for (batch, features), but for images only the last axis is summed, "
                    "one row of pixels. Sum over every axis but the first: `flatten(1)` makes one "
                    "of them.",
                ),
                Mistake(
                    lambda model, clean, noisy: _per_pixel(model, clean, noisy).sum(1),
                    "Right for (batch, features), but for images axis 1 is the colour channel, and "
                    "the pixels stay. `flatten(1)` before the sum puts all of them into axis 1.",
                ),
                Mistake(
                    lambda model, clean, noisy: _per_pixel(model, clean, noisy).sum((1, 2, 3)),
                    "You named axes that only images have, such as (1, 2, 3). `flatten(1)` first "
                    "makes the same line work for rows as well.",
                ),
                Mistake(
                    lambda model, clean, noisy: (model(noisy) - clean).abs().flatten(1).sum(1),
                    "You summed the absolute differences. Squares are wanted: their best answer is "
                    "the mean of the possible clean images, on which the rest of the lesson "
                    "stands.",
                ),
                Mistake(
                    lambda model, clean, noisy: (model(noisy) - clean).flatten(1).sum(1),
                    "Nothing is squared here: errors above and below the target cancel. Square "
                    "each difference before the sum.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy), clean) / 2,
                    "This is half the squared error. The factor ½ belongs to the Gaussian "
                    "likelihood, not to this loss.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy), clean).sqrt(),
                    "You took the square root: this is the Euclidean distance. Leave it squared.",
                ),
                Mistake(
                    lambda model, clean, noisy: (
                        F.binary_cross_entropy(model(noisy), clean, reduction="none")
                        .flatten(1)
                        .sum(1)
                    ),
                    "This is the cross-entropy of lesson 01, section 8. Here the squared error is "
                    "wanted.",
                ),
            ],
        ).stages,
        Stage("gradient", _gradient_reaches_the_model),
    ),
)
