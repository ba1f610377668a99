"""`pca_reconstruction`, lesson 01: centre, project, draw again, and put the mean back."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Stage


def pca_reconstruction(x: Float[Tensor, "n d"], k: int) -> Float[Tensor, "n d"]:
    """Rebuild every row of x from its k leading principal components.

    The components are those of x itself: the directions of largest variance about the mean row.
    They are the rows of Vᵀ in the singular value decomposition x - mean = U S Vᵀ. Each row is
    projected on the first k of them, and the mean, which was taken off before, is put back.
    """
    mean = x.mean(dim=0)
    _, _, directions = torch.linalg.svd(x - mean, full_matrices=False)
    leading = directions[:k]  # (k, d), each row of length 1
    codes = (x - mean) @ leading.T  # (n, k): all that passes the bottleneck
    return codes @ leading + mean


def _table(
    n: int, d: int, k: int, generator: torch.Generator, spread: float = 0.85
) -> Float[Tensor, "n d"]:
    """A table of n rows with k strong principal directions, the others twenty times weaker.

    The gap makes every correct method agree to 2e-3, even the randomised `torch.pca_lowrank`, while
    a component too many or too few still shows. The column means are far from zero, and the
    directions are oblique to the axes. With spread = 1 the k strong directions are equally strong,
    so that no single one of them is determined, only the space that they span.
    """
    rank = min(n - 1, d)
    strength = torch.full((rank,), 0.5)
    strength[:k] = 10 * spread ** torch.arange(min(k, rank))
    # Columns orthogonal to the vector of ones have mean zero, so centring changes none of them.
    scores = torch.randn(n, rank, generator=generator)
    scores = torch.linalg.qr(torch.cat([torch.ones(n, 1), scores], dim=1))[0][:, 1:]
    directions = torch.linalg.qr(torch.randn(d, d, generator=generator))[0][:rank]
    sign = torch.randint(0, 2, (d,), generator=generator) * 2 - 1
    mean = sign * (2 + 3 * torch.rand(d, generator=generator))
    return scores * strength @ directions + mean


def _pca_probes(generator: torch.Generator) -> list[tuple[Tensor, int]]:
    return [
        (_table(6, 5, 3, generator).round(decimals=1), 3),  # small enough to print
        (_table(4, 9, 2, generator), 2),  # fewer rows than columns
        (_table(6, 6, 3, generator), 3),
        (_table(50, 20, 7, generator), 7),
        (_table(7, 3, 1, generator), 1),
        (_table(9, 4, 2, generator, spread=1.0), 2),
        (_table(12, 4, 4, generator), 4),  # k = d: nothing is lost
        (_table(3, 8, 2, generator), 2),  # k = rank: nothing is lost either
    ]


def _loses_nothing(answer: Answer) -> None:
    """Where k is the rank, x comes back but for rounding, by every method, the random ones too."""
    generator = answer.generator()
    for n, d, k in ((12, 4, 4), (3, 8, 2)):
        x = _table(n, d, k, generator)
        off = ((answer(x.clone(), k) - x).abs().max() / x.abs().max()).item()
        if not off < 1e-4:
            raise Wrong(
                f"With k = {k} components nothing of this table of {n} rows and {d} columns is "
                f"lost, and yet your result is off by {off:.2%} of its largest number. Is "
                "something added to keep a division or an inverse in bounds, are numbers rounded, "
                "or computed with half the digits?"
            )


def _svd(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return torch.linalg.svd(x, full_matrices=False)


def _directions(x: Tensor) -> Tensor:
    return _svd(x - x.mean(0))[2]


def _onto(x: Tensor, rows: Tensor) -> Tensor:
    """x projected on orthonormal rows and mapped back."""
    return x @ rows.T @ rows


def _rows_for_columns(x: Tensor, k: int) -> Tensor:
    return _onto(x - x.mean(0), _directions(x)[:, :k].T) + x.mean(0)


def _standardised(x: Tensor, k: int, undone: bool) -> Tensor:
    z = (x - x.mean(0)) / x.std(0)
    z = _onto(z, _svd(z)[2][:k])
    return z * x.std(0) + x.mean(0) if undone else z + x.mean(0)


def _rescaled(x: Tensor, k: int, power: int) -> Tensor:
    """The mistake of taking U S^power V instead of U S V."""
    u, s, v = _svd(x - x.mean(0))
    return u[:, :k] * s[:k] ** power @ v[:k] + x.mean(0)


def _scaled_directions(x: Tensor, k: int) -> Tensor:
    _, s, v = _svd(x - x.mean(0))
    return _onto(x - x.mean(0), s[:k, None] * v[:k]) + x.mean(0)


def _own_coordinates(x: Tensor, k: int, fill: Tensor) -> Tensor:
    return torch.cat([x[:, :k], fill.expand_as(x)[:, k:]], dim=1)


_comparison = Comparison(
    probes=_pca_probes,
    shape="(n, d), the shape of x: a code of k numbers per row is to be mapped back to d",
    advice=(
        "Check the steps one by one: the mean over the rows is (d,); after centring every "
        "column sums to 0; `V @ V.T` of your k directions is the identity; the mean comes "
        "back at the end."
    ),
    tolerance=2e-3,
    mistakes=[
        Mistake(
            lambda x, k: x,
            "You returned x itself, as if nothing had to pass a bottleneck. Only k numbers "
            "per row may survive: project on the k leading directions.",
        ),
        Mistake(
            lambda x, k: x.mean(0).expand_as(x),
            "Every row came back as the mean row: nothing of the k components is left. "
            "Project the centred rows on them and add that to the mean.",
        ),
        Mistake(
            lambda x, k: _onto(x, _svd(x)[2][:k]),
            "This is what you get without centring: the first direction then points at the "
            "mean instead of along the variation. Subtract the mean row before the "
            "decomposition, and add it at the end.",
        ),
        Mistake(
            lambda x, k: _onto(x, _svd(x)[2][:k]) + x.mean(0),
            "You add the mean at the end but did not take it off before: rows that were never "
            "centred get their mean twice. Decompose and project `x - mean`.",
        ),
        Mistake(
            lambda x, k: _onto(x - x.mean(0), _directions(x)[:k]),
            "Right directions, right projection, but the result is centred on zero: the mean "
            "that you subtracted was not added back.",
        ),
        Mistake(
            lambda x, k: _onto(x - x.mean(0), _svd(x)[2][:k]) + x.mean(0),
            "You projected the centred rows, but on directions found before centring, and "
            "the first of those points at the mean. Decompose `x - mean` as well.",
        ),
        Mistake(
            lambda x, k: _onto(x, _directions(x)[:k]),
            "The directions are those of the centred rows, but you projected x as it was. "
            "Project `x - mean` too, and add the mean afterwards.",
        ),
        Mistake(
            lambda x, k: _onto(x, _directions(x)[:k]) + x.mean(0),
            "You projected x as it was on the directions of the centred rows, and then added "
            "the mean, so a part of the mean is counted twice. Project `x - mean`.",
        ),
        Mistake(
            lambda x, k: _onto(x - x.mean(0), _directions(x)[-k:]) + x.mean(0),
            "You kept the k weakest components. `torch.linalg.eigh` sorts its eigenvalues "
            "upwards, so the leading directions are the last columns; `svd` sorts downwards.",
        ),
        Mistake(
            lambda x, k: _onto(x - x.mean(0), _directions(x)[k:]) + x.mean(0),
            "You dropped the k leading components and kept all others. The slice is the wrong "
            "way round: the first k are to stay.",
        ),
        Mistake(
            lambda x, k: _onto(x - x.mean(0), _directions(x)[: k - 1]) + x.mean(0),
            "This is the reconstruction from k - 1 components, one too few. `[:k]` takes k "
            "of them, since counting starts at 0.",
        ),
        Mistake(
            lambda x, k: _onto(x - x.mean(0), _directions(x)[: k + 1]) + x.mean(0),
            "This is the reconstruction from k + 1 components, one too many. `[:k]` takes k "
            "of them; the index k itself is not included.",
        ),
        Mistake(
            lambda x, k: _onto(x - x.mean(0), _directions(x)[k - 1 : k]) + x.mean(0),
            "You used the k-th component alone. All of the first k are to stay: a slice "
            "`[:k]`, not an index.",
        ),
        Mistake(
            lambda x, k: _onto(x - x.mean(0), _directions(x)[1:k]) + x.mean(0),
            "You left out the first component, the strongest, and kept those after it up to "
            "the k-th. Counting starts at 0: `[:k]`, or `range(k)`.",
        ),
        Mistake(
            lambda x, k: _onto(x - x.mean(0), _directions(x)[1 : k + 1]) + x.mean(0),
            "You kept components 2 to k + 1: the strongest is missing. Counting starts at 0: "
            "`[:k]` takes the first k.",
        ),
        Mistake(
            lambda x, k: (x - x.mean(0)) @ _directions(x)[:k].T,
            "You returned the code: k numbers per row, the coordinates along the components. "
            "Map it back to d columns with the same directions, and add the mean.",
        ),
        Mistake(
            lambda x, k: pca_reconstruction(x.T, k).T,
            "Rows and columns are exchanged: each row was centred on its own mean, `dim=1`. "
            "Examples are rows, so centring takes the mean row, over `dim=0`, off every one.",
        ),
        Mistake(
            lambda x, k: x - x.mean(1),
            "`x.mean(1)` has n entries, one for each row, and cannot be subtracted from rows "
            "of d entries. What is wanted is the mean row: `dim=0`.",
        ),
        Mistake(
            lambda x, k: _onto(x - x.mean(), _svd(x - x.mean())[2][:k]) + x.mean(),
            "You subtracted one number, the mean of the whole table. Each column has its own "
            "mean: take it over `dim=0`, which leaves d numbers.",
        ),
        Mistake(
            lambda x, k: _standardised(x, k, undone=True),
            "You divided every column by its standard deviation before the decomposition. "
            "That changes which directions lead. PCA here only centres.",
        ),
        Mistake(
            lambda x, k: _standardised(x, k, undone=False),
            "You divided every column by its standard deviation and did not multiply it "
            "back. Do neither: PCA here only centres.",
        ),
        Mistake(
            _scaled_directions,
            "Your directions are not of length 1: they carry the singular values, so every "
            "projection is stretched by their squares. Use the rows of `Vh` as they are, or "
            "divide each direction by its length.",
        ),
        Mistake(
            lambda x, k: _rescaled(x, k, 0),
            "The singular values are missing: `U @ Vh` stretches every component to the same "
            "size. The reconstruction is `U * S @ Vh`, or a projection of `x - mean`.",
        ),
        Mistake(
            lambda x, k: _rescaled(x, k, 2),
            "The singular values are in it twice. `U * S` is already the code, the same as "
            "`(x - mean) @ Vh.T`; do not multiply by S once more.",
        ),
        Mistake(
            _rows_for_columns,
            "Rows and columns of the directions are exchanged. `torch.linalg.svd` returns Vh, "
            "with a direction in each row: `Vh[:k]`. The older `torch.svd` returns V, with a "
            "direction in each column: `V[:, :k]`.",
        ),
        Mistake(
            lambda x, k: (
                _onto(x - x.mean(0), torch.linalg.eigh(torch.cov(x.T))[1][-k:]) + x.mean(0)
            ),
            "You took rows of the matrix of eigenvectors. `torch.linalg.eigh` keeps each one "
            "in a column: the leading directions are `vectors[:, -k:]`.",
        ),
        Mistake(
            lambda x, k: _onto(x - x.mean(0), _svd(x - x.mean(0))[0][:, :k].T) + x.mean(0),
            "You multiplied by vectors with an entry for each row of x: the columns of U, or "
            "what comes of `torch.cov(x)`, which expects its variables in rows. Directions "
            "have d entries: the rows of `Vh`, or eigenvectors of `torch.cov(x.T)`.",
        ),
        Mistake(
            lambda x, k: _own_coordinates(x, k, torch.zeros(1)),
            "You kept the first k columns of x and set the others to 0. Components are "
            "directions across all columns, found by a decomposition.",
        ),
        Mistake(
            lambda x, k: _own_coordinates(x, k, x.mean(0)),
            "You kept the first k columns of x and put the mean in the others. Components "
            "are directions across all columns, found by a decomposition.",
        ),
    ],
)

exercise = Exercise(
    solution=pca_reconstruction,
    place=2,
    difficulty=2,
    minutes=15,
    success=(
        "With k as large as the number of columns you get x back; with every component less, the "
        "squared error grows by what that component carried. Below, 30 components of MNIST leave "
        "13.87 squared error for each test image."
    ),
    hints=(
        "Three steps: take the mean row off, project what is left on k directions, put the mean "
        "row back. The directions are those in which the rows of x vary most.",
        "`torch.linalg.svd(x - mean, full_matrices=False)` returns `U, S, Vh`. The rows of `Vh` "
        "are the directions, strongest first, each of length 1.",
        "With the first k rows `V = Vh[:k]`, of shape (k, d): the codes are `(x - mean) @ V.T`, of "
        "shape (n, k). One more product with `V` brings them back to (n, d). Do not forget the "
        "mean.",
    ),
    stages=(*_comparison.stages, Stage("nothing lost", _loses_nothing)),
)
