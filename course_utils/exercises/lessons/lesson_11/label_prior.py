"""`label_prior`, lesson 11: a Gaussian for the codes of each label."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.compare import fresh_all
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.expect import expect_close, expect_shape, expect_type
from course_utils.exercises.checking.signature import expect_attempted
from course_utils.exercises.checking.words import describe_type


def label_prior(
    codes: Float[Tensor, "n latent"], labels: Int[Tensor, " n"], num_classes: int
) -> tuple[Float[Tensor, "classes latent"], Float[Tensor, "classes latent latent"]]:
    """For each label, the mean and the covariance of the codes that carry it.

    labels[i] belongs to codes[i]: whole numbers from 0 to num_classes - 1, in no order, and some
    more common than others. Row y of both results is that of label y. Whether a covariance is
    divided by the number of its codes or by one less is all the same here.
    """
    groups = [codes[labels == label] for label in range(num_classes)]
    means = torch.stack([group.mean(dim=0) for group in groups])
    return means, torch.stack([group.T.cov() for group in groups])


# --- what people write instead ----------------------------------------------------------------


def _groups(codes: Tensor, labels: Tensor, num_classes: int) -> list[Tensor]:
    return [codes[labels == label] for label in range(num_classes)]


def _means(codes: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    return torch.stack([group.mean(0) for group in _groups(codes, labels, num_classes)])


def _each(of_a_group: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """The function of all codes that does this to the codes of each label."""
    return lambda *given: torch.stack([of_a_group(group) for group in _groups(*given)])


def _by_appearance(statistic: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """The labels in the order in which they come up."""

    def wrong(codes: Tensor, labels: Tensor, num_classes: int) -> Tensor:
        order = list(dict.fromkeys(labels.tolist()))
        return torch.stack([statistic(codes[labels == label]) for label in order])

    return wrong


def _as_if_sorted(statistic: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    def wrong(codes: Tensor, labels: Tensor, num_classes: int) -> Tensor:
        return torch.stack([statistic(part) for part in codes.tensor_split(num_classes)])

    return wrong


def _mean(group: Tensor) -> Tensor:
    return group.mean(0)


def _covariance(group: Tensor) -> Tensor:
    return group.T.cov()


def _of_all(codes: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    return codes.T.cov().expand(num_classes, -1, -1)


def _pooled(codes: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    around = codes - _means(codes, labels, num_classes)[labels]
    return around.T.cov().expand(num_classes, -1, -1)


def _around_all(codes: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    groups = _groups(codes - codes.mean(0), labels, num_classes)
    return torch.stack([group.T @ group / len(group) for group in groups])


def _scatter(group: Tensor) -> Tensor:
    return (len(group) - 1) * group.T.cov()


def _divided_by_all(codes: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    return _each(_scatter)(codes, labels, num_classes) / len(codes)


ORDER = (
    "These are the right groups in the wrong places: in the order in which labels come up. Row y "
    "is that of label y: go through `range(num_classes)`."
)
SORTED = (
    "You cut the codes into equal pieces, one after the other, as if they were sorted by label. "
    "They come in any order: `codes[labels == y]` picks those of label y."
)

OF_MEANS: list[tuple[Callable, str]] = [
    (
        lambda codes, labels, num_classes: codes.mean(0).expand(num_classes, -1),
        "Each label gets the mean of *all* codes. Take those of the label alone.",
    ),
    (_by_appearance(_mean), ORDER),
    (_as_if_sorted(_mean), SORTED),
    (
        _each(lambda group: group.sum(0)),
        "These are sums: divide by the number of codes that carry the label.",
    ),
    (
        lambda *given: _each(lambda group: group.sum(0))(*given) / len(given[0]),
        "You divide by the number of all codes. Each label's sum is divided by the number of its "
        "own.",
    ),
    (
        lambda *given: _each(lambda group: group.sum(0))(*given) * given[2] / len(given[0]),
        "You divide as if all labels were equally common. Count how many codes carry each.",
    ),
    (
        _each(lambda group: group.median(0).values),
        "These are the medians, the numbers in the middle. A Gaussian wants the means.",
    ),
]

OF_COVARIANCES: list[tuple[Callable, str]] = [
    (
        _of_all,
        "The means are right, but each label gets the covariance of *all* codes, and with it the "
        "way from label to label. Take the covariance of the label's own codes.",
    ),
    (
        _pooled,
        "The means are right, but all labels share one covariance, that of the codes around their "
        "means. Each label has a spread of its own.",
    ),
    (_by_appearance(_covariance), f"The means are right. {ORDER}"),
    (_as_if_sorted(_covariance), f"The means are right. {SORTED}"),
    (
        _each(lambda group: group.var(0).diag()),
        "The diagonal is right and 0 stands everywhere else: you took variances, as if the numbers "
        "of a code knew nothing of each other. The other entries say how they go together.",
    ),
    (
        _each(lambda group: group.std(0).diag()),
        "Standard deviations stand on the diagonal and 0 elsewhere. A covariance has the variances "
        "on its diagonal, and beside it how the numbers go together.",
    ),
    (
        _each(lambda group: group.T @ group / len(group)),
        "You average the products of the codes themselves. Take the label's mean off them first: a "
        "covariance says how they vary around it.",
    ),
    (
        _each(lambda group: group.T @ group / (len(group) - 1)),
        "You average the products of the codes as they are. Before that the label's mean is to be "
        "taken off them: a covariance says how they vary around it.",
    ),
    (
        _around_all,
        "The products are those of distances from the mean of *all* codes. Measure them from the "
        "label's own mean.",
    ),
    (
        _each(_scatter),
        "These are sums of products, and they grow with the number of codes: divide each label's "
        "by how many codes carry it.",
    ),
    (
        _divided_by_all,
        "The sums are divided by the number of all codes. Divide each by the number of codes that "
        "carry its label.",
    ),
    (
        _each(lambda group: torch.linalg.cholesky(group.T.cov())),
        "These are *roots* of the covariances, as draws need them later. Return the covariances.",
    ),
    (
        _each(lambda group: torch.linalg.inv(group.T.cov())),
        "These are the inverses of the covariances. Return the covariances themselves.",
    ),
    (
        _each(lambda group: group.T.corrcoef()),
        "These are correlations, with 1 on the diagonal. Covariances keep the spread: do not "
        "divide by the standard deviations.",
    ),
]


# --- the checks -------------------------------------------------------------------------------


class Case(NamedTuple):
    """One call: its arguments and what came back."""

    args: tuple[Tensor, Tensor, int]
    means: Tensor
    covariances: Tensor


def _cloud(generator: torch.Generator, counts: Sequence[int], latent: int) -> tuple[Tensor, Tensor]:
    """Codes of so many examples of each label, tilted, off the origin, and shuffled."""
    labels = torch.cat([torch.full((n,), label) for label, n in enumerate(counts)])
    labels = labels[torch.randperm(len(labels), generator=generator)]
    tilts = torch.randn(len(counts), latent, latent, generator=generator) + torch.eye(latent)
    centres = 3 * torch.randn(len(counts), latent, generator=generator)
    noise = torch.randn(len(labels), latent, generator=generator)
    return centres[labels] + torch.einsum("nij,nj->ni", tilts[labels], noise), labels


def _probes(generator: torch.Generator) -> list[tuple[Tensor, Tensor, int]]:
    """A small one; MNIST's ten labels; many labels; and a view, transposed."""
    small, its_labels = _cloud(generator, (5, 3, 4), 2)
    while its_labels[0] == 0:  # so that the order of appearance is another
        its_labels = its_labels.roll(1)
        small = small.roll(1, 0)
    ten, of_ten = _cloud(generator, range(14, 34, 2), 8)
    many, of_many = _cloud(generator, [9 + 3 * (y % 5) for y in range(13)], 4)
    two, of_two = _cloud(generator, (40, 21), 3)
    view = (10 + 0.3 * two).T.contiguous().T
    return [(small, its_labels, 3), (ten, of_ten, 10), (many, of_many, 13), (view, of_two, 2)]


def _call(answer: Answer, args: tuple[Tensor, Tensor, int], before: Sequence[Case]) -> object:
    try:
        return answer(*fresh_all(args))
    except Crash as crash:
        if "equal size" in str(crash.error):
            raise Wrong(
                "The matrices of two labels have different sizes: `torch.cov` reads a *row* as one "
                "variable, and the rows of codes are the examples. Hand it the transposed ones, "
                f"`group.T`.\n{crash}"
            ) from None
        message = _named([(case, case.means) for case in before], OF_MEANS) if before else None
        if message is None and args[2] != 10 and _runs(answer, _probes(answer.generator())[1]):
            message = (
                f"With 10 labels it runs, with num_classes={args[2]} it stops. Is the 10 written "
                "down as a number? Take all sizes from the arguments."
            )
        if message:
            raise Wrong(f"{message}\n{crash}") from None
        raise


def _runs(answer: Answer, args: tuple[Tensor, Tensor, int]) -> bool:
    try:
        answer(*fresh_all(args))
    except Crash:
        return False
    return True


def _returns_both(answer: Answer) -> None:
    cases = answer.memory["cases"] = []
    for args in _probes(answer.generator()):
        ours = label_prior(*args)
        got = _call(answer, args, cases)
        expect_attempted(got, answer)
        if not isinstance(got, tuple | list) or len(got) != 2:
            raise Wrong(
                f"Your function returned {describe_type(got)}; expected two tensors: "
                "`return means, covariances`."
            )
        for theirs, expected in zip(got, ours, strict=True):
            expect_type(theirs, expected)
        cases.append(Case(args, *(part.detach().clone() for part in got)))
    for case in cases:
        _expect_shapes(case)


def _expect_shapes(case: Case) -> None:
    codes, _, num_classes = case.args
    means, covariances = label_prior(*case.args)
    latent = codes.shape[1]
    given = dict(zip(("codes", "labels", "num_classes"), case.args, strict=True))
    shapes = case.means.shape, case.covariances.shape
    if shapes == (covariances.shape, means.shape):
        raise Wrong("The covariances come first and the means second. The means come first.")
    if case.means.shape == (10, latent) and num_classes != 10:
        raise Wrong(
            f"For num_classes={num_classes} there are 10 means. The 10 belongs to MNIST: go "
            "through `range(num_classes)`."
        )
    expect_shape(case.means, means, "(classes, latent): one mean for each label", given)
    if case.covariances.shape == means.shape:
        raise Wrong(
            "In place of covariances you return one number for each number of a code, the "
            "variances. A covariance is a matrix, (latent, latent), for each label."
        )
    expect_shape(
        case.covariances, covariances, "(classes, latent, latent): one matrix for each label", given
    )


def _close(got: Tensor, expected: Tensor) -> bool:
    """Within a thousandth of the largest number; a mean of squares may lose some digits."""
    if got.shape != expected.shape:
        return False
    got, expected = got.double(), expected.double()
    return bool((got - expected).abs().max() <= 1e-3 * expected.abs().max())


def _named(
    results: Sequence[tuple[Case, Tensor]], mistakes: Sequence[tuple[Callable, str]]
) -> str | None:
    """The message of the mistake that returns the same in every case."""
    for mistake, message in mistakes:
        if all(_close(got, mistake(*case.args)) for case, got in results):
            return message
    return None


def _expect_means(answer: Answer) -> None:
    cases = answer.memory["cases"]
    if all(_close(case.means, _means(*case.args)) for case in cases):
        return
    if message := _named([(case, case.means) for case in cases], OF_MEANS):
        raise Wrong(message)
    case = next(case for case in cases if not _close(case.means, _means(*case.args)))
    expect_close(
        case.means,
        _means(*case.args).to(case.means),
        dict(zip(answer.parameters, case.args, strict=True)),
        "Row y is the mean of the codes whose label is y: pick them, and average over dim 0.",
        tolerance=1e-3,
    )


def _over_n(group: Tensor) -> Tensor:
    return group.T.cov(correction=0)


def _expect_covariances(answer: Answer) -> None:
    cases = answer.memory["cases"]
    for accepted in (_covariance, _over_n):
        if all(_close(case.covariances, _each(accepted)(*case.args)) for case in cases):
            return
    if message := _named([(case, case.covariances) for case in cases], OF_COVARIANCES):
        raise Wrong(message)
    for case in cases:
        expect_close(
            case.covariances,
            _each(_covariance)(*case.args).to(case.covariances),
            dict(zip(answer.parameters, case.args, strict=True)),
            "The means are right. For the codes of label y alone, take their mean off and average "
            "the products of all pairs of numbers; the diagonal is then `group.var(0)`.",
            tolerance=1e-3,
        )


exercise = Exercise(
    solution=label_prior,
    place=2,
    difficulty=2,
    minutes=12,
    success="A prior that knows the label: p(z|y). The next cell draws its codes from it.",
    hints=(
        "`labels == y` is True where a code carries label y, and `codes[labels == y]` are those "
        "codes. What are the mean and the covariance of such a group?",
        "`torch.cov` reads each row as one variable, and the rows of a group are examples: "
        "`group.T.cov()`, (latent, latent).",
        "Collect both in lists over `range(num_classes)`, and `torch.stack` them at the end.",
    ),
    stages=(
        Stage("type and shape", _returns_both),
        Stage("means", _expect_means),
        Stage("covariances", _expect_covariances),
    ),
)
