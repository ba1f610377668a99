"""`label_posterior`, lesson 11: how probable each label is, once the picture has been seen."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def label_posterior(
    log_p: Float[Tensor, "batch classes"], frequencies: Float[Tensor, " classes"]
) -> Float[Tensor, "batch classes"]:
    """How probable each label is for each picture: p(y|x).

    log_p[i, y] is log p(x|y) of picture i under label y, in nats: it may lie below -1000, where its
    `exp` is 0 for a computer. frequencies[y] is p(y), how common label y is before anybody has
    looked; it may be 0. The numbers of a row are from 0 to 1 and sum to 1.
    """
    return torch.softmax(log_p + frequencies.log(), dim=1)


def _probes(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """A small one; as many pictures as labels; ten labels; and the extremes."""

    def nats(batch: int, classes: int, middle: float, spread: float) -> Tensor:
        return middle + spread * torch.randn(batch, classes, generator=generator)

    def shares(classes: int) -> Tensor:
        weights = 0.2 + torch.rand(classes, generator=generator) ** 2
        return weights / weights.sum()

    never = torch.tensor([0.5, 0.0, 0.2, 0.3])
    excluded = nats(5, 4, -300.0, 1.0) + torch.tensor([0.0, 60, 0, 0])
    far = nats(6, 3, 0.0, 2.0) - torch.tensor([[60.0], [200], [900], [1200], [-900], [0]])
    return [
        (nats(2, 3, -2.0, 1.0), torch.tensor([0.7, 0.1, 0.2])),
        (nats(4, 4, -1.0, 2.0), shares(4)),
        (nats(32, 10, -50.0, 3.0), shares(10)),
        (far, shares(3)),
        (nats(5, 4, -3.0, 1.0), never),
        (nats(7, 13, -60.0, 4.0).double().T.contiguous().T, shares(13).double()),
        (nats(1, 2, -700.0, 1.0), shares(2)),
        (excluded, never),
    ]


def _rival(log_p: Tensor, frequencies: Tensor) -> Tensor:
    joint = log_p + frequencies.log()
    return F.one_hot(joint.argmax(1), joint.shape[1]).to(joint)


FORGOTTEN = (
    "Every label counts the same here: the frequencies are not in it. By Bayes' rule p(y|x) is "
    "proportional to p(y) times p(x|y)."
)
UNDERFLOW = (
    "For a picture of -1000 nats `exp` gives 0 under every label, and then you divide 0 by 0. Stay "
    "with logarithms until the end: `torch.softmax` and `torch.logsumexp` take them as they are."
)

exercise = Exercise(
    solution=label_posterior,
    place=3,
    difficulty=2,
    minutes=8,
    success="A conditional VAE has become a classifier, by Bayes' rule and nothing else.",
    hints=(
        "Bayes' rule: p(y|x) = p(y) p(x|y) / p(x), and p(x) is what makes the row sum to 1. What "
        "is the logarithm of the numerator?",
        "Add `frequencies.log()` to log_p. To take `exp` and make each row sum to 1 without ever "
        "leaving the logarithms too early is what `torch.softmax` does.",
    ),
    stages=Comparison(
        probes=_probes,
        tolerance=1e-3,  # near -1000 nats, single precision has a ten-thousandth to spare
        shape="(batch, classes): a probability for each label of each picture",
        advice=(
            "Take one row: multiply p(x|y) by p(y) for each label, and divide by the sum of these "
            "products."
        ),
        mistakes=[
            Mistake(lambda log_p, f: torch.softmax(log_p, 1), FORGOTTEN),
            Mistake(
                lambda log_p, f: torch.softmax(log_p + f, 1),
                "You add the frequency to a *logarithm*. A product of probabilities is a sum of "
                "their logarithms: add log p(y).",
            ),
            Mistake(
                lambda log_p, f: torch.softmax(log_p, 1) * f,
                "The rows do not sum to 1: you multiplied by the frequencies after dividing by the "
                "sum. Multiply first.",
            ),
            Mistake(
                lambda log_p, f: torch.softmax(log_p - f.log(), 1),
                "The frequencies count the wrong way round: a common label becomes *less* "
                "probable. Multiply by p(y), do not divide.",
            ),
            Mistake(
                lambda log_p, f: torch.softmax(log_p * f, 1),
                "You multiply the logarithms by the frequencies. It is p(x|y) that is multiplied, "
                "so its logarithm gets log p(y) *added*.",
            ),
            Mistake(
                lambda log_p, f: torch.log_softmax(log_p + f.log(), 1),
                "These are the logarithms of the answer. Take `exp` of them at the end.",
            ),
            Mistake(
                lambda log_p, f: torch.softmax(log_p + f.log(), 0),
                "Each *column* sums to 1: the pictures of a batch share out a label among them. "
                "Each picture's own labels, its row, are to sum to 1.",
            ),
            Mistake(
                lambda log_p, f: torch.softmax((log_p + f.log()).flatten(), 0).view_as(log_p),
                "All numbers together sum to 1. Each row is to: a picture's probabilities have "
                "nothing to do with the other pictures of the batch.",
            ),
            Mistake(_rival, "You give the likeliest label 1 and the others 0. Say how sure it is."),
            Mistake(
                lambda log_p, f: (log_p + f.log()).exp(),
                "This is p(y) p(x|y), the probability of picture and label together. Divide each "
                "row by its sum, which is p(x).",
            ),
            Mistake(
                lambda log_p, f: log_p.exp() * f / (log_p.exp() * f).sum(1, keepdim=True),
                UNDERFLOW,
            ),
            Mistake(
                lambda log_p, f: log_p.exp() / log_p.exp().sum(1, keepdim=True),
                f"{FORGOTTEN} And {UNDERFLOW[0].lower()}{UNDERFLOW[1:]}",
            ),
            Mistake(
                lambda log_p, f: torch.softmax(log_p + torch.log(f + 1e-12), 1),
                "A small number is added to the frequencies, and a label that never occurs wins "
                "where its log p(x|y) is far above the others. Leave the logarithm of 0, -inf: "
                "`torch.softmax` makes 0 of it.",
            ),
            Mistake(
                lambda log_p, f: (log_p + f.log()) / (log_p + f.log()).sum(1, keepdim=True),
                "You divide logarithms by their sum. It is the probabilities that are to sum to 1: "
                "`torch.softmax` takes `exp` first, and safely.",
            ),
            Mistake(
                lambda log_p, f: torch.sigmoid(log_p + f.log()),
                "A sigmoid judges each label by itself. The labels exclude each other: a row is to "
                "sum to 1.",
            ),
            Mistake(
                lambda log_p, f: _largest_of_all_off(log_p, f),
                "You take the largest number of the whole batch off, and a picture far below it "
                "becomes 0 under every label, 0 / 0. Take off each *row's* own largest.",
            ),
        ],
    ).stages,
)


def _largest_of_all_off(log_p: Tensor, frequencies: Tensor) -> Tensor:
    joint = (log_p - log_p.max()).exp() * frequencies
    return joint / joint.sum(1, keepdim=True)
