"""`fit`, its history, its progress bar, and `save` and `load`.

Most tests train a few hundred numbers on random rows: what is promised here is about the loop and
not about images.
"""

import copy
import io
import json
import math
import re
import signal
import textwrap
import threading
from contextlib import redirect_stderr
from itertools import pairwise

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from course_utils import (
    VAE,
    Autoencoder,
    History,
    NonFiniteLoss,
    active_units,
    cosine_decay,
    cyclical,
    fit,
    gaussian_kl,
    linear_warmup,
    load,
    negative_elbo,
    pca,
    principal_angles,
    reconstruction,
    save,
    squared_error,
    weight_decay,
)
from course_utils._running import seeded
from course_utils.training.adam import Adam
from course_utils.training.settings import wants_bfloat16

FEATURES = 6
EXAMPLES = 100  # with batches of 32, the fourth has 4


@pytest.fixture
def x():
    return torch.rand(EXAMPLES, FEATURES, generator=torch.Generator().manual_seed(0))


def build(seed=0):
    return Autoencoder.dense(3, (8,), input_shape=(FEATURES,), seed=seed)


def build_with_dropout():
    """Draws masks in training, and keeps running averages: both must survive an interruption."""
    with seeded(0):
        encoder = nn.Sequential(
            nn.Linear(FEATURES, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 3)
        )
        return Autoencoder(encoder, nn.Linear(3, FEATURES), input_shape=(FEATURES,))


def noisy(model, x):
    """An objective that draws noise, as the denoising and variational ones will."""
    return {"loss": squared_error(model.to_image(model(x + 0.1 * torch.randn_like(x)).logits), x)}


def train(model, objective, data, **options):
    return fit(model, objective, data, **{"batch_size": 32, "device": "cpu", **options})


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def equal(a, b):
    """Bit for bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def loader(x, **options):
    return DataLoader(TensorDataset(x), batch_size=32, shuffle=True, **options)


# Property 35: the same seed, the same result.

forms = pytest.mark.parametrize(
    "form", [lambda x: x, lambda x: (x,), loader], ids=["tensor", "tuple", "loader"]
)


@forms
def test_the_same_seed_gives_the_same_losses_and_weights(form, x):
    runs = []
    for seed in (3, 3, 4):
        model = build_with_dropout()
        torch.manual_seed(len(runs))  # must not matter
        history = train(model, noisy, form(x), epochs=4, seed=seed, val=x[:20])
        runs.append((history.terms, weights(model)))
    (first, first_weights), (again, again_weights), (other, other_weights) = runs
    assert first == again and equal(first_weights, again_weights)
    assert first != other and not equal(first_weights, other_weights)


@pytest.mark.parametrize("steps, epochs", [(1, 1), (13, 1), (14, 2), (40, 4)])
def test_steps_are_made_in_whole_epochs(steps, epochs, x):
    asked, counted = build(), build()
    history = train(asked, reconstruction, x[:100], steps=steps, batch_size=8)
    assert history.epochs == epochs
    train(counted, reconstruction, x[:100], epochs=epochs, batch_size=8)
    assert equal(weights(asked), weights(counted))
    batches = DataLoader(TensorDataset(x[:100]), batch_size=8)
    assert train(build(), reconstruction, batches, steps=steps).epochs == epochs


def test_steps_of_nothing():
    with pytest.raises(ValueError, match="train has no batches"):
        train(build(), reconstruction, [], steps=7)


def test_steps_of_a_stream_of_unknown_length(x):
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(x)

    with pytest.raises(ValueError, match="how many epochs 7 steps are; pass epochs"):
        train(build(), reconstruction, DataLoader(Stream(), batch_size=8), steps=7)


@pytest.mark.parametrize("fails", [False, True])
def test_the_global_stream_of_randomness_is_put_back(x, fails):
    def objective(model, x):
        if fails and model.training:
            raise ZeroDivisionError
        return noisy(model, x)

    torch.manual_seed(11)
    expected = torch.rand(5)
    torch.manual_seed(11)
    try:
        train(build_with_dropout(), objective, loader(x), epochs=2)
    except ZeroDivisionError:
        assert fails
    assert torch.equal(torch.rand(5), expected)


def test_the_examples_come_in_another_order_each_epoch_and_each_comes_once(x):
    orders = []

    def objective(model, x, number):
        if model.training:
            orders[-1] += number.tolist()
        return reconstruction(model, x)

    orders.append([])
    numbered = (x, torch.arange(EXAMPLES))
    train(build(), objective, numbered, epochs=3, callbacks=[lambda *_: orders.append([])])
    first, second, third, _ = orders
    assert sorted(first) == sorted(second) == sorted(third) == list(range(EXAMPLES))
    assert first != second != third != first


# Property 35: interrupted and resumed is the same as never interrupted.


def stop_after_epoch(number):
    """A callback that presses Ctrl-C after an epoch, and an objective that does nothing of it."""

    def callback(model, history):
        if history.epochs == number:
            raise KeyboardInterrupt

    return noisy, [callback]


def stop_at_step(number, press):
    """An objective that presses Ctrl-C while it computes this step of the whole training."""
    steps = 0

    def objective(model, x):
        nonlocal steps
        if model.training:
            steps += 1
            if steps == number:
                press()
        return noisy(model, x)

    return objective, []


def raise_interrupt():
    raise KeyboardInterrupt


def send_interrupt():
    signal.raise_signal(signal.SIGINT)


STOPS = {
    "callback": lambda: stop_after_epoch(2),
    "objective": lambda: stop_at_step(7, raise_interrupt),
    "first step": lambda: stop_at_step(1, raise_interrupt),
    "signal": lambda: stop_at_step(7, send_interrupt),
    "signal at the first step": lambda: stop_at_step(1, send_interrupt),
    "signal at an epoch's last step": lambda: stop_at_step(8, send_interrupt),
}


@forms
@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
@pytest.mark.parametrize("lr", [1e-2, cosine_decay(1e-2)], ids=["constant", "schedule"])
def test_interrupted_and_resumed_is_uninterrupted(form, stop, lr, x):
    options = {"epochs": 3, "lr": lr, "val": x[:20]}
    whole = build_with_dropout()
    expected = train(whole, noisy, form(x), **options)
    assert expected.finished

    model = build_with_dropout()
    objective, callbacks = stop()
    history = train(model, objective, form(x), **options, callbacks=callbacks)
    assert not history.finished and history.epochs < 3 and "interrupted" in repr(history)
    assert not model.training
    resumed = train(model, noisy, form(x), **options, resume=history)
    assert resumed.finished and "interrupted" not in repr(resumed)
    assert resumed.terms == expected.terms
    assert equal(weights(model), weights(whole))


def test_a_signal_lets_the_step_finish(x):
    # What an exception inside the objective cannot promise: the step is done, and counted.
    objective, _ = stop_at_step(7, send_interrupt)
    history = train(build(), objective, x, epochs=5)
    assert (history.epochs, history.checkpoint.epoch, history.checkpoint.step) == (1, 1, 3)


def test_a_signal_from_another_thread_at_any_moment(x):
    model = build_with_dropout()
    timer = threading.Timer(0.15, send_interrupt)
    begin = [lambda *_: timer.start() if timer.ident is None else None]
    history = train(model, noisy, x, epochs=100_000, callbacks=begin)
    timer.join()
    assert not history.finished and history.epochs > 0

    epochs = history.epochs + 2
    train(model, noisy, x, epochs=epochs, resume=history)
    whole = build_with_dropout()
    assert train(whole, noisy, x, epochs=epochs).terms == history.terms
    assert equal(weights(model), weights(whole))


def test_interrupted_while_validating(x):
    validations = 0

    def objective(model, x):
        nonlocal validations
        if not model.training and len(x) == 20:
            validations += 1
            if validations == 2:
                raise KeyboardInterrupt
        return noisy(model, x)

    whole, model = build_with_dropout(), build_with_dropout()
    expected = train(whole, noisy, x, epochs=4, val=x[:20])
    history = train(model, objective, x, epochs=4, val=x[:20])
    assert history.epochs == 1 and len(history.terms["val_loss"]) == 1
    train(model, noisy, x, epochs=4, val=x[:20], resume=history)
    assert history.terms == expected.terms and equal(weights(model), weights(whole))


def test_training_can_be_stopped_twice(x):
    whole, model = build_with_dropout(), build_with_dropout()
    expected = train(whole, noisy, x, epochs=4)
    history = None
    for step in (3, 5):
        objective, _ = stop_at_step(step, send_interrupt)
        history = train(model, objective, x, epochs=4, resume=history)
    assert (history.checkpoint.epoch, history.checkpoint.step) == (2, 0) or not history.finished
    train(model, noisy, x, epochs=4, resume=history)
    assert history.terms == expected.terms and equal(weights(model), weights(whole))


def test_a_finished_training_goes_on_to_more_epochs(x):
    whole, model = build_with_dropout(), build_with_dropout()
    expected = train(whole, noisy, x, epochs=5)
    history = train(model, noisy, x, epochs=2)
    assert train(model, noisy, x, epochs=5, resume=history) is history
    assert history.epochs == 5 and history.terms == expected.terms
    assert equal(weights(model), weights(whole))
    before = weights(model)
    train(model, noisy, x, epochs=5, resume=history)  # nothing is left to do
    assert history.epochs == 5 and equal(before, weights(model))


def test_two_futures_can_grow_from_a_copy_of_one_history(x):
    model = build()
    history = train(model, noisy, x, epochs=2)
    twin, past = copy.deepcopy((model, history))
    train(model, noisy, x, epochs=4, resume=history)
    train(twin, noisy, x, epochs=4, resume=past)
    assert past.terms == history.terms and equal(weights(model), weights(twin))


def test_a_history_of_another_network_is_refused(x):
    # Without the check, torch's fused Adam writes beyond the end of its moments.
    history = train(build(), reconstruction, x, epochs=1)
    for other in (
        Autoencoder.linear(3, input_shape=(FEATURES,)),
        Autoencoder.dense(4, (9,), input_shape=(FEATURES,)),
    ):
        with pytest.raises(ValueError, match="history of another network"):
            train(other, reconstruction, x, epochs=2, resume=history)


def test_adam_is_that_of_pytorch():
    """To the last bit, also where a weight learns late, or not at all, and from what was kept."""
    start = torch.Generator().manual_seed(0)
    ours = [torch.randn(shape, generator=start, requires_grad=True) for shape in ((3, 2), (4,), ())]
    theirs = [weight.detach().clone().requires_grad_() for weight in ours]
    adam, usual = Adam(ours, lr=0.1), torch.optim.Adam(theirs, lr=0.1, fused=True)
    for step in range(8):
        adam.lr = usual.param_groups[0]["lr"] = 0.1 / (step + 1)
        for optimizer, weights in ((adam, ours), (usual, theirs)):
            optimizer.zero_grad()
            assert all(weight.grad is None for weight in weights)
            late = (weights[1] ** 4).sum() if step > 2 else 0
            (((weights[0] - 1) ** 2).sum() + late).backward()
            optimizer.step()
        assert all(map(torch.equal, ours, theirs))
        if step == 5:  # as if on another day
            kept, adam = adam.moments, Adam(ours, lr=0.0)
            adam.go_on_from(kept)
            before = copy.deepcopy(kept)
    assert equal(kept[0], before[0])  # what goes on is a copy
    assert adam.moments.keys() == {0, 1}


def test_a_sparse_gradient_is_refused():
    words = nn.Embedding(5, 2, sparse=True)
    words(torch.tensor([1, 2])).sum().backward()
    with pytest.raises(ValueError, match=r"of shape \(5, 2\) has a sparse gradient"):
        Adam(words.parameters(), lr=0.1).step()


def test_the_usual_handler_is_back_after_training(x):
    usual = signal.getsignal(signal.SIGINT)
    train(build(), reconstruction, x, epochs=1)
    assert signal.getsignal(signal.SIGINT) is usual
    objective, _ = stop_at_step(1, send_interrupt)
    train(build(), objective, x, epochs=1)
    assert signal.getsignal(signal.SIGINT) is usual


@pytest.mark.skipif(not hasattr(signal, "SIGCHLD"), reason="there is no such signal on Windows")
def test_after_ctrl_c_the_death_of_a_worker_is_no_error(x):
    heard = []

    def complain(number, frame):
        raise RuntimeError("DataLoader worker is killed by signal")

    def do():
        send_interrupt()
        try:
            signal.raise_signal(signal.SIGCHLD)
        except RuntimeError as error:
            heard.append(error)

    usual = signal.signal(signal.SIGCHLD, complain)
    try:
        objective, _ = stop_at_step(2, do)
        assert not train(build(), objective, x, epochs=1).finished
        assert signal.getsignal(signal.SIGCHLD) is complain
    finally:
        signal.signal(signal.SIGCHLD, usual)
    assert not heard


def test_a_second_signal_does_not_wait(x):
    def objective(model, x):
        if model.training:
            send_interrupt()
            send_interrupt()
            pytest.fail("the second Ctrl-C was held back")
        return noisy(model, x)

    assert not train(build(), objective, x, epochs=2).finished


def test_training_outside_the_main_thread(x):
    histories = []
    thread = threading.Thread(
        target=lambda: histories.append(train(build(), noisy, x, epochs=2, progress=False))
    )
    thread.start()
    thread.join()
    assert histories[0].terms == train(build(), noisy, x, epochs=2).terms


# What is in the history.


def test_the_last_batch_counts_by_its_size(images):
    # Property 2: lr=0 changes nothing, so the mean over batches is the mean over all examples.
    x = images.train[:1000]
    model = Autoencoder.dense(4, (16,))
    before = weights(model)
    history = fit(model, reconstruction, x, epochs=1, lr=0.0, batch_size=128, val=x)
    assert equal(before, weights(model))
    exact = squared_error(model.reconstruct(x).double(), x.double()).mean().item()
    assert history.terms["loss"] == pytest.approx([exact], rel=1e-6)  # float32 sums of 784
    assert history.terms["val_loss"] == pytest.approx([exact], rel=1e-6)


def test_every_term_is_averaged_and_scalars_too(x):
    def objective(model, x):
        first = x[:, 0]
        loss = reconstruction(model, x)["loss"]
        return {"loss": loss, "first": first, "share of big": (first > 0.5).float().mean()}

    history = train(build(), objective, x, epochs=2, val=x[:30])
    assert list(history.terms) == [
        *("loss", "first", "share of big"),
        *("val_loss", "val_first", "val_share of big"),
    ]
    assert all(len(values) == 2 for values in history.terms.values())
    # The same examples in every epoch; float32 means of 32.
    assert history.terms["first"] == pytest.approx([x[:, 0].mean().item()] * 2, rel=1e-6)
    big = (x[:, 0] > 0.5).float()
    assert history.terms["share of big"] == pytest.approx([big.mean().item()] * 2, rel=1e-6)
    assert history.terms["val_share of big"] == pytest.approx([big[:30].mean().item()] * 2)
    assert history.seconds > 0


@pytest.mark.parametrize("val", [lambda x: x, lambda x: (x,), loader, lambda x: [x[:9], x[9:]]])
def test_validation_does_not_change_what_is_learned(val, x):
    plain, watched = build_with_dropout(), build_with_dropout()
    alone = train(plain, noisy, x, epochs=3)
    both = train(watched, noisy, x, epochs=3, val=val(x[:40]))
    assert both.terms["loss"] == alone.terms["loss"]
    assert equal(weights(plain), weights(watched))
    assert len(both.terms["val_loss"]) == 3


def test_validation_draws_the_same_noise_after_every_epoch(x):
    history = train(build(), noisy, x, epochs=3, lr=0.0, val=x[:20])
    assert len(set(history.terms["val_loss"])) == 1 and len(set(history.terms["loss"])) == 3


def test_validation_is_in_evaluation_mode_and_without_gradients(x):
    seen = []

    def objective(model, x):
        seen.append((len(x), model.training, torch.is_grad_enabled()))
        return reconstruction(model, x)

    train(build_with_dropout(), objective, x, epochs=1, val=x[:30])
    batches = [call for call in seen if call[0] > 2]  # leaving out fit's look at two examples
    assert batches == [(32, True, True)] * 3 + [(4, True, True), (30, False, False)]


def test_callbacks_come_after_every_epoch_in_order(x):
    calls = []
    model = build()
    train(
        *(model, reconstruction, x),
        epochs=2,
        val=x[:20],
        callbacks=[
            lambda m, history: calls.append((m is model, len(history.terms["val_loss"]))),
            lambda m, history: calls.append("second"),
        ],
    )
    assert calls == [(True, 1), "second", (True, 2), "second"]


def test_a_callback_may_evaluate_the_model(x):
    def look(model, history):
        model.eval()
        torch.rand(3)  # and draw

    plain, watched = build_with_dropout(), build_with_dropout()
    train(plain, noisy, x, epochs=3)
    train(watched, noisy, x, epochs=3, callbacks=[look])
    assert equal(weights(plain), weights(watched))


def test_the_history_says_in_one_line_what_happened(x):
    history = train(build(), reconstruction, x, epochs=1)
    assert re.fullmatch(r"1 epoch · \d+\.\d s · loss \d\.\d+", repr(history))
    history = train(build(), reconstruction, x, epochs=2, val=x)
    assert re.fullmatch(r"2 epochs · \d+\.\d s · loss \S+ · val_loss \S+", repr(history))
    assert repr(History()) == "0 epochs (interrupted) · 0.0 s"


def test_the_history_draws_itself(x):
    from matplotlib.figure import Figure

    history = train(build(), reconstruction, x, epochs=3, val=x[:20])
    ax = history.plot()
    assert [line.get_label() for line in ax.lines] == ["loss", "val_loss"]
    assert list(ax.lines[0].get_xdata()) == [1, 2, 3]
    assert list(ax.lines[1].get_ydata()) == history.terms["val_loss"]
    given = Figure().subplots()
    assert history.plot(given) is given


# An objective that changes while it trains: it is told the progress.


def build_vae(seed=0):
    return VAE.dense(2, (8,), input_shape=(FEATURES,), seed=seed)


def remembering(objective):
    """The objective, and a list of what it was told and what it answered in each step."""
    seen = []

    def remember(model, x, *, progress=1.0):
        terms = objective(model, x, progress=progress)
        if len(x) > 2:  # leaving out fit's look at two examples
            means = {name: term.detach().double().mean().item() for name, term in terms.items()}
            seen.append((model.training, progress, means))
        return terms

    return remember, seen


STEPS = [step / 12 for step in range(12)]  # of three epochs of four batches


@forms
def test_the_progress_goes_from_0_to_1_and_validation_is_at_the_end(form, x):
    objective, seen = remembering(negative_elbo())
    train(build_vae(), objective, form(x), epochs=3, val=x[:40])
    assert [progress for training, progress, _ in seen if training] == pytest.approx(STEPS)
    assert [progress for training, progress, _ in seen if not training] == [1.0] * 6


def test_the_progress_of_data_without_a_length_moves_from_epoch_to_epoch(x):
    objective, seen = remembering(negative_elbo())
    train(build_vae(), objective, DataLoader(Stream(x), 32), epochs=3)
    assert [progress for _, progress, _ in seen] == [
        epoch / 3 for epoch in range(3) for _ in "1234"
    ]


@pytest.mark.parametrize("beta", [linear_warmup(0.5), cyclical(3, end=2.0)], ids=["warm", "cycle"])
def test_a_schedule_of_beta_is_applied_step_by_step(beta, x):
    objective, seen = remembering(negative_elbo(beta))
    history = train(build_vae(), objective, x, epochs=3, val=x[:40])
    applied = [
        (terms["loss"] - terms["reconstruction"]) / terms["kl"]
        for training, _, terms in seen
        if training
    ]
    # Float32 losses of about 5 nats, a KL of about 0.1.
    assert applied == pytest.approx([beta(progress) for progress in STEPS], abs=1e-4)
    terms = history.terms
    for loss, error, kl in zip(
        *(terms[f"val_{name}"] for name in ("loss", "reconstruction", "kl")), strict=True
    ):
        assert loss == pytest.approx(error + beta(1.0) * kl, rel=1e-5)


@pytest.mark.parametrize("step", [3, 7, 8])
def test_a_resumed_training_goes_on_with_the_right_progress(step, x):
    # Property 35, with a schedule and with draws of z.
    beta = linear_warmup(0.8, end=2.0)
    whole, model = build_vae(), build_vae()
    expected = train(whole, negative_elbo(beta), x, epochs=3, val=x[:20])
    objective, seen = remembering(negative_elbo(beta))

    def stop(model, x, *, progress=1.0):
        if sum(training for training, *_ in seen) == step - 1 and model.training:
            send_interrupt()  # the step is finished
        return objective(model, x, progress=progress)

    history = train(model, stop, x, epochs=3, val=x[:20])
    assert not history.finished and sum(training for training, *_ in seen) == step
    train(model, objective, x, epochs=3, val=x[:20], resume=history)
    assert [progress for training, progress, _ in seen if training] == pytest.approx(STEPS)
    assert history.terms == expected.terms and equal(weights(model), weights(whole))


def test_the_same_seed_gives_the_same_vae(x):
    # Property 35.
    runs = []
    for seed in (3, 3, 4):
        model = build_vae()
        torch.manual_seed(len(runs))  # must not matter
        objective = negative_elbo(cyclical(2), free_bits=0.05)
        history = train(model, objective, x, epochs=4, seed=seed, val=x[:20])
        runs.append((history.terms, weights(model)))
    (first, first_weights), (again, again_weights), (other, _) = runs
    assert first == again and equal(first_weights, again_weights)
    assert first["loss"] != other["loss"]


@pytest.mark.parametrize("keyword", ["optional", "needed", "wrapped"])
def test_every_way_to_ask_for_the_progress(keyword, x):
    told = []

    def needed(model, x, *, progress):
        told.append(progress)
        return reconstruction(model, x)

    def optional(model, x, progress=1.0):
        return needed(model, x, progress=progress)

    wrapped = weight_decay(needed, 0.1)
    objective = {"optional": optional, "needed": needed, "wrapped": wrapped}[keyword]
    train(build(), objective, x, epochs=3)
    assert told[0] == 1.0 and told[1:] == pytest.approx(STEPS)
    with pytest.raises(ValueError, match="a batch of 2 tensors"):
        train(build(), objective, (x, x), epochs=1)


def test_the_kl_of_the_last_batch_counts_by_its_size(x):
    # Property 2: lr=0 changes nothing, so the mean over batches is the mean over all examples.
    model = build_vae()
    model.encoder[-1].weight.data *= 10  # so that examples differ
    history = train(model, negative_elbo(beta=3.0), x, epochs=1, lr=0.0)
    exact = gaussian_kl(*model.encode(x)).double()
    assert history.terms["kl"] == pytest.approx([exact.mean().item()], rel=1e-6)
    assert abs(exact[:-4].mean() - exact.mean()) > 1e-4 * exact.mean(), "no test at all"
    terms = {name: values[0] for name, values in history.terms.items()}
    assert terms["loss"] == pytest.approx(terms["reconstruction"] + 3.0 * terms["kl"], rel=1e-6)


# The model, the learning rate and precision.


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_comes_back_in_evaluation_mode_where_it_was(x, fails):
    model = build_with_dropout().train()

    def callback(model, history):
        if fails:
            raise ZeroDivisionError

    try:
        train(model, reconstruction, x, epochs=1, callbacks=[callback])
    except ZeroDivisionError:
        assert fails
    assert not any(module.training for module in model.modules())
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}


def test_it_learns(x):
    history = train(build(), reconstruction, x, epochs=30, lr=1e-2)
    losses = history.terms["loss"]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("form", ["tensors", "loader", "unknown length"])
def test_a_schedule_sees_the_progress(form, x):
    seen = []

    def lr(progress):
        seen.append(progress)
        return 1e-3

    data = {"tensors": x, "loader": loader(x), "unknown length": DataLoader(Stream(x), 32)}[form]
    train(build(), reconstruction, data, epochs=3, lr=lr)
    steps = seen[-12:]  # the optimiser is made with the first learning rate
    if form == "unknown length":
        assert steps == [epoch / 3 for epoch in range(3) for _ in range(4)]
    else:
        assert steps == pytest.approx([step / 12 for step in range(12)])


def test_a_schedule_is_obeyed(x):
    model = build()
    kept = []
    train(
        *(model, reconstruction, x),
        epochs=4,
        lr=lambda progress: 1e-2 if progress < 0.5 else 0.0,
        callbacks=[lambda model, history: kept.append(weights(model))],
    )
    assert [equal(a, b) for a, b in pairwise(kept)] == [False, True, True]


def test_a_card_that_only_imitates_bfloat16_computes_in_float32(monkeypatch):
    def supported(including_emulation=True):
        return including_emulation or real

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    for real in (False, True):
        assert wants_bfloat16("auto", torch.device("cuda")) == real


def test_bfloat16_stays_close_to_float32(images):
    x = images.train[:500]
    dtypes = set()

    def objective(model, x):
        terms = reconstruction(model, x)
        dtypes.update({terms["loss"].dtype, model(x).logits.dtype})
        return terms

    losses = []
    for precision in ("float32", "bfloat16", "auto"):
        model = Autoencoder.dense(8, (32,))
        history = fit(model, objective, x, epochs=5, lr=3e-3, precision=precision)
        assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
        losses.append(history.terms["loss"])
    assert dtypes == {torch.float32}
    # bfloat16 keeps 8 bits, 0.4 %; summed over 784 pixels and 5 epochs it stays below 2 %.
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
    assert losses[1] != losses[0], "nothing was computed in bfloat16"
    assert losses[2] in losses[:2]


def test_bfloat16_stays_close_to_float32_for_a_vae(images):
    x = images.train[:500]
    dtypes, runs = set(), []

    def objective(model, x, *, progress=1.0):
        dtypes.update(value.dtype for value in model(x))
        terms = negative_elbo(linear_warmup(0.5))(model, x, progress=progress)
        dtypes.update(term.dtype for term in terms.values())
        return terms

    for precision in ("float32", "bfloat16"):
        model = VAE.dense(8, (64,))
        history = fit(model, objective, x, epochs=5, lr=3e-3, precision=precision)
        assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
        runs.append(history.terms)
    assert dtypes == {torch.float32}
    # bfloat16 keeps 8 bits, 0.4 %. A sum over 784 pixels averages most of that away; the KL, a
    # small number that depends on where the draws lead, moves more.
    full, half = runs
    assert half["loss"] == pytest.approx(full["loss"], rel=0.01)
    assert half["kl"] == pytest.approx(full["kl"], rel=0.1)
    assert half != full, "nothing was computed in bfloat16"


# Property 17: a linear autoencoder finds the plane that PCA finds.

WIDTHS = [8.0, 5.0, 3.0, *(0.3 * 0.8**i for i in range(7))]  # true variances: a clear gap after 3


@pytest.fixture(scope="module")
def gaussian():
    """1,000 points of a Gaussian in ten dimensions, with axes that are not the coordinates'."""
    generator = torch.Generator().manual_seed(0)
    axes, _ = torch.linalg.qr(torch.randn(10, 10, generator=generator))
    points = torch.randn(1000, 10, generator=generator)
    return (points * torch.tensor(WIDTHS).sqrt()) @ axes.T


def train_linear(objective, x):
    """Train, and return the model and its decoder's weights, (10, 3)."""
    model = Autoencoder.linear(3, input_shape=(10,))
    fit(model, objective, x, epochs=40, lr=cosine_decay(3e-2))
    return model, model.decoder[0].weight.detach().double()


def test_a_linear_autoencoder_finds_the_principal_plane_but_not_the_axes(gaussian):
    model, columns = train_linear(reconstruction, gaussian)
    _, components, variances = pca(gaussian)
    assert principal_angles(columns, components[:3].T).max() < 1e-2
    left = squared_error(model.reconstruct(gaussian).double(), gaussian.double()).mean()
    assert left.item() == pytest.approx(variances[3:].sum().item(), rel=1e-3)
    cosines = (nn.functional.normalize(columns, dim=0).T @ components[:3].T).abs()
    assert cosines.max(0).values.min() < 0.9, "the columns were aligned by chance"


def test_with_weight_decay_the_axes_align_too(gaussian):
    # Kunin et al. 2019: the penalty is the same for every rotation of the code, so that singular
    # vectors align, not columns; and each singular value shrinks to sqrt(1 - weight / variance).
    _, columns = train_linear(weight_decay(reconstruction, 1.0), gaussian)
    _, components, variances = pca(gaussian)
    directions, values, _ = torch.linalg.svd(columns, full_matrices=False)
    cosines = (directions.T @ components[:3].T).diagonal().abs()
    assert (cosines > 0.99).all()
    torch.testing.assert_close(values, (1 - 1 / variances[:3]).sqrt(), rtol=0.01, atol=0)


def test_a_linear_vae_keeps_the_directions_that_are_wider_than_its_noise(gaussian):
    # Probabilistic PCA with a fixed σ²: each direction with a larger variance is worth a unit, at
    # ½ log(variance / σ²) nats; a narrower one is not. This is no failure of training.
    variances = pca(gaussian).variances
    for sigma, units in ((1.0, 3), (2.5, 1)):
        model = VAE.dense(5, (), input_shape=(10,), output="linear", sigma=sigma)
        history = fit(model, negative_elbo(), gaussian, epochs=60, lr=cosine_decay(5e-2))
        assert active_units(model.encode(gaussian)[0]) == units
        kept = variances[variances > sigma**2]
        nats = 0.5 * (kept / sigma**2).log().sum().item()
        assert history.terms["kl"][-1] == pytest.approx(nats, rel=0.03)


# Data in every form.


class Stream(IterableDataset):
    """Examples that come one after another, nobody knows how many."""

    def __init__(self, x):
        self.x = x

    def __iter__(self):
        return iter(self.x)


class Pairs(Dataset):
    """Images with labels, as torchvision's data sets give them."""

    def __init__(self, x):
        self.x = x

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], index % 3


class Again:
    """Batches that can be gone through once per epoch, without a length."""

    def __init__(self, x):
        self.x = x

    def __iter__(self):
        return iter(self.x.split(32))


@pytest.mark.parametrize(
    "data",
    [
        lambda x: list(x.split(32)),
        lambda x: [(batch,) for batch in x.split(32)],
        lambda x: [[batch] for batch in x.split(32)],
        lambda x: DataLoader(x, 32),
        lambda x: DataLoader(TensorDataset(x), 32),
        lambda x: DataLoader(Stream(x), 32),
        Again,
    ],
)
def test_batches_in_any_form_are_the_same_batches(data, x):
    expected, model = build(), build()
    reference = train(expected, reconstruction, list(x.split(32)), epochs=2)
    assert train(model, reconstruction, data(x), epochs=2).terms == reference.terms
    assert equal(weights(model), weights(expected))


def test_a_loader_of_pairs_reaches_an_objective_of_two(x):
    def objective(model, x, label):
        assert label.dtype == torch.int64 and label.shape == x.shape[:1]
        return {**reconstruction(model, x), "label": label.float()}

    data = DataLoader(Pairs(x), 32)
    history = train(build(), objective, data, epochs=2, val=data)
    assert history.terms["label"] == pytest.approx([0.99] * 2)  # 33 ones and 33 twos


def test_batches_larger_than_the_data(x):
    history = fit(build(), reconstruction, x[:3], epochs=2, batch_size=128)
    assert history.epochs == 2


def test_the_data_are_not_changed(x):
    before = x.clone()
    train(build(), noisy, x, epochs=2, val=x)
    assert torch.equal(before, x)


# Mistakes: one clear sentence each, before any training.


def bad(match, data=None, objective=reconstruction, **options):
    name = options.pop("id", match)
    return pytest.param(match, data, objective, options, id=name)


def with_first(x, value):
    x = x.clone()
    x[0, 0] = value
    return x


def no_loss(model, x):
    return {"error": reconstruction(model, x)["loss"]}


def bare(model, x):
    return reconstruction(model, x)["loss"]


def per_pixel(model, x):
    return {"loss": (model(x).logits - x) ** 2}


def flattened(model, x):
    return {"loss": ((model(x).logits - x) ** 2).flatten()}


@pytest.mark.parametrize(
    ("match", "data", "objective", "options"),
    [
        bad(r"train holds torch.uint8; expected floats in \[0, 1\]", lambda x: (255 * x).byte()),
        bad(r"train: x has shape \(100,\); expected", lambda x: (torch.arange(100), x)),
        bad(
            r"torch.float64, the model torch.float32; .* x.to\(torch.float32\)", torch.Tensor.double
        ),
        bad("train holds nan or infinite values", lambda x: with_first(x, math.nan), id="nan"),
        bad("train holds nan or infinite values", lambda x: with_first(x, math.inf), id="inf"),
        bad(r"train has values from \S+ to 2; this model", lambda x: with_first(x, 2.0)),
        bad(r"train has values from -1 to \S+;", lambda x: with_first(x, -1.0)),
        bad(r"x has shape \(100, 2, 3\); .* x.reshape\(-1, 6\)", lambda x: x.view(100, 2, 3)),
        bad("a batch of 2 tensors .* images.train alone", lambda x: (x, torch.arange(100))),
        bad("a batch of 2 tensors", lambda x: DataLoader(Pairs(x), 32), id="loader of pairs"),
        bad("train holds a str .* images.train", lambda x: (x, "mnist")),
        bad("train holds a ndarray", lambda x: x.numpy()),
        bad("train holds a int", lambda x: [1, 2, 3]),
        bad("train holds a Tensor where a tensor of examples", lambda x: torch.tensor(1.0)),
        bad("train is a generator, which cannot be gone through once", lambda x: (b for b in [x])),
        bad("train is a TensorDataset, which", TensorDataset),
        bad("train is a NoneType", lambda x: None),
        bad("train have .* examples; expected the same number, at least one", lambda x: x[:0]),
        bad(r"train have \[50, 100\] examples", lambda x: (x, x[:50])),
        bad("train is an empty tuple; expected a tensor", lambda x: (), id="no tensors"),
        bad("train has no batches", lambda x: []),
        bad("train has no batches", lambda x: DataLoader(x[:0]), id="empty loader"),
        bad(r"train has shape \(0, 6\)", lambda x: [x[:0]]),
        bad(r"returned \['error'\]; expected a dict with the term 'loss'", objective=no_loss),
        bad("returned a Tensor; expected a dict with the term 'loss'", objective=bare),
        bad(r"shape \(2, 6\) for 2 examples; .*sum over features", objective=per_pixel),
        bad(r"shape \(12,\) for 2 examples", objective=flattened),
        bad("epochs is 0; expected a whole number, 1 or more", epochs=0),
        bad("epochs is -3", epochs=-3),
        bad("epochs is 2.5", epochs=2.5),
        bad("batch_size is 0", batch_size=0),
        bad("lr is -0.1; expected 0 or more", lr=-0.1),
        bad("lr is True; expected a number", lr=True),
        bad("lr is nan", lr=math.nan),
        bad("lr is inf", lr=math.inf),
        bad("lr is -1", lr=lambda progress: -1.0, id="schedule below zero"),
        bad("device is 'gpu'; expected 'auto', 'cpu'", device="gpu"),
        bad("device is 'meta'", device="meta"),
        bad(
            "precision is 'float64'; expected 'float32', 'bfloat16' or 'auto'", precision="float64"
        ),
        bad("val holds nan", val=torch.full((5, FEATURES), math.nan)),
        bad(r"x has shape \(5, 3\)", val=torch.zeros(5, 3), id="val of another shape"),
        bad("val should hold just what", val=(torch.zeros(5, FEATURES), torch.zeros(5))),
    ],
)
def test_a_mistake_gets_one_clear_sentence(match, data, objective, options, x, unchecked):
    model = build()
    before = weights(model)
    with pytest.raises(ValueError, match=match) as error:
        train(model, objective, x if data is None else data(x), **options)
    assert "\n" not in str(error.value) and len(str(error.value)) < 320
    assert equal(before, weights(model))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_a_device_that_is_not_there(x):
    with pytest.raises(ValueError, match="'cuda', which this machine does not have; use 'auto'"):
        fit(build(), reconstruction, x, device="cuda")


def test_the_whole_data_set_given_by_mistake(images, unchecked):
    with pytest.raises(ValueError, match=r"for the course's images pass images\.train"):
        fit(Autoencoder.dense(2), reconstruction, images)


def test_a_linear_model_takes_any_range(x):
    model = Autoencoder.linear(2, input_shape=(FEATURES,))
    train(model, reconstruction, 100 * x - 50, epochs=1)


def test_a_model_without_parameters(x):
    with pytest.raises(ValueError, match="no parameters; there is nothing to train"):
        train(nn.Identity(), lambda model, x: {"loss": x.sum(1)}, x)


def test_any_module_can_be_trained(x):
    def objective(model, x):
        return {"loss": squared_error(model(x), x)}

    history = train(nn.Linear(FEATURES, FEATURES), objective, 10 * x, epochs=3, lr=1e-2)
    assert history.terms["loss"][-1] < history.terms["loss"][0]


# A loss that is not finite.


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stops_training_before_the_weights_are_lost(value, x):
    steps, kept = 0, {}

    def objective(model, x):
        nonlocal steps
        terms = noisy(model, x)
        if not model.training:
            return terms
        steps += 1
        if steps == 7:
            kept.update(weights(model))
            return {**terms, "loss": terms["loss"] * value}
        return terms

    model = build()
    with pytest.raises(NonFiniteLoss, match="in epoch 2, step 3") as error:
        train(model, objective, x, epochs=4, lr=3e-3)
    assert f"loss = {value:g}" in str(error.value)
    assert "lr=3e-04" in str(error.value) and "weights are still finite" in str(error.value)
    assert error.value.args == (str(error.value),)  # a sentence, without the history's tables
    assert error.value.history.epochs == 1 and not error.value.history.finished
    assert equal(kept, weights(model)) and not model.training

    # What went well is worth having: training goes on from there when the cause is gone.
    whole = build()
    expected = train(whole, noisy, x, epochs=4, lr=3e-3)
    history = train(model, noisy, x, epochs=4, lr=3e-3, resume=error.value.history)
    assert history.terms == expected.terms and equal(weights(model), weights(whole))


def test_a_learning_rate_that_is_too_large_is_explained(x):
    model = Autoencoder.linear(2, input_shape=(FEATURES,))
    with pytest.raises(NonFiniteLoss, match="learning rate ten times smaller, lr=1e\\+18"):
        train(model, reconstruction, x, lr=1e19)


def test_weights_that_are_lost_are_said_to_be(x):
    def objective(model, x):  # finite, but its gradient is not: the slope of sqrt at 0
        return {"loss": (0 * model(x).logits.sum(1)).sqrt()}

    model = build()
    lost = r"epoch 1, step 2 .*are lost: build anew.*its gradient was not; look .* the root of"
    with pytest.raises(NonFiniteLoss, match=lost) as error:
        train(model, objective, x)
    assert "learning rate" not in str(error.value)

    # The cell is run again, with the same model: neither its rate nor its objective is to blame.
    for again in ({}, {"resume": error.value.history}):
        with pytest.raises(ValueError, match=r"infinite weights \(encoder.1.weight\).*build"):
            train(model, reconstruction, x, **again)


def test_weights_that_an_earlier_training_ruined_are_named(x):
    model = Autoencoder.linear(2, input_shape=(FEATURES,))
    for cause in ("learning rate ten times smaller", r"Cause: its weights were as large as 1e\+19"):
        with pytest.raises(NonFiniteLoss, match=cause):
            train(model, reconstruction, x, lr=1e19)


def test_a_gradient_of_what_torch_where_leaves_out_is_named(x):
    def objective(model, x):  # torch.where leaves the division out, but not its gradient: 0 · inf
        spread = model(x).logits.relu() * 0
        shares = torch.where(spread > 0, 1 / spread, 0 * spread)
        return {"loss": shares.sum(1) + reconstruction(model, x)["loss"]}

    with pytest.raises(NonFiniteLoss, match=r"what torch\.where leaves out"):
        train(build(), objective, x)


# The progress bar.


class Terminal(io.StringIO):
    """Keeps all that is written, and shows what a person would see."""

    encoding = "utf-8"

    def isatty(self):
        return True

    def seen(self):
        """The lines on the screen: each \\r goes back to the start and writes over."""
        lines = []
        for line in self.getvalue().split("\n"):
            screen = ""
            for text in line.split("\r"):
                screen = text + screen[len(text) :]
            lines.append(screen.rstrip())
        return [line for line in lines if line]


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.delenv("COURSE_QUIET", raising=False)
    return Terminal()


def slowly(model, x):
    """Long enough for the bar, which is drawn ten times a second."""
    if model.training:
        threading.Event().wait(0.06)
    return {**reconstruction(model, x), "first": x[:, 0]}


@pytest.mark.parametrize("form", ["tensors", "unknown length"])
def test_the_bar_in_a_terminal(terminal, form, x):
    data = x if form == "tensors" else DataLoader(Stream(x), 32)
    with redirect_stderr(terminal):
        history = train(build(), slowly, data, epochs=2)
    drawn = terminal.getvalue()
    line = r"epoch {}/2 · loss \d\.\d+ · first 0\.\d+ · \d\d:\d\d done"
    assert re.search(line.format(1), drawn) and re.search(line.format(2), drawn)
    assert bool(re.search(r"█.*\d\d:\d\d left", drawn)) == (form == "tensors")
    assert terminal.seen() == [repr(history)]
    assert drawn.endswith("\n")


def test_the_bar_of_an_interrupted_training(terminal, x):
    objective, _ = stop_at_step(7, send_interrupt)
    with redirect_stderr(terminal):
        history = train(build(), objective, x, epochs=5)
    assert terminal.seen() == [repr(history)] and "(interrupted)" in repr(history)


def test_the_bar_does_not_hide_an_error(terminal, x):
    def objective(model, x):
        return {"loss": reconstruction(model, x)["loss"] * (math.nan if model.training else 1)}

    with pytest.raises(NonFiniteLoss), redirect_stderr(terminal):
        train(build(), objective, x)
    assert terminal.getvalue().endswith("\n")


@pytest.mark.parametrize("how", ["progress=False", "COURSE_QUIET=1"])
def test_silence(monkeypatch, capfd, how, x):
    if how == "progress=False":
        monkeypatch.delenv("COURSE_QUIET")
    train(build(), slowly, x, epochs=1, progress=how != "progress=False")
    assert capfd.readouterr() == ("", "")


def test_the_bar_in_a_notebook(monkeypatch, x):
    """One output, written anew as training goes on, and empty at the end."""
    import IPython

    class ZMQInteractiveShell:
        """By this name a kernel's shell is known."""

    class Output:
        def update(self, data, *, raw):
            shown.append(data)

    def display(data, *, raw, display_id):
        assert raw and display_id and not shown, "a second output"
        shown.append(data)
        return Output()

    shown = []
    monkeypatch.delenv("COURSE_QUIET", raising=False)
    monkeypatch.setattr(IPython, "get_ipython", ZMQInteractiveShell)
    monkeypatch.setattr("IPython.display.display", display)
    train(build(), slowly, x, epochs=2)
    assert {*map(tuple, shown)} == {("text/plain",)}, "a widget would not be there in a saved page"
    assert any(re.search(r"█.*epoch 2/2 · loss .* left", data["text/plain"]) for data in shown)
    assert shown[-1]["text/plain"] == "", "the history shows itself; once is enough"


@pytest.mark.thorough
def test_the_bar_in_a_kernel(monkeypatch, tmp_path):
    import nbformat
    from nbclient import NotebookClient

    from tools.execute import CELL_SECONDS, PATIENT

    cells = [
        """
        import time, torch
        from course_utils import Autoencoder, fit, reconstruction

        def slowly(model, x):
            time.sleep(0.1)
            return reconstruction(model, x)

        model = Autoencoder.dense(2, (4,), input_shape=(3,))
        """,
        "history = fit(model, slowly, torch.rand(40, 3), epochs=2, batch_size=10)",
        "history",
    ]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(textwrap.dedent(cell)) for cell in cells]
    )
    updates = []

    class Watching(NotebookClient):
        def process_message(self, message, cell, cell_index):
            if message["msg_type"] == "update_display_data":
                updates.append(message["content"]["data"]["text/plain"])
            return super().process_message(message, cell, cell_index)

    monkeypatch.delenv("COURSE_QUIET", raising=False)
    options = {"timeout": CELL_SECONDS, "kernel_name": "python3", "config": PATIENT}
    client = Watching(notebook, **options)
    client.resources["metadata"] = {"path": str(tmp_path)}
    client.execute()
    (output,) = notebook.cells[1].outputs
    assert output.output_type == "display_data"
    assert list(output.data) == ["text/plain"], "a widget would not be there in a saved page"
    assert output.data["text/plain"] == "", "the history shows itself; once is enough"
    assert notebook.cells[2].outputs[0].data["text/plain"].startswith("2 epochs · ")
    assert any(re.search(r"█.*epoch 2/2 · loss .* left", text) for text in updates)


# Keeping a model.


@pytest.mark.parametrize("kind", [str, lambda path: path], ids=["str", "Path"])
def test_a_path_may_be_text_and_its_folder_may_be_new(kind, tmp_path):
    path = tmp_path / "new" / "folder" / "model.safetensors"
    model = build(seed=2)
    save(model, kind(path))
    assert equal(weights(load(kind(path))), weights(model))
    assert [file.name for file in path.parent.iterdir()] == ["model.safetensors"]


def test_a_trained_model_is_kept_bit_for_bit(x, tmp_path):
    model = build()
    train(model, reconstruction, x, epochs=2)
    save(model, tmp_path / "model")
    save(build(), tmp_path / "model")  # over the old one
    save(model, tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert torch.equal(loaded.reconstruct(x), model.reconstruct(x))
    save(loaded, tmp_path / "again")  # what was loaded can be saved, and trained on
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model").read_bytes()
    train(loaded, reconstruction, x, epochs=1)


def test_loading_does_not_move_the_global_stream(tmp_path):
    save(build(), tmp_path / "model")
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    load(tmp_path / "model")
    assert torch.equal(torch.rand(3), expected)


def test_a_missing_file(tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(FileNotFoundError, match=r"no model at .*; write one with save"):
            load(path)


def recipe(**changes):
    return {**build().recipe, **changes}


def write(path, recipe, weights=None):
    tensors = build().state_dict() if weights is None else weights
    save_file(tensors, path, metadata={"recipe": json.dumps(recipe)})


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("this is not a model, but it is long enough for one"),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "last byte": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "header": lambda path: path.write_bytes(b"\xff" + path.read_bytes()[1:]),
    "pickle": lambda path: torch.save(build().state_dict(), path),
    "no recipe": lambda path: save_file(build().state_dict(), path),
    "recipe no json": lambda path: save_file({}, path, metadata={"recipe": "{"}),
    "recipe a list": lambda path: write(path, ["dense"]),
    "recipe too short": lambda path: write(path, {"model": "Autoencoder"}),
    "no such model": lambda path: write(path, recipe(model="Transformer")),
    "model no name": lambda path: write(path, recipe(model=3)),
    "a module": lambda path: write(path, recipe(model="blocks", factory="dense_encoder")),
    "no such factory": lambda path: write(path, recipe(factory="sparse")),
    "no factory": lambda path: write(path, recipe(factory="load_state_dict")),
    "private": lambda path: write(path, recipe(factory="__init__")),
    "bad argument": lambda path: write(path, recipe(arguments={"code": 3})),
    "other network": lambda path: write(path, recipe(arguments={"latent_dim": 3})),
    "no weights": lambda path: write(path, recipe(), {}),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_or_foreign_file(damage, tmp_path, unchecked):
    path = tmp_path / "model.safetensors"
    save(build(), path)
    damage(path)
    with pytest.raises(ValueError, match=r"damaged or was not written by course_utils\.save") as e:
        load(path)
    assert str(path) in str(e.value)


def test_a_model_of_parts_has_no_recipe(tmp_path, unchecked):
    class Mine(Autoencoder):
        """A class of the learner's own: load could not find it."""

    for model in (
        Autoencoder(nn.Linear(3, 2), nn.Linear(2, 3)),
        nn.Linear(3, 2),
        Mine.linear(2, input_shape=(3,)),
    ):
        with pytest.raises(ValueError, match=r"no recipe to save; build it with a factory"):
            save(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["safetensors.torch.save_file", "os.replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_half_written_is_left(where, error, tmp_path, monkeypatch):
    path = tmp_path / "model"
    save(build(seed=1), path)

    def fail(first, second, *rest, **options):
        if where != "os.replace":
            with open(second, "wb") as file:
                file.write(b"half")
        raise error

    monkeypatch.setattr(where, fail)
    with pytest.raises(type(error)):
        save(build(seed=2), path)
    monkeypatch.undo()
    assert [file.name for file in tmp_path.iterdir()] == ["model"]
    assert equal(weights(load(path)), weights(build(seed=1)))
