"""Training that stops and goes on: by files, by callbacks, by Ctrl-C with workers; and compiled."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from itertools import product

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from course_utils import (
    VAE,
    Autoencoder,
    ConditionalVAE,
    History,
    cosine_decay,
    fit,
    linear_warmup,
    negative_elbo,
    reconstruction,
    save,
    squared_error,
)
from course_utils._running import seeded

FEATURES = 6


@pytest.fixture
def x():
    return torch.rand(100, FEATURES, generator=torch.Generator().manual_seed(0))


def labels():
    return torch.arange(100) % 3


def plain(seed=0):
    return Autoencoder.dense(3, (8,), input_shape=(FEATURES,), seed=seed)


def noisy_network(seed=0):
    """Running averages, and masks drawn anew in each step."""
    with seeded(seed):
        layers = nn.Linear(FEATURES, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 3)
        return Autoencoder(nn.Sequential(*layers), nn.Linear(3, FEATURES), input_shape=(FEATURES,))


def vae(seed=0):
    return VAE.dense(2, (8,), input_shape=(FEATURES,), seed=seed)


def conditional(seed=0):
    return ConditionalVAE.dense(2, 3, (8,), input_shape=(FEATURES,), seed=seed)


def train(model, objective, data, **options):
    return fit(model, objective, data, **{"batch_size": 32, "device": "cpu", **options})


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def equal(a, b):
    """Bit for bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def loader(*tensors, seed=None, **options):
    own = None if seed is None else torch.Generator().manual_seed(seed)
    return DataLoader(TensorDataset(*tensors), 32, shuffle=True, generator=own, **options)


def leave_after(objective, step):
    """The objective, with Ctrl-C at this step of the training."""
    steps = 0

    def leave(model, *batch, progress=1.0):
        nonlocal steps
        steps += model.training
        if model.training and steps == step:
            signal.raise_signal(signal.SIGINT)
        return objective(model, *batch, progress=progress)

    return leave


def noisy(model, x, progress=1.0):
    x_hat = model.to_image(model(x + 0.1 * torch.randn_like(x)).logits)
    return {"loss": (1 + progress) * squared_error(x_hat, x)}


RUNS = {
    "tensor": (noisy_network, noisy, lambda x: x, {}),
    "val and schedule": (
        noisy_network,
        noisy,
        lambda x: x,
        {"val": lambda x: x[:20], "lr": cosine_decay(1e-2)},
    ),
    "vae": (vae, negative_elbo(linear_warmup(0.7)), lambda x: x, {"val": lambda x: x[:20]}),
    "labels": (conditional, negative_elbo(), lambda x: (x, labels()), {}),
    "loader": (noisy_network, noisy, lambda x: loader(x), {"val": lambda x: loader(x[:40])}),
    "own stream": (
        noisy_network,
        noisy,
        lambda x: loader(x, seed=5),
        {"val": lambda x: loader(x[:70], seed=6)},
    ),
    "loader of pairs": (conditional, negative_elbo(), lambda x: loader(x, labels(), seed=7), {}),
    "workers": (vae, negative_elbo(), lambda x: loader(x, num_workers=1), {}),
    "bfloat16": (vae, negative_elbo(), lambda x: x, {"precision": "bfloat16"}),
}


# A worker is a process, started anew in every epoch; to stop within one is the hardest for it.
STARTED_OFTEN = [("workers", 1), ("workers", 8)]


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        pytest.param(*case, marks=pytest.mark.thorough if case in STARTED_OFTEN else ())
        for case in product(RUNS, (1, 7, 8))
    ],
)
def test_from_a_file_training_goes_on_as_if_it_had_never_stopped(kind, step, x, tmp_path):
    build, objective, form, options = RUNS[kind]

    def run(model, objective=objective, **more):
        given = {name: make(x) if name == "val" else make for name, make in options.items()}
        return train(model, objective, form(x), epochs=3, **given, **more)

    whole, today, tomorrow = build(), build(), build()
    expected = run(whole)
    history = run(today, leave_after(objective, step))
    assert not history.finished
    history.save(tmp_path / "run")
    resumed = run(tomorrow, resume=tmp_path / "run")
    assert resumed.finished and resumed.terms == expected.terms
    assert equal(weights(tomorrow), weights(whole))
    # The model that was trained may go on with it as well, from the file and from the history.
    again = run(today, resume=str(tmp_path / "run"))
    assert again.terms == expected.terms and equal(weights(today), weights(whole))


def test_the_next_day_is_another_process(tmp_path, capsys):
    script = textwrap.dedent(
        """
        import sys, torch
        from course_utils import VAE, fit, negative_elbo, linear_warmup

        x = torch.rand(100, 6, generator=torch.Generator().manual_seed(0))
        options = {"val": x[:30], "epochs": 4, "batch_size": 32, "device": "cpu"}

        def train(folder, last, resume=None):
            def keep(model, history):
                history.save(folder)
                if history.epochs == last:
                    raise SystemExit  # as if the power had failed

            model = VAE.dense(2, (8,), input_shape=(6,), dropout=0.2)
            objective = negative_elbo(linear_warmup(0.5))
            history = fit(model, objective, x, callbacks=[keep], resume=resume, **options)
            print(repr(history.terms), [p.double().sum().item() for p in model.parameters()])

        compiler = "torch._dynamo"  # seconds and megabytes that training has no use for
        """
    )

    today = {}
    exec(script, today)
    today["train"](tmp_path / "whole", 9)
    expected = capsys.readouterr().out
    with pytest.raises(SystemExit):
        today["train"](tmp_path / "run", 2)
    script += "train('run', 9, 'run')\nassert compiler not in sys.modules"
    command = [sys.executable, "-c", script]
    tomorrow = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert tomorrow.stdout == expected != ""


def test_what_a_callback_keeps_is_a_history_at_the_end_of_an_epoch(x, tmp_path):
    kept = []

    def keep(model, history):
        history.save(tmp_path / "run")
        kept.append(History.load(tmp_path / "run"))

    whole = noisy_network()
    expected = train(whole, noisy, x, epochs=4, callbacks=[keep])
    assert [history.epochs for history in kept] == [1, 2, 3, 4]
    for history in kept:
        assert not history.finished and history.seconds > 0
        model = noisy_network()
        model.load_state_dict(history.checkpoint.weights)
        resumed = train(model, noisy, x, epochs=4, resume=history)
        assert resumed.terms == expected.terms and equal(weights(model), weights(whole))


def test_a_file_holds_numbers_and_json_and_reads_as_it_was_written(x, tmp_path):
    history = train(noisy_network(), noisy, x, epochs=2, val=x[:9])
    history.save(tmp_path / "new" / "run")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["run"]
    with safe_open(tmp_path / "new" / "run", framework="pt") as file:
        facts = json.loads(file.metadata()["training"])
    assert facts["history"]["terms"] == history.terms
    loaded = History.load(tmp_path / "new" / "run")
    assert (loaded.terms, loaded.seconds, loaded.finished) == (
        *(history.terms, history.seconds, True),
    )
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "new" / "run").read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_kept_training_may_be_read_as_any_new_file(x, tmp_path):
    history = train(plain(), reconstruction, x, epochs=1)
    history.save(tmp_path / "run")
    (tmp_path / "usual").touch()
    assert (tmp_path / "run").stat().st_mode == (tmp_path / "usual").stat().st_mode
    (tmp_path / "run").chmod(0o664)
    history.save(tmp_path / "run")
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o664


def test_a_path_that_begins_with_a_tilde(x, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    train(plain(), reconstruction, x, epochs=1).save("~/run")
    assert (tmp_path / "run").is_file()
    assert train(plain(), reconstruction, x, epochs=2, resume="~/run").epochs == 2


# What is refused.


@pytest.fixture
def kept(x, tmp_path):
    path = tmp_path / "run"
    train(plain(), reconstruction, x, epochs=2).save(path)
    return path


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(bytes(data))


def test_one_bit_that_has_changed_anywhere_is_noticed(kept, x):
    whole = kept.read_bytes()
    for place in range(0, len(whole), len(whole) // 60):
        flip(kept, place)
        with pytest.raises(ValueError, match=r"damaged or is not a training that history\.save"):
            History.load(kept)
        kept.write_bytes(whole)
    History.load(kept)


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"0"),
    "a model": lambda path: save(plain(), path),
    "other weights": lambda path: save_file(plain().state_dict(), path),
    "pickle": lambda path: torch.save({"a": torch.ones(2)}, path),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_or_foreign_file(damage, kept, x):
    damage(kept)
    model = plain()
    before = weights(model)
    with pytest.raises(ValueError, match=r"is damaged or is not a training") as error:
        train(model, reconstruction, x, epochs=3, resume=kept)
    assert str(kept) in str(error.value) and equal(before, weights(model))


def test_a_file_that_is_not_there_or_is_a_folder(x, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no training at .*history\.save\(path\)"):
        train(plain(), reconstruction, x, resume=tmp_path / "nothing")
    with pytest.raises(ValueError, match="is a folder; give the name of a file in it"):
        train(plain(), reconstruction, x, epochs=1).save(tmp_path)
    with pytest.raises(ValueError, match="there is nothing to keep"):
        History().save(tmp_path / "run")


def test_other_weights_and_other_networks_are_refused(kept, x):
    trained = plain()
    history = train(trained, reconstruction, x, epochs=2)
    changed = plain()
    changed.decoder[0].bias.data += 1e-3
    others = {"seed": plain(seed=1), "changed": changed}
    for resume in (kept, history):
        for model in others.values():
            before = weights(model)
            with pytest.raises(ValueError, match=r"weights .*load_state_dict"):
                train(model, reconstruction, x, epochs=3, resume=resume)
            assert equal(before, weights(model)), "a training must not be written over"
        for model in (vae(), Autoencoder.dense(4, (8,), input_shape=(FEATURES,)), plain().double()):
            with pytest.raises(ValueError, match="history of another network"):
                data = x.to(next(model.parameters()).dtype)
                objective = negative_elbo() if isinstance(model, VAE) else reconstruction
                train(model, objective, data, epochs=3, resume=resume)
    assert history.epochs == 2 and history.finished
    with pytest.raises(ValueError, match="its loss would jump"):
        train(plain(), reconstruction, x, epochs=3, resume=history)
    # The way out that the sentence names.
    given_back = plain(seed=1)
    given_back.load_state_dict(history.checkpoint.weights)
    resumed = train(given_back, reconstruction, x, epochs=3, resume=history)
    whole = plain()
    assert train(whole, reconstruction, x, epochs=3).terms == resumed.terms
    assert equal(weights(whole), weights(given_back))


def test_within_an_epoch_the_same_batches_are_wanted(x, tmp_path):
    model = plain()
    history = train(model, leave_after(lambda m, x, progress: reconstruction(m, x), 6), x, epochs=3)
    assert (history.checkpoint.epoch, history.checkpoint.step) == (1, 2)
    with pytest.raises(ValueError, match="after step 2 of 4 in an epoch, and train has 7 batches"):
        train(model, reconstruction, x, epochs=3, batch_size=16, resume=history)


# Terms that come and go.


def test_a_term_that_came_later_is_drawn_where_it_belongs(x):
    model = plain()
    history = train(model, reconstruction, x, epochs=3)
    train(model, reconstruction, x, epochs=5, val=x[:9], resume=history)
    train(model, reconstruction, x, epochs=6, resume=history)
    loss, val = history.plot().lines
    assert list(loss.get_xdata()) == [1, 2, 3, 4, 5, 6]
    assert list(val.get_xdata()) == [4, 5, 6]
    *drawn, missing = val.get_ydata()
    assert drawn == history.terms["val_loss"][:2] and missing != missing


def test_a_history_without_epochs_draws_nothing_and_warns_of_nothing():
    assert not History().plot().lines


# Callbacks.


def test_a_callback_ends_training_by_stop_iteration(x):
    seen = []

    def stop(model, history):
        seen.append(history.epochs)
        if history.epochs == 3:
            raise StopIteration

    model, whole = noisy_network(), noisy_network()
    history = train(model, noisy, x, epochs=9, callbacks=[stop])
    assert seen == [1, 2, 3] and history.finished and "interrupted" not in repr(history)
    # It stands where it stopped: who wants more goes on.
    more = train(model, noisy, x, epochs=9, resume=history)
    assert more.terms == train(whole, noisy, x, epochs=9).terms
    assert equal(weights(model), weights(whole))


def test_a_callback_sees_the_model_in_evaluation_mode_and_changes_nothing_by_looking(x):
    modes = []

    def look(model, history):
        modes.append(any(module.training for module in model.modules()))
        model(x)
        torch.rand(7)
        torch.manual_seed(3)
        torch.set_grad_enabled(False)
        model.train()

    def look_again(model, history):
        modes.append(model.training or not torch.is_grad_enabled())
        model.encoder[1].train()

    alone, watched = noisy_network(), noisy_network()
    expected = train(alone, noisy, loader(x, seed=2), epochs=4, val=x[:20])
    options = {"epochs": 4, "val": x[:20], "callbacks": [look, look_again]}
    torch.manual_seed(8)
    expected_next = torch.rand(3)
    torch.manual_seed(8)
    history = train(watched, noisy, loader(x, seed=2), **options)
    assert modes == [False] * 8
    assert history.terms == expected.terms and equal(weights(alone), weights(watched))
    assert torch.equal(torch.rand(3), expected_next) and torch.is_grad_enabled()
    assert not any(module.training for module in watched.modules())


def test_a_callback_may_learn_something_of_its_own(x):
    def probe(model, history):
        (model.encode(x).sum() * 3).backward()

    alone, watched = plain(), plain()
    train(alone, reconstruction, x, epochs=3)
    train(watched, reconstruction, x, epochs=3, callbacks=[probe])
    assert equal(weights(alone), weights(watched))


def test_a_callback_may_take_examples_from_the_loader(x):
    data = loader(x, seed=4)
    alone, watched = plain(), plain()
    train(alone, reconstruction, loader(x, seed=4), epochs=3)
    train(watched, reconstruction, data, epochs=3, callbacks=[lambda *_: next(iter(data))])
    assert equal(weights(alone), weights(watched))


# Ctrl-C with workers, however they are started.

WITH_WORKERS = textwrap.dedent(
    """
    import sys, time, torch
    from torch.utils.data import DataLoader, Dataset

    class Slow(Dataset):
        def __len__(self):
            return 64

        def __getitem__(self, i):
            time.sleep(0.01)
            return torch.full((6,), i / 64)

    def train(how, workers, when):
        data = torch.rand(50, 6)
        if how != "without":
            start, _, kept = how.partition(" ")
            options = {"multiprocessing_context": start, "persistent_workers": kept == "persistent"}
            data = DataLoader(Slow(), 8, num_workers=int(workers), **options)
        model = Autoencoder.dense(2, (4,), input_shape=(6,))
        begun = lambda model, history: history.epochs == 1 and print("begun", flush=True)
        if when == "at once":
            print("begun", flush=True)
        callbacks = [begun] if when == "after an epoch" else []
        history = fit(model, reconstruction, data, epochs=10**6, callbacks=callbacks)
        print("returned", history.finished, history.epochs > 0, model.training, flush=True)
        more = fit(model, reconstruction, data, epochs=history.epochs + 1, resume=history)
        print("went on", more.finished, flush=True)

    if __name__ == "__main__":  # and not in a worker, which needs torch alone
        from course_utils import Autoencoder, fit, reconstruction

        for case in sys.argv[1:]:
            train(*case.split(", "))
    """
)


# Where processes are spawned each worker imports torch anew, which takes its time: weekly.
IN_EACH_RUN = ("without, 0, after an epoch", "fork anew, 2, after an epoch")


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing there")
@pytest.mark.parametrize(
    "cases",
    [
        pytest.param(IN_EACH_RUN, id="in each run"),
        *(
            pytest.param((f"{start} {kept}, 2, {when}",), marks=pytest.mark.thorough)
            for start, kept, when in product(
                ("fork", "spawn", "forkserver"),
                ("persistent", "anew"),
                ("after an epoch", "at once"),
            )
        ),
    ],
)
def test_ctrl_c_returns_the_history_whatever_becomes_of_the_workers(cases, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(WITH_WORKERS)
    command, said = [sys.executable, str(script), *cases], []
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, start_new_session=True) as process:
        for line in process.stdout:
            said.append(line.strip())
            if said[-1] == "begun":
                time.sleep(0.3)  # so that it comes while workers work, or while they are started
                os.killpg(process.pid, signal.SIGINT)
        error = process.stderr.read()
    assert process.returncode == 0, error
    assert len(said) == 3 * len(cases), (said, error)
    for case, begun, first, second in zip(cases, said[::3], said[1::3], said[2::3], strict=True):
        assert begun == "begun" and second == "went on True", (case, said, error)
        some = "True" if "after" in case else first.split()[2]
        assert first == f"returned False {some} False", (case, said, error)


def test_after_ctrl_c_workers_are_started_anew(x):
    """Those that were spawned have died of it; whoever keeps them would wait for the dead."""
    data = loader(x, num_workers=1, persistent_workers=True)
    history = fit(plain(), leave_after(noisy, 2), data, progress=False)
    assert not history.finished and data._iterator is None
    assert fit(plain(), noisy, data, epochs=1, progress=False).finished


# torch.compile: in a process of its own, without the type checker, which it cannot follow.

COMPILED = textwrap.dedent(
    """
    import sys, torch
    from course_utils import VAE, ConditionalVAE, fit, negative_elbo

    x = torch.rand(96, 6, generator=torch.Generator().manual_seed(0))
    options = {"batch_size": 32, "lr": 1e-2, "device": "cpu"}
    for build, data in (
        (lambda: VAE.dense(2, (8,), input_shape=(6,)), x),
        (lambda: ConditionalVAE.dense(2, 3, (8,), input_shape=(6,)), (x, torch.arange(96) % 3)),
    ):
        model, plain = build(), build()
        compiled = torch.compile(model, backend=sys.argv[1])
        history = fit(compiled, negative_elbo(), data, epochs=12, val=data, **options)
        losses = history.terms["loss"]
        assert losses[-1] < losses[0] and not model.training
        assert all(torch.isfinite(p).all() for p in model.parameters())
        if sys.argv[1] == "aot_eager":  # it changes no number, nor draws another
            expected = fit(plain, negative_elbo(), data, epochs=12, val=data, **options).terms
            for name, values in expected.items():
                assert torch.allclose(torch.tensor(values), torch.tensor(history.terms[name]))
        fit(model, negative_elbo(), data, epochs=13, resume=history, **options)
    try:
        fit(compiled, negative_elbo(), (300 * x, data[1]), **options)
    except ValueError as error:
        assert "has values from" in str(error)
    else:
        raise AssertionError("a compiled model is still a model of images")
    """
)


@pytest.mark.thorough
def test_torch_compile_can_follow_a_vae():
    # This compiler needs no C++; what it cannot follow, no other can.
    subprocess.run([sys.executable, "-c", COMPILED, "aot_eager"], check=True)


@pytest.mark.thorough
def test_a_vae_trains_when_it_is_compiled():
    if shutil.which("g++") is None and shutil.which("clang++") is None:
        pytest.skip("torch.compile needs a C++ compiler, and there is none")
    subprocess.run([sys.executable, "-c", COMPILED, "inductor"], check=True)
