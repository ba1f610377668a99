"""What masking noise and salt and pepper share: pixels that chance replaces, each on its own."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Crash, Wrong, generator_at
from course_utils.exercises.checking.chance import expect_chance_left_alone
from course_utils.exercises.checking.exercise import Stage
from course_utils.exercises.checking.expect import STANDARD_ERRORS, expect_shape, expect_type
from course_utils.exercises.checking.signature import expect_attempted

# Shapes and rates to try: many small examples for the statistics, all rates away from 1/2, where
# keeping and losing look alike, and the two ends.
TRIALS = [
    ((120, 784), 0.3),
    ((60, 1, 28, 28), 0.6),
    ((1, 784), 0.25),
    ((3, 1, 28, 28), 0.0),
    ((3, 784), 1.0),
]

# Rates that are nothing in whole per cent, and in whole per mille; and pixels enough to tell.
RARE = (((200, 784), 0.0025), ((400, 784), 0.00049))

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
        return (
            Stage("type", self._type),
            Stage("shape", self._shape),
            Stage("value", self._value),
            Stage("rate", self._rate),
            Stage("independence", self._independence),
            Stage("small rate", self._small_rate),
            Stage("views", self._views),
            Stage("generator", self._generator),
        )

    def _type(self, answer: Answer) -> None:
        """Call the answer on every trial; the later stages look at what came back."""
        source = answer.generator()
        trials = answer.memory[self] = []
        for shape, rate in TRIALS:
            x = _draw_pixels(shape, source)
            try:
                got = answer(x, rate, source)
            except Crash as crash:
                raise Crash(self._named_crash(crash, trials), crash.error) from None
            expect_attempted(got, answer)
            expect_type(got, x)
            trials.append(Spoiled(x, rate, got.detach().clone()))

    def _named_crash(self, crash: Crash, trials: list[Spoiled]) -> str:
        if "is ambiguous" in str(crash.error):
            return (
                f"{crash}\n`and`, `or`, `not` and `if` ask for a single yes or no; a comparison of "
                "tensors gives one for each pixel. Use `&`, `|` and `~`, with brackets around each "
                "comparison: `(u >= a) & (u < b)`; in place of `if`, `torch.where`."
            )
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
        if torch.allclose(found, x[strange], rtol=1e-5, atol=1e-6):
            return (
                f"With rate = {rate:g} a pixel of {before:.7g} became {after:.7g}: it was not hit, "
                "but rounding changed it, as where one divides by a number and multiplies by it "
                "again. What is kept is to stay exactly as it was, to the last bit: "
                "`torch.where(hit, new, x)` takes it over untouched."
            )
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
                    self._require_blindness(trials)
                    raise Wrong(confusion.message)
            self._require_chance(trials)
            self._require_own_draws(trials)
            parts = [
                f"{share:.1%} to be {value:g} and {(trial.got == value).float().mean():.1%} are"
                for share, value in zip(self.shares(trial.rate), self.values, strict=True)
            ]
            raise Wrong(
                f"With rate = {trial.rate:g}, of {trial.x.numel():,} pixels we expect "
                f"{'; '.join(parts)}. Compare each random number with the rate, once."
            )

    def _small_rate(self, answer: Answer) -> None:
        """Whether the rate itself decides, and not the nearest of a hundred or so steps."""
        source = answer.generator()
        for shape, rate in RARE:
            x = _draw_pixels(shape, source)
            trial = Spoiled(x, rate, answer(x, rate, source).detach())
            if self._fits(trial, self.shares):
                continue
            raise Wrong(
                f"With rate = {rate:g}, of {x.numel():,} pixels we expect about "
                f"{rate * x.numel():.0f} to be hit, and {int(trial.changed.sum())} were. At larger "
                "rates your shares are right: is the rate rounded, or compared with whole numbers, "
                "as `torch.randint(0, 100, ...)` draws them? Compare numbers of `torch.rand` with "
                "the rate as it is."
            )

    def _views(self, answer: Answer) -> None:
        """The same of images that lie in memory in another order, such as those of a transpose.

        `view` refuses them, and says so; what is meant here is code that goes wrong in silence.
        """
        source = answer.generator()
        rate = TRIALS[1][1]
        x = _draw_pixels(TRIALS[1][0], source).transpose(2, 3)
        try:
            got = answer(x, rate, source)
        except Crash as crash:
            if "view size is not compatible" in str(crash.error):
                return
            raise
        if not self._fits(Spoiled(x, rate, got.detach()), self.shares):
            raise Wrong(
                "For `x.transpose(2, 3)`, images whose pixels lie in memory in another order, "
                f"{(got != x).float().mean():.1%} of the pixels were hit at rate = {rate:g}. "
                "`flatten` and `reshape` then return a copy, and what is written into the copy is "
                "lost. Write into nothing: `torch.where(hit, new, x)` makes the result at once."
            )

    def _fits(self, trial: Spoiled, shares: Shares) -> bool:
        count = trial.x.numel()
        for share, value in zip(shares(trial.rate), self.values, strict=True):
            found = (trial.got == value).float().mean().item()
            # Two pixels of grace: `<=` for `<` hits one in 2²⁴ that should stay.
            margin = STANDARD_ERRORS * math.sqrt(share * (1 - share) / count) + 2 / count
            if abs(found - share) > margin:
                return False
        return True

    def _require_chance(self, trials: Sequence[Spoiled]) -> None:
        """Raise `Wrong` if whole images, or the same pixels of all images, were hit together."""
        hit = trials[0].changed  # (batch, features)
        if not any(trial.changed.any() for trial in trials):
            raise Wrong("Nothing happened: every pixel is as it was, whatever the rate.")
        if all(trial.changed.all() for trial in trials):
            raise Wrong(
                "Every pixel was hit, whatever the rate, and at rate = 0 too. Let chance decide "
                "which stay as they are."
            )
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
                    "the same pixel of the image half a batch before it": (
                        grid[len(grid) // 2 :] * grid[: len(grid) // 2]
                    ),
                }.items():
                    found[others] = max(found.get(others, 0.0), errors_from_zero(products))
            others = max(found, key=found.__getitem__)
            if found[others] > STANDARD_ERRORS:
                raise Wrong(
                    f"What happens to a pixel depends on what happened to {others}. Each needs a "
                    "random number of its own, drawn anew for every pixel of every image: as many "
                    "as `x.shape` says."
                )

    def _require_blindness(self, trials: Sequence[Spoiled]) -> None:
        """Raise `Wrong` if what happens to a pixel depends on its value."""
        for trial in trials[:2]:
            if errors_from_zero(self._signs(trial) * (trial.x - 0.5).flatten(1)) > STANDARD_ERRORS:
                raise Wrong(
                    "What happens to a pixel depends on how dark it is. The noise is to be blind: "
                    "compare random numbers with the rate, not the pixels themselves."
                )

    def _independence(self, answer: Answer) -> None:
        """Each pixel is hit without regard to its value, its neighbours and the other images."""
        trials = answer.memory[self]
        self._require_chance(trials)
        self._require_own_draws(trials)
        self._require_blindness(trials)
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
        if abs(hits.var().item() / expected - 1) > STANDARD_ERRORS * math.sqrt(2 / (len(hits) - 1)):
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
        with expect_chance_left_alone(
            "Your function",
            "Draw everything from the generator that was handed in, and nothing from elsewhere; "
            "leave out `manual_seed`.",
        ):
            answer(x, rate, answer.generator())
        later = answer(x, rate, first)
        other = answer(x, rate, generator_at(first.initial_seed() + 1))
        if torch.equal(one, later) or torch.equal(one, other):
            raise Wrong(
                "Every call spoils the same pixels, as if the generator were set back at its "
                "beginning. Leave out `manual_seed`: whoever calls has seeded it, and each draw "
                "moves it on."
            )


def _draw_pixels(shape: tuple[int, ...], source: torch.Generator) -> Tensor:
    """Images in which no pixel is 0, 1 or 1/2, and hardly two are the same."""
    x = 0.1 + 0.35 * torch.rand(shape, generator=source)
    return torch.where(torch.rand(shape, generator=source) < 0.5, x, 1 - x)


def errors_from_zero(numbers: Tensor) -> float:
    """How many standard errors the mean of many numbers is away from zero."""
    numbers = numbers.flatten().double()
    return float(numbers.mean().abs() / (numbers.std() / math.sqrt(len(numbers))))


def normal(z: float) -> float:
    """The share of `torch.randn`'s numbers that are below z."""
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))
