"""Can drawings be read, and are they like real pictures? A judge that was tried before (lesson 08).

A classifier that must answer with one of its classes is surer of noise than of real digits. This
one may answer "none of them", and has seen examples of that.
"""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils._numbers import whole
from course_utils._running import evaluating, in_chunks, seeded
from course_utils.schedules import cosine_decay
from course_utils.training import fit


class Judge(nn.Module):
    """A small classifier with one answer more than there are classes: "none of them".

    784 → 256 → classes + 1 for MNIST. `train_judge` makes one and trains it.

    Args:
        pixels: how many numbers a picture has.
        classes: how many kinds of picture there are.
    """

    def __init__(self, pixels: int, classes: int, hidden: int = 256) -> None:
        super().__init__()
        self.classes = classes
        self.look = nn.Sequential(nn.Flatten(), nn.Linear(pixels, hidden), nn.ReLU())
        self.answer = nn.Linear(hidden, classes + 1)

    def forward(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch answers"]:
        """The logits of each class, and of "none of them" at the end."""
        return self.answer(self.look(x))

    def features(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch hidden"]:
        """What it sees in each picture before it answers, for `frechet_distance`."""
        with evaluating(self):
            return in_chunks(self.look, x)

    def certainty(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, " batch"]:
        """How sure it is of the class that it reads in each picture, from 0 to 1; higher is better.

        Whoever draws one good picture a thousand times is read with certainty: see `classes_drawn`.
        """
        return self._probabilities(x).amax(dim=1)

    def classes_drawn(self, x: Float[Tensor, "batch *shape"]) -> float:
        """How many classes there are among these pictures: 1 for one alone, all if they are equal.

        The exponential of the entropy of its answers' mean, "none of them" left out.
        """
        share = self._probabilities(x).mean(0)
        share = share / share.sum()
        return torch.exp(-torch.xlogy(share, share).sum()).item()

    def _probabilities(self, x: Tensor) -> Tensor:
        with evaluating(self):
            return in_chunks(lambda piece: self(piece).softmax(dim=1)[:, : self.classes], x)


def train_judge(
    pictures: Float[Tensor, "n *shape"],
    labels: Int[Tensor, " n"],
    *,
    steps: int = 600,
    seed: int = 1,
    progress: bool | Literal["notebook"] = False,
) -> Judge:
    """A judge of drawings, trained on real pictures, and on noise and halves of two pictures.

    Three eighths as many pictures of "none of them" are shown to it as real ones: means of two
    pictures (a quarter) and uniform noise (an eighth). It takes some seconds.

    Args:
        pictures: in [0, 1].
        labels: the class of each, from 0; the largest says how many classes there are.
        steps: of training, with batches of 128.
        seed: of its weights, of the examples of "none of them", and of the order of the batches.

    Raises:
        ValueError: unless there is a label, 0 or more, for each of at least 8 pictures.
    """
    whole("seed", seed, at_least=0, expected="the seed of the judge, 0 or more")
    if len(pictures) != len(labels) or len(labels) < 8 or labels.min() < 0:
        raise ValueError(
            f"{len(pictures)} pictures and {len(labels)} labels; expected a label, 0 or more, for "
            "each of at least 8 pictures"
        )
    classes, pixels = int(labels.max()) + 1, pictures[0].numel()
    generator = torch.Generator().manual_seed(seed)
    others = pictures[torch.randperm(len(pictures), generator=generator)]
    mixed = ((pictures + others) / 2)[: len(pictures) // 4]
    noise = torch.rand(len(pictures) // 8, *pictures.shape[1:], generator=generator)
    none = torch.cat([mixed, noise])
    answers = torch.cat([labels, labels.new_full((len(none),), classes)])
    with seeded(seed):
        judge = Judge(pixels, classes)
    examples = torch.cat([pictures, none]), answers
    fit(
        judge,
        _reading,
        examples,
        steps=steps,
        lr=cosine_decay(3e-3),
        seed=seed,
        progress=progress,
    )
    return judge.eval()


def _reading(judge: nn.Module, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
    return {"loss": F.cross_entropy(judge(x), labels, reduction="none")}


def frechet_distance(a: Float[Tensor, "n features"], b: Float[Tensor, "m features"]) -> float:
    """The Fréchet distance between two sets of features, each taken for a Gaussian.

    ‖m_a - m_b‖² + trace(S_a + S_b - 2 (S_a S_b)^½), with means m and covariances S: at least 0,
    lower is closer, and 0 for sets with equal means and covariances, however unlike they are else.
    Its value belongs to the features: distances by other judges cannot be compared. Few examples
    make it too large; compare sets of equal size. Dowson & Landau, 1982; as a measure of drawings,
    Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017.

    Raises:
        ValueError: unless both are rows of equally many finite features, two rows or more.

    >>> a = torch.tensor([[0.0], [2.0]])
    >>> frechet_distance(a, a + 3)
    9.0
    """
    for name, rows in (("a", a), ("b", b)):
        if rows.ndim != 2 or len(rows) < 2 or rows.shape[1] != b.shape[-1]:
            raise ValueError(
                f"a is {tuple(a.shape)} and b {tuple(b.shape)}; expected two or more rows each, "
                "of equally many features"
            )
        if not rows.isfinite().all():
            raise ValueError(f"{name} holds nan or infinity; expected finite features")
    a, b = a.double(), b.double()
    distance = (a.mean(0) - b.mean(0)).square().sum()
    root = _square_root(a.T.cov().reshape(2 * [a.shape[1]]))
    cov_b = b.T.cov().reshape(2 * [b.shape[1]])
    between = torch.linalg.eigvalsh(root @ cov_b @ root).clamp(min=0).sqrt().sum()
    total = root.square().sum() + cov_b.trace()
    return max(0.0, (distance + total - 2 * between).item())


def _square_root(covariance: Tensor) -> Tensor:
    """The symmetric root: its square is the covariance."""
    values, vectors = torch.linalg.eigh(covariance)
    return vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
