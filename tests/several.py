"""What one of several processes does for `test_processes.py`: it answers all questions, in order.

    python tests/several.py QUESTION... FOLDER

Each question is a function of (rank, size, folder) here; its answer, or the error that it met, goes
into a file of its own. The same functions, asked in the process of the tests, say what a single
process answers.
"""

import os
import pickle
import signal
import sys
import time
import warnings
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.utils.data import DataLoader

from course_utils import (
    VAE,
    VQVAE,
    Autoencoder,
    ConditionalVAE,
    FlowPrior,
    VectorQuantizer,
    Velocity,
    contractive,
    cosine_decay,
    denoising,
    fit,
    flow_matching,
    linear_warmup,
    negative_elbo,
    prior_nll,
    reconstruction,
    salt_and_pepper,
    sparse,
    vector_quantized,
    weight_decay,
)
from course_utils._running import seeded
from course_utils.training import facts
from course_utils.training.sealed import fingerprint

FEATURES = 6
X = torch.rand(101, FEATURES, generator=torch.Generator().manual_seed(0))
PICTURES = torch.rand(20, 1, 28, 28, generator=torch.Generator().manual_seed(1))
Y = torch.arange(101) % 3


def plain(seed=0):
    return Autoencoder.dense(3, (8,), input_shape=(FEATURES,), seed=seed)


def vae(seed=0, **options):
    return VAE.dense(2, (8,), input_shape=(FEATURES,), seed=seed, **options)


def normalised():
    with seeded(0):
        encoder = nn.Sequential(nn.Linear(FEATURES, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
        return Autoencoder(encoder, nn.Linear(3, FEATURES), input_shape=(FEATURES,))


def grid(**options):
    """A VQ-VAE without batch normalisation."""
    with seeded(0):
        parts = nn.Conv2d(1, 2, 4, 4), VectorQuantizer(8, 2, **options)
        decoder = nn.ConvTranspose2d(2, 1, 4, 4)
    return VQVAE(*parts, decoder, input_shape=(1, 28, 28))


def half_used(model, x):
    """The decoder learns from some examples only, and in the last steps from none."""
    few = x[x[:, 0] > 0.9]
    if len(few) == 0:
        return {"loss": (model.encode(x) ** 2).sum(1)}
    away = (model.decode(model.encode(few)) ** 2).sum() / len(x)
    return {"loss": (model.encode(x) ** 2).sum(1) + away}


def train(model, objective, data, **options):
    given = {"epochs": 3, "batch_size": 32, "device": "cpu", "progress": False, **options}
    return fit(model, objective, data, **given)


# --- histories that are to be the same, whoever has helped ----------------------------------------

# The last batch of 101 is short: 5 examples, for three processes 2, 2 and 1.
RUNS = {
    "reconstruction": lambda: train(plain(), reconstruction, X, val=X[:10]),
    "schedules": lambda: train(vae(), negative_elbo(linear_warmup(0.7)), X, lr=cosine_decay(0.01)),
    "noise in the code": lambda: train(vae(), negative_elbo(), X, val=X[:10]),
    "noise in the input": lambda: train(plain(), denoising(salt_and_pepper(0.3)), X),
    "dropout": lambda: train(vae(dropout=0.3), negative_elbo(), X),
    "contractive": lambda: train(plain(), contractive(0.1, "hutchinson"), X),
    "a scalar term": lambda: train(plain(), weight_decay(reconstruction, 0.1), X),
    "sparse": lambda: train(plain(), sparse(0.1), X),
    "labels": lambda: train(
        ConditionalVAE.dense(2, 3, (8,), input_shape=(FEATURES,)), negative_elbo(), (X, Y)
    ),
    "a velocity": lambda: train(Velocity.dense(FEATURES, (8,)), flow_matching(), X, val=X[:10]),
    "labels withheld": lambda: train(
        Velocity.dense(FEATURES, (8,), num_classes=3), flow_matching(0.3), (X, Y)
    ),
    "fewer examples than processes": lambda: train(
        vae(), negative_elbo(), X[:4], batch_size=2, val=X[:2]
    ),
    "a prior that learns as well": lambda: train(vae(prior="flow"), negative_elbo(), X),
    "a mixture as well": lambda: train(vae(prior="mixture"), negative_elbo(), X),
    "a prior alone": lambda: train(FlowPrior.over(FEATURES, 2, 8), prior_nll, X),
    "steps": lambda: train(plain(), reconstruction, X, steps=9),
    "codebook": lambda: train(grid(), vector_quantized(), PICTURES, batch_size=8),
}


def histories(rank, size, folder):
    return {name: run().terms for name, run in RUNS.items()}


def own_batches(rank, size, folder):
    """Each process brings its rows of every batch; a single one brings them all."""
    mine = DataLoader([(x,) for x in X[:96]], batch_sampler=_rows(rank, size))
    return train(plain(), reconstruction, mine, val=list(X[:36].split(12))[rank::size]).terms


def _rows(rank, size):
    return [list(range(start, start + 24))[rank::size] for start in range(0, 96, 24)]


# --- replicas -------------------------------------------------------------------------------------

REPLICAS = {
    "reconstruction": (plain, reconstruction, X),
    "noise": (vae, negative_elbo(), X),
    "free bits": (vae, negative_elbo(free_bits=0.1), X),
    "batch statistics": (plain, sparse(0.1, kind="kl"), X),
    "codebook and normalisation": (lambda: VQVAE.patches(8), vector_quantized(), PICTURES),
    "batch normalisation": (normalised, reconstruction, X[:96]),
    "a decoder half used": (plain, half_used, X),
    "pseudo-inputs": (lambda: vae(prior="vamp"), negative_elbo(), X),
    "codebook by averages": (
        lambda: grid(decay=0.9, restart=2),
        vector_quantized(),
        PICTURES,
    ),
}


def replicas(rank, size, folder):
    """A seal of all weights and buffers after every epoch."""
    return {name: _seals(build(), *rest) for name, (build, *rest) in REPLICAS.items()}


def _seals(model, objective, data):
    history, seals = None, []
    for epochs in (1, 2):
        history = train(model, objective, data, epochs=epochs, batch_size=16, resume=history)
        seals.append((fingerprint(model.state_dict()), fingerprint(dict(model.named_buffers()))))
    return seals, history.terms


def running_averages(rank, size, folder):
    """Those of batch normalisation as this process's own examples left them in the last step, and
    as they are after the training."""
    seen = []

    def objective(model, x):
        result = reconstruction(model, x)
        seen.append(model.encoder[1].running_mean.tolist())
        return result

    model = normalised()
    train(model, objective, X[:96], epochs=1)
    return seen[-1], model.encoder[1].running_mean.tolist()


def other_weights_at_first(rank, size, folder):
    return train(plain(seed=rank), reconstruction, X).terms


def a_stream_astray(rank, size, folder):
    """The order of the examples is that of the first, wherever chance has led the others."""

    def objective(model, x):
        torch.rand(5 + rank)
        return reconstruction(model, x)

    return train(plain(), objective, X).terms


# --- stops ----------------------------------------------------------------------------------------


def at_step(step, do, objective=reconstruction):
    """The objective, which does something before it answers at this step of the training."""
    steps = 0

    def interrupted(model, *batch):
        nonlocal steps
        steps += model.training
        if model.training and steps == step:
            do()
        return objective(model, *batch)

    return interrupted


def raise_interrupt():
    raise KeyboardInterrupt


def _where(history):
    return history.checkpoint.epoch, history.checkpoint.step, history.finished


def ctrl_c(rank, size, folder):
    """The last process is told to stop in its sixth step; the first writes the file."""
    press = (lambda: signal.raise_signal(signal.SIGINT)) if rank == size - 1 else (lambda: None)
    history = train(plain(), at_step(6, press), X)
    if rank == 0:
        history.save(folder / f"stopped by {size}")
    return _where(history)


def an_interrupt_raised(rank, size, folder):
    do = raise_interrupt if rank == size - 1 else (lambda: None)
    return _where(train(plain(), at_step(6, do), X))


def resume_from_one(rank, size, folder):
    """Go on with what a single process has begun."""
    return train(plain(), at_step(0, None), X, resume=folder / "stopped by 1").terms


def stop_iteration(rank, size, folder):
    called = []

    def stop(model, history):
        called.append(history.epochs)
        if history.epochs == 2:
            raise StopIteration

    history = train(plain(), reconstruction, X, epochs=9, callbacks=[stop])
    return called, history.epochs, history.finished


def the_bar(rank, size, folder):
    os.environ.pop("COURSE_QUIET", None)
    train(plain(), reconstruction, X, epochs=1, progress=True)


# --- refusals -------------------------------------------------------------------------------------


def nan_in_one(rank, size, folder):
    bad = rank == size - 1

    def objective(model, x):
        return {"loss": reconstruction(model, x)["loss"] * (float("nan") if steps > 5 else 1.0)}

    steps = 0

    def count(model, x):
        nonlocal steps
        steps += model.training and bad
        return objective(model, x)

    try:
        train(plain(), count, X)
    except FloatingPointError as error:
        return str(error), error.history.terms
    return None


def _error_of(work):
    try:
        work()
    except Exception as error:
        return type(error).__name__, str(error)
    return None


def refused(rank, size, folder):
    """One sentence for each, and the same processes can go on to the next."""
    from torch.nn.parallel import DistributedDataParallel

    last = rank == size - 1
    batches = list(X.split(32))

    class Unknown:
        def __iter__(self):
            return iter(batches[: 3 if last else 4])

    def fail():
        if last:
            raise LookupError("no such thing")

    def terms_change(model, x):
        terms = reconstruction(model, x)
        return terms | {"more": terms["loss"]} if last and model.training else terms

    def overwrite(model, history):
        with torch.no_grad():
            next(model.parameters()).add_(1.0)

    def complain(model, history):
        raise ValueError("the disk is full")

    def other_torch():
        version = torch.__version__
        torch.__version__ = "1.0" if last else version
        try:
            train(plain(), reconstruction, X)
        finally:
            torch.__version__ = version

    def other_course():
        code = facts._code
        facts._code = (lambda: "other") if last else code
        try:
            train(plain(), reconstruction, X)
        finally:
            facts._code = code

    other = X.clone()
    other[50, 3] *= 0.5 if last else 1.0
    return {
        "other data": _error_of(lambda: train(plain(), reconstruction, other)),
        "other length": _error_of(lambda: train(plain(), reconstruction, X[: 90 if last else 99])),
        "other order": _error_of(lambda: train(plain(), reconstruction, X.flip(0) if last else X)),
        "other torch": _error_of(other_torch),
        "other course": _error_of(other_course),
        "other seed": _error_of(lambda: train(plain(), reconstruction, X, seed=rank)),
        "other epochs": _error_of(lambda: train(plain(), reconstruction, X, epochs=3 + last)),
        "other network": _error_of(lambda: train(vae() if last else plain(), reconstruction, X)),
        "other batches": _error_of(
            lambda: train(plain(), reconstruction, batches[: 3 if last else 4])
        ),
        "a stream that ends": _error_of(lambda: train(plain(), reconstruction, Unknown())),
        "a bad argument": _error_of(
            lambda: train(plain(), reconstruction, X, epochs=0 if last else 3)
        ),
        "an error in a step": _error_of(lambda: train(plain(), at_step(5, fail), X)),
        "other terms": _error_of(lambda: train(plain(), terms_change, X)),
        "a callback fails": _error_of(
            lambda: train(plain(), reconstruction, X, callbacks=[complain])
        ),
        "a callback learns": _error_of(
            lambda: train(plain(), reconstruction, X, callbacks=[overwrite])
        ),
        "a wrapper": _error_of(lambda: train(DistributedDataParallel(plain()), reconstruction, X)),
        "too few to normalise": _error_of(lambda: train(normalised(), reconstruction, X[:35])),
    }


def without_the_sum(rank, size, folder):
    """A step that goes on without its sum: `fit` itself has to notice."""
    all_reduce = dist.all_reduce
    dist.all_reduce = lambda tensor: None
    try:
        return _error_of(lambda: train(plain(), reconstruction, X))
    finally:
        dist.all_reduce = all_reduce


def still_together(rank, size, folder):
    """After all of this the group stands, and is whose it was."""
    return dist.is_initialized(), train(plain(), reconstruction, X).terms


def killed(rank, size, folder):
    """The last process is killed in its sixth step. The others stay alive, and have to notice."""
    do = (lambda: os.kill(os.getpid(), signal.SIGKILL)) if rank == size - 1 else (lambda: None)
    model, began = plain(), time.monotonic()
    error = _error_of(lambda: train(model, at_step(6, do), X, epochs=1000))
    (folder / f"noticed {rank}").touch()
    while len(list(folder.glob("noticed *"))) < size - 1 and time.monotonic() < began + 60:
        time.sleep(0.1)  # their connections close when they end, which would be too easy
    return error, time.monotonic() - began, _error_of(lambda: train(model, reconstruction, X))


def main() -> None:
    *questions, folder = sys.argv[1:]
    rank, size, folder = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), Path(folder)
    torch.set_num_threads(1)
    warnings.simplefilter("error")
    if "GROUP" in os.environ:  # as somebody makes it who knows torch.distributed
        for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
            os.environ.pop(name, None)
        dist.init_process_group("gloo", init_method=os.environ["GROUP"], rank=rank, world_size=size)
    for question in questions:
        answer = globals()[question](rank, size, folder)
        (folder / f"{question} {rank}").write_bytes(pickle.dumps(answer))


if __name__ == "__main__":
    main()
