"""The papers' numbers beside ours: what stands in the table of `notebooks/papers.md`.

    python tests/tools/papers.py              every experiment, one after the other
    python tests/tools/papers.py pca deep     these two
    python tests/tools/papers.py --page       none: the table again, of what was kept

An experiment is a function with a seed that gives a number for each `Claim` of a paper. What it
gave is kept in `papers.json` beside this file, with its seconds of processor time on one thread,
and the page's table is made of that. What a paper reports was not measured here.
"""

import argparse
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import page
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils import (
    VAE,
    VQVAE,
    Autoencoder,
    active_units,
    auroc,
    cosine_decay,
    elbo,
    fit,
    jukebox,
    linear_warmup,
    load_images,
    log_likelihood,
    mutual_information_gap,
    ndcg_at_k,
    negative_elbo,
    pca,
    recall_at_k,
    reconstruction,
    sparse,
    squared_error,
    top_k,
)
from course_utils.data import Images, Jukebox

HEADER = ("experiment", "paper", "what", "its value", "ours", "distance", "why", "seconds")


class Claim(NamedTuple):
    """What a paper reports, and why ours is another number."""

    paper: str
    what: str
    value: float
    why: str
    digits: int = 2


class Experiment(NamedTuple):
    """A function that gives a number for each claim."""

    run: Callable[[], tuple[float, ...]]
    claims: tuple[Claim, ...]


EXPERIMENTS: dict[str, Experiment] = {}


def beside(*claims: Claim) -> Callable[[Callable], Callable]:
    """Make an experiment of the function below."""

    def enter(run: Callable[[], tuple[float, ...]]) -> Callable[[], tuple[float, ...]]:
        EXPERIMENTS[run.__name__] = Experiment(run, claims)
        return run

    return enter


# --- what several share -------------------------------------------------------------------------


@cache
def mnist() -> Images:
    return load_images("mnist")


def black_and_white(model: VAE, x: Tensor) -> dict[str, Tensor]:
    """-ELBO of pixels that are 0 or 1, drawn anew each time: 1 as often as the grey value says."""
    return negative_elbo()(model, torch.bernoulli(x))


def trained(latent_dim: int, hidden: tuple[int, ...], **options: object) -> VAE:
    """A VAE that has seen the training pictures in black and white."""
    model = VAE.dense(latent_dim=latent_dim, hidden=hidden)
    fit(model, black_and_white, mnist().train, progress=False, **options)
    return model


def drawn(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def black_and_white_test() -> Tensor:
    """The test pictures in black and white, drawn once."""
    return torch.bernoulli(mnist().test[:], generator=drawn(0))


def mean_error(model: Autoencoder) -> float:
    """Squared error, summed over the pixels of a test picture; the mean over all."""
    return squared_error(model.reconstruct(mnist().test), mnist().test).mean().item()


def reading(model: nn.Module, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
    return {"loss": F.cross_entropy(model(x), labels, reduction="none")}


def linear_error(train: Tensor, test: Tensor) -> float:
    """Of a softmax regression on these features: how many test digits it misreads, in per cent."""
    classifier = nn.Linear(train.shape[1], 10)
    nn.init.zeros_(classifier.weight)
    nn.init.zeros_(classifier.bias)
    options = {"steps": 9400, "lr": cosine_decay(3e-3), "progress": False}
    fit(classifier, reading, (train, mnist().train_labels), **options)
    with torch.no_grad():
        wrong = classifier(test).argmax(1) != mnist().test_labels
    return 100 * wrong.float().mean().item()


# --- thirty numbers -----------------------------------------------------------------------------

IN_2006 = "Hinton & Salakhutdinov, 2006, figure 2B"
SQUARED = "squared error of a test picture from 30 numbers"


@beside(Claim(IN_2006, f"{SQUARED}: PCA", 13.87, "none is left: PCA has one answer"))
def pca_30() -> tuple[float]:
    images = mnist()
    by_pca = pca(images.train).reconstruct(images.test, 30)
    return (squared_error(by_pca, images.test).mean().item(),)


@beside(
    Claim(
        IN_2006,
        f"{SQUARED}: logistic PCA",
        8.01,
        "ours makes the squared error itself small, by Adam; theirs the cross-entropy",
    )
)
def logistic_pca() -> tuple[float]:
    """Two linear maps with a sigmoid at the end, and no hidden layer."""
    model = Autoencoder.dense(latent_dim=30, hidden=())
    options = {"epochs": 20, "lr": cosine_decay(1e-2, 1e-5), "progress": False}
    fit(model, reconstruction, mnist().train, **options)
    return (mean_error(model),)


DEEP_EPOCHS = 40


@beside(
    Claim(
        IN_2006,
        f"{SQUARED}: a deep autoencoder",
        3.00,
        "their sizes, 784-1000-500-250-30; ReLU and Adam from random weights, "
        f"{DEEP_EPOCHS} passes; they began from layers trained one by one. What more passes would "
        "do was not tried",
    )
)
def deep() -> tuple[float]:
    model = Autoencoder.dense(latent_dim=30, hidden=(1000, 500, 250))
    options = {"epochs": DEEP_EPOCHS, "batch_size": 50, "lr": cosine_decay(1.5e-3, 1e-6)}
    fit(model, reconstruction, mnist().train, **options, progress=False)
    return (mean_error(model),)


# --- bounds -------------------------------------------------------------------------------------

HOMEWORK = "Stanford's CS236, homework 2"


@beside(
    Claim(
        HOMEWORK,
        "−ELBO in nats, ten numbers, black and white; they want 100 ± 2",
        100,
        "half of their 20,000 steps, in batches of 100 as theirs, with a rate that falls; all test "
        "pictures where they take a subset",
        digits=1,
    ),
    Claim(
        HOMEWORK,
        "−L₁₀₀₀ of the same network; they want about 95",
        95,
        "ours on every tenth test picture; their subset is another",
        digits=1,
    ),
)
def homework() -> tuple[float, float]:
    options = {"steps": 10_000, "batch_size": 100, "lr": cosine_decay(1.5e-3, 1e-5)}
    model, x = trained(10, (300, 300), **options), black_and_white_test()
    bound = elbo(model, x, generator=drawn(1)).mean().item()
    return -bound, -log_likelihood(model, x[::10], 1000, drawn(2)).mean().item()


IWAE = "Burda, Grosse & Salakhutdinov, 2016, table 1, VAE with k = 1"
IWAE_EPOCHS = 200


@beside(
    Claim(
        IWAE,
        "−log p(x) in nats by L₅₀₀₀, black and white, fifty numbers",
        86.76,
        f"{IWAE_EPOCHS} passes through the pictures, theirs 3,280; ReLU in place of tanh",
    ),
    Claim(
        IWAE,
        "active units of the fifty",
        19,
        "the same two differences; whether more of them wake with time was not tried",
        digits=0,
    ),
)
def iwae() -> tuple[float, float]:
    options = {"epochs": IWAE_EPOCHS, "batch_size": 100, "lr": cosine_decay(2e-3, 1e-5)}
    model, x = trained(50, (200, 200), **options), black_and_white_test()
    with torch.no_grad():
        awake = active_units(model.encode(x)[0])
    return -log_likelihood(model, x, 5000, drawn(2)).mean().item(), awake


# --- what a code is good for --------------------------------------------------------------------

RUFF = "Ruff and others, 2018, table 1"
ONE_CLASS = "AUROC in per cent, one digit normal, mean over ten"


def mean_auroc(strangeness: Callable[[Tensor, Tensor], Tensor]) -> float:
    """Each digit in turn is normal: what scores the test pictures knows its training pictures."""
    images = mnist()
    train, test = images.train.flatten(1), images.test.flatten(1)
    scores = {k: strangeness(train[images.train_labels == k], test) for k in range(10)}
    return sum(10 * auroc(scores[k], images.test_labels != k) for k in range(10))


@beside(
    Claim(
        RUFF,
        f"{ONE_CLASS}: a convolutional autoencoder, beside which we put PCA",
        89.65,
        "no network at all: the error that 32 principal directions leave",
    )
)
def one_class_pca() -> tuple[float]:
    return (mean_auroc(lambda own, x: squared_error(pca(own).reconstruct(x, 32), x)),)


@beside(
    Claim(
        RUFF,
        f"{ONE_CLASS}: Deep SVDD, beside which we put our detector",
        94.80,
        "ours divides the error by the picture's own size, and looks at the code as well; with the "
        "same division sixteen principal directions come to 97.25 (lesson 13)",
    )
)
def one_class() -> tuple[float]:
    from course_utils.anomaly import ReconstructionDetector

    def strangeness(own: Tensor, x: Tensor) -> Tensor:
        detector = ReconstructionDetector(random_state=0).fit(own.numpy())
        return -torch.as_tensor(detector.score_samples(x.numpy()))

    return (mean_auroc(strangeness),)


MAKHZANI = "Makhzani & Frey, 2014, unsupervised features on MNIST"


@beside(
    Claim(
        MAKHZANI,
        "misread test digits in per cent: a linear classifier on raw pixels",
        7.20,
        "another optimiser, stopped after twenty passes",
    )
)
def raw_pixels() -> tuple[float]:
    return (linear_error(mnist().train[:].flatten(1), mnist().test[:].flatten(1)),)


@beside(
    Claim(
        MAKHZANI,
        "the same on the 1,000 units of a k-sparse autoencoder, k = 25",
        1.35,
        "ours keeps k = 25 from the beginning, for five passes; theirs comes down to it",
    )
)
def k_sparse() -> tuple[float]:
    images = mnist()
    model = Autoencoder.dense(latent_dim=1000, hidden=(), tied=True, output="linear")
    objective, options = sparse(0.0, kind="top_k", k=25), {"epochs": 5, "lr": cosine_decay(1e-3)}
    fit(model, objective, images.train, progress=False, **options)
    with torch.no_grad():
        train, test = (top_k(model.encode(x), 25) for x in (images.train[:], images.test[:]))
    return (linear_error(train, test),)


@beside(
    Claim(
        "Kingma and others, 2014, table 1, M1 with a transductive SVM",
        "misread test digits in per cent, 100 labels",
        11.82,
        "an ordinary SVM, which does not look at test digits; mean over ten draws of the labels",
    )
)
def hundred_labels() -> tuple[float]:
    from sklearn.svm import SVC

    options = {"epochs": 8, "batch_size": 256, "lr": cosine_decay(4e-3, 1e-5)}
    images, model = mnist(), trained(50, (400,), **options)
    with torch.no_grad():
        train, test = (model.encode(x[:])[0].numpy() for x in (images.train, images.test))
    labels, wrong = images.train_labels, []
    for draw in range(10):
        order = torch.randperm(len(labels), generator=drawn(draw))
        chosen = torch.cat([order[labels[order] == digit][:10] for digit in range(10)])
        svm = SVC(C=10).fit(train[chosen], labels[chosen])
        wrong.append(100 * (1 - svm.score(test, images.test_labels)))
    return (sum(wrong) / len(wrong),)


@beside(
    Claim(
        "Chen and others, 2018; Locatello and others, 2019: figures, no table",
        "MIG of a β-VAE on dSprites: of the order of 0.1",
        0.1,
        "another set of shapes, small and with five factors, and β = 8; mean of four seeds. Only "
        "the order can be compared",
    )
)
def mig() -> tuple[float]:
    shapes, gaps = load_images("shapes"), []
    factors = shapes.factors[: len(shapes.train)]
    options = {"steps": 720, "batch_size": 100, "lr": cosine_decay(8e-3, 1e-5), "progress": False}
    for seed in range(4):
        model = VAE.dense(10, (128, 128), seed=seed)
        fit(model, negative_elbo(linear_warmup(0.5, end=8.0)), shapes.train, seed=seed, **options)
        with torch.no_grad():
            gaps.append(mutual_information_gap(model.encode(shapes.train)[0], factors))
    return (sum(gaps) / len(gaps),)


# --- recommending -------------------------------------------------------------------------------


def ease(club: Jukebox, weight: float) -> Callable[[Tensor], Tensor]:
    """Steck's linear autoencoder, which may not use a song to predict itself: plays to scores.

    Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", 2019, equation 8.
    """
    played = (club.train > 0).double()
    inverse = torch.linalg.inv(played.T @ played + weight * torch.eye(played.shape[1]).double())
    matrix = (-inverse / inverse.diag()).fill_diagonal_(0)
    return lambda plays: (plays > 0).double() @ matrix


def best_ease(club: Jukebox) -> Callable[[Tensor], Tensor]:
    """The one whose weight does best on the listeners that are kept for choosing."""
    asked = club.validation_held_out, 20, club.validation
    found = [ease(club, weight) for weight in (30.0, 100.0, 300.0, 1000.0)]
    return max(found, key=lambda one: recall_at_k(one(club.validation), *asked).mean())


def mult_vae(club: Jukebox) -> Callable[[Tensor], Tensor]:
    """Lesson 14's multinomial VAE."""
    model = VAE.dense(20, (200,), input_shape=(400,), output="multinomial", dropout=0.5)
    options = {"steps": 240, "batch_size": 500, "lr": cosine_decay(6e-3), "progress": False}
    fit(model, negative_elbo(linear_warmup(0.5, end=0.2)), club.train, **options)
    return model.reconstruct


BOTH = "Liang and others, 2018, table 2, and Steck, 2019, table 1: 20 million film ratings"
JUKEBOX = (
    "three made-up jukeboxes and no films: only which of the two is ahead can be compared, and on "
    "other data EASE is (lesson 14). The VAE sees how often a song was played, and EASE whether it "
    "was"
)


@beside(
    Claim(BOTH, "Recall@20 of Mult-VAE less that of EASE", 0.395 - 0.391, JUKEBOX, digits=3),
    Claim(BOTH, "NDCG@100 of Mult-VAE less that of EASE", 0.426 - 0.420, JUKEBOX, digits=3),
)
def recommenders() -> tuple[float, float]:
    leads = []
    for seed in range(3):
        club = jukebox(seed=seed)
        scores = [find(club)(club.test) for find in (mult_vae, best_ease)]
        asked = club.test_held_out, club.test
        recall, ndcg = (
            [measure(each, asked[0], k, asked[1]).mean().item() for each in scores]
            for measure, k in ((recall_at_k, 20), (ndcg_at_k, 100))
        )
        leads.append((recall[0] - recall[1], ndcg[0] - ndcg[1]))
    recalls, ndcgs = zip(*leads, strict=True)
    return sum(recalls) / 3, sum(ndcgs) / 3


@beside(
    Claim(
        "van den Oord and others, 2017, section 4.2",
        "how many times fewer bits the symbols take than the picture's bytes",
        42.6,
        "a digit has few pixels for each of its 49 symbols; theirs are 32 × 32 for a photograph of "
        "128 × 128 in colour",
        digits=1,
    )
)
def symbols() -> tuple[float]:
    model, x = VQVAE.patches(num_embeddings=256), mnist().test[:1]
    places = model(x).indices.numel()
    bits = torch.tensor(model.quantizer.codebook.shape[0]).log2().item()
    return (8 * x.numel() / (places * bits),)


# --- the page -----------------------------------------------------------------------------------


def rows(measured: dict) -> list[tuple[str, ...]]:
    """The page's table: a row for each claim."""
    found = []
    for name, experiment in EXPERIMENTS.items():
        result = measured.get(name, {"ours": [None] * len(experiment.claims), "seconds": None})
        for claim, ours in zip(experiment.claims, result["ours"], strict=True):
            found.append(row(name, claim, ours, result["seconds"]))
    return found


def row(name: str, claim: Claim, ours: float | None, seconds: float | None) -> tuple[str, ...]:
    """A dash stands where an experiment was not run yet."""
    value = f"{claim.value:.{claim.digits}f}"
    numbers = [value, "–", "–"]
    if ours is not None:
        distance = round(ours, claim.digits) - claim.value
        numbers = [value, f"{ours:.{claim.digits}f}", f"{distance:+.{claim.digits}f}"]
    signed = [number.replace("-", "−") for number in numbers]
    taken = "–" if seconds is None else f"{seconds:.0f}"
    return f"`{name}`", claim.paper, claim.what, *signed, claim.why, taken


def made(measured: dict) -> str:
    return page.table(HEADER, rows(measured))


def measure(name: str) -> dict:
    """Run an experiment, and say what it gave."""
    experiment, before = EXPERIMENTS[name], time.process_time()
    ours = experiment.run()
    result = {"ours": [round(each, 5) for each in ours], "seconds": time.process_time() - before}
    for claim, each in zip(experiment.claims, ours, strict=True):
        said = f"{claim.what}: {claim.value:.{claim.digits}f}, ours {each:.{claim.digits}f}"
        print(f"{name:15} {result['seconds']:6.0f} s  {said}", flush=True)
    return result


def main() -> int:
    """Run what was asked for, keep it, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(EXPERIMENTS)}")
    parser.add_argument("--page", action="store_true", help="only write the table again")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in EXPERIMENTS]
    if unknown:
        parser.error(f"{unknown[0]} is no experiment; expected some of {', '.join(EXPERIMENTS)}")
    torch.set_num_threads(1)
    names = [] if options.page else options.names or list(EXPERIMENTS)
    if names:
        mnist()  # to read it is no part of any experiment
    for name in names:
        result = measure(name)
        page.keep("papers", page.kept("papers") | {name: result})
    page.write("papers", [made(page.kept("papers"))])
    return 0


if __name__ == "__main__":
    sys.exit(main())
