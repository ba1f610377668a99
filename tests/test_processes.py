"""Several processes train one model: the same history, the same replicas, the same end.

Two worlds are started once, of two and of three processes, and asked many questions
(`several.py`); what a single process answers is asked here.
"""

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from torch import nn

import several
from course_utils import History, fit, reconstruction
from course_utils.training import processes
from course_utils.training.processes import join
from course_utils.training.shares import NoiseOfTheWhole, Share, share_of
from tools import ready

SCRIPT = Path(several.__file__)
AT_MOST = 600  # seconds on the wall, for what hangs
COMMON = [
    *("histories", "own_batches", "replicas", "other_weights_at_first", "ctrl_c", "refused"),
    *("an_interrupt_raised", "resume_from_one", "stop_iteration", "nan_in_one", "still_together"),
    *("a_stream_astray", "running_averages"),
]


class World:
    """Processes that answer questions."""

    def __init__(self, size, questions, folder, **environment):
        self.size, self.folder, self.processes = size, folder, []
        folder.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        own = {"WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        command = [*ready.python(), str(SCRIPT), *questions, str(folder)]
        for rank in range(size):
            mine = {**os.environ, **own, "COURSE_QUIET": "1", **environment}
            mine |= {"RANK": str(rank), "LOCAL_RANK": str(rank)}
            with open(folder / f"stderr {rank}", "wb") as errors:
                self.processes.append(
                    subprocess.Popen(command, env=mine, stderr=errors, cwd=folder)
                )

    def wait(self):
        """Wait until all have ended; nothing is left over."""
        deadline = time.monotonic() + AT_MOST
        try:
            for process in self.processes:
                process.wait(max(1.0, deadline - time.monotonic()))
        finally:
            for process in self.processes:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        return self

    def errors(self, rank):
        return (self.folder / f"stderr {rank}").read_text()

    def answers(self, question, ranks=None):
        found = []
        for rank in range(self.size) if ranks is None else ranks:
            path = self.folder / f"{question} {rank}"
            assert path.exists(), f"process {rank} has not answered:\n{self.errors(rank)}"
            found.append(pickle.loads(path.read_bytes()))
        return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("worlds")


@pytest.fixture(scope="module")
def worlds(folder):
    """Two worlds by their size. That of two has made its group itself; that of three finds what
    torchrun leaves in the environment, and one of it is killed at the end."""
    several.ctrl_c(0, 1, folder)
    started = []
    try:
        for size, more in ((2, ["without_the_sum", "the_bar"]), (3, ["killed"])):
            own = folder / str(size)
            group = {"GROUP": f"file://{folder / 'group'}"} if size == 2 else {}
            started.append(World(size, [*COMMON, *more], own, **group))
            (own / "stopped by 1").symlink_to(folder / "stopped by 1")
    finally:
        for world in started:
            world.wait()
    return {world.size: world for world in started}


sizes = pytest.mark.parametrize("size", [2, 3])


def assert_close(found, expected, tolerance=1e-6):
    """The same terms, each to the tolerance."""
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, rel=tolerance), name


@pytest.fixture(scope="module")
def alone():
    return several.histories(0, 1, None)


@sizes
@pytest.mark.parametrize("run", several.RUNS)
def test_the_history_is_that_of_one_process(run, size, worlds, alone):
    answers = [answer[run] for answer in worlds[size].answers("histories")]
    assert_close(answers[0], alone[run])
    assert all(answer == answers[0] for answer in answers), "bit for bit the same in each"


@sizes
def test_of_an_iterable_each_process_brings_its_own(size, worlds):
    for answer in worlds[size].answers("own_batches"):
        assert_close(answer, several.own_batches(0, 1, None))


@sizes
@pytest.mark.parametrize("name", several.REPLICAS)
def test_replicas_are_equal_bit_for_bit_after_every_epoch(name, size, worlds):
    (seals, terms), *others = (answer[name] for answer in worlds[size].answers("replicas"))
    assert len({weights for weights, _ in seals}) == 2, "it learns in every epoch"
    assert all(other == (seals, terms) for other in others)


@sizes
def test_running_averages_are_the_first_ones(size, worlds):
    answers = worlds[size].answers("running_averages")
    first, _ = answers[0]
    assert all(after == first for _, after in answers)
    assert all(own != first for own, _ in answers[1:]), "each has examples of its own"


@sizes
def test_all_begin_with_the_weights_of_the_first(size, worlds, alone):
    expected = several.train(several.plain(), reconstruction, several.X).terms
    for answer in worlds[size].answers("other_weights_at_first"):
        assert_close(answer, expected)


@sizes
def test_the_order_of_the_examples_is_the_first_ones(size, worlds):
    first, *others = worlds[size].answers("a_stream_astray")
    assert_close(first, several.a_stream_astray(0, 1, None))
    assert others == [first] * (size - 1)


@sizes
@pytest.mark.parametrize(
    ("question", "step"), [("ctrl_c", (1, 2, False)), ("an_interrupt_raised", (1, 1, False))]
)
def test_a_stop_on_one_stops_all_at_the_same_step(question, step, size, worlds):
    assert worlds[size].answers(question) == [step] * size


@sizes
def test_resume_goes_on_with_another_number_of_processes(size, worlds, alone):
    expected = {name: alone["reconstruction"][name] for name in ("loss",)}
    for answer in worlds[size].answers("resume_from_one"):
        assert_close(answer, expected)
    stopped = worlds[size].folder / f"stopped by {size}"
    objective = several.at_step(0, None)
    resumed = several.train(several.plain(), objective, several.X, resume=stopped)
    assert_close(resumed.terms, expected)


@sizes
def test_callbacks_are_the_first_ones_and_may_end_training(size, worlds):
    first, *others = worlds[size].answers("stop_iteration")
    assert first == ([1, 2], 2, True)
    assert others == [([], 2, True)] * (size - 1)


@sizes
def test_a_nan_in_one_raises_in_all(size, worlds):
    answers = worlds[size].answers("nan_in_one")
    for message, terms in answers:
        assert "in epoch 2, step 2 (loss = nan)" in message
        assert "Try a learning rate ten times smaller" in message, "the cause, as far as it is seen"
        assert len(terms["loss"]) == 1 and terms == answers[0][1]


SENTENCES = {
    "other data": "the processes differ in train: process 0 has torch.float32 of shape (101, 6)",
    "other length": "the processes differ in train: process 0 has torch.float32 of shape (99, 6)",
    "other order": "the processes differ in train",
    "other torch": "the processes differ in the version of torch: process 0 has",
    "other course": "the processes differ in the code of course_utils: process 0 has",
    "other seed": "the processes differ in seed",
    "other epochs": "the processes differ in epochs: process 0 has 3, and process",
    "other network": "VAE",
    "other batches": "the processes differ in train: process 0 has 4 batches, and process",
    "a stream that ends": "train has fewer batches in process",
    "a bad argument": "epochs is 0; expected a whole number, 1 or more",
    "other terms": "the objective returned ['loss', 'more'], and at first ['loss']",
    "a callback fails": "the disk is full",
    "a callback learns": "the processes differ in their weights after epoch 1",
    "a wrapper": "model is wrapped in DistributedDataParallel; fit needs no wrapper",
    "too few to normalise": "batch of train holds 3 examples, of which batch normalisation cannot "
    "tell the spread when {size} processes share it",
}


@sizes
@pytest.mark.parametrize("name", SENTENCES)
def test_what_does_not_go_together_is_refused_by_all_in_one_sentence(name, size, worlds):
    for answer in worlds[size].answers("refused"):
        kind, message = answer[name]
        assert kind == "ValueError" and SENTENCES[name].format(size=size) in message, message
        assert "\n" not in message and len(message) < 330


@sizes
def test_an_error_in_one_ends_all(size, worlds):
    *others, own = (answer["an error in a step"] for answer in worlds[size].answers("refused"))
    assert own == ("LookupError", "no such thing")
    expected = ("RuntimeError", f"process {size - 1} met LookupError: no such thing")
    assert others == [expected] * (size - 1)


@sizes
def test_after_every_refusal_the_processes_are_still_together(size, worlds, alone):
    expected = {"loss": alone["reconstruction"]["loss"]}
    for there, terms in worlds[size].answers("still_together"):
        assert there
        assert_close(terms, expected)


def test_a_step_that_goes_on_without_its_sum_is_noticed(worlds):
    for kind, message in worlds[2].answers("without_the_sum"):
        assert kind == "ValueError"
        assert "the processes differ in their weights after epoch 1" in message


def test_the_bar_is_the_first_ones(worlds):
    worlds[2].answers("the_bar")
    assert "epoch" in worlds[2].errors(0)
    assert worlds[2].errors(1) == ""


def test_when_one_is_killed_the_others_end_soon(worlds):
    for (kind, message), seconds, (again, sentence) in worlds[3].answers("killed", ranks=[0, 1]):
        assert kind == "ConnectionError"
        assert message.startswith("another of the processes that train together is gone")
        assert "\n" not in message
        assert seconds < 20
        assert again == "ConnectionError" and "start all of them again" in sentence
    assert worlds[3].processes[2].returncode == -9


@sizes
def test_nothing_is_left_half_written(size, worlds):
    assert [*worlds[size].folder.glob("*.tmp")] == []


# --- one process ----------------------------------------------------------------------------------


def test_a_world_of_one_is_one_process(monkeypatch):
    """torchrun --nproc-per-node 1: nothing is joined, and nothing changes, bit for bit."""
    expected = several.train(several.vae(), several.negative_elbo(), several.X).terms
    world = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}
    for name, value in world.items():
        monkeypatch.setenv(name, value)
    assert several.train(several.vae(), several.negative_elbo(), several.X).terms == expected
    assert not torch.distributed.is_initialized()


def test_a_part_of_the_environment_is_no_torchrun(monkeypatch):
    """Other programs set RANK and WORLD_SIZE too."""
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert join("cpu").size == 1


def test_if_the_others_do_not_come_one_sentence_says_so(monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    world = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    for name, value in world.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(processes, "PATIENCE", timedelta(seconds=1))
    with pytest.raises(ConnectionError, match="the 2 processes that torchrun announced") as caught:
        several.train(several.plain(), reconstruction, several.X)
    assert "\n" not in str(caught.value)
    assert not torch.distributed.is_initialized()


def test_each_process_has_a_card_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(processes, "pick_device", lambda device: torch.device("cuda"))
    for number in ("0", "1"):
        monkeypatch.setenv("LOCAL_RANK", number)
        assert processes._place_among_several("auto") == torch.device("cuda", int(number))
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(ValueError, match=r"process 2 of this machine finds 2 CUDA devices; .*cpu"):
        processes._place_among_several("cuda")


def test_other_accelerators_train_alone(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert processes._place_among_several("auto") == torch.device("cpu")
    monkeypatch.setattr(processes, "pick_device", torch.device)
    with pytest.raises(ValueError, match="device is 'mps'; several processes can train on 'cpu'"):
        processes._place_among_several("mps")


def test_a_wrapped_model_is_refused_by_one_process_too(unchecked):
    with pytest.raises(ValueError, match=r"wrapped in DataParallel; .* model\.module"):
        fit(nn.DataParallel(several.plain()), reconstruction, several.X, progress=False)


# --- shares ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("n", [1, 2, 4, 7, 32])
def test_the_shares_are_the_batch(n, size):
    x = torch.arange(n)
    shares = [share_of((x,), rank, size, divided=True) for rank in range(size)]
    assert torch.equal(torch.cat([s.batch[0][: s.examples] for s in shares]), x)
    assert all(share.whole == n and len(share.batch[0]) >= 1 for share in shares)
    assert shares[0].examples >= 1
    counted = [share.examples for share in shares]
    assert max(counted) - min(counted) <= 1
    for share in shares:
        assert torch.equal(share.batch[0], x[share.start : share.start + len(share.batch[0])])


DRAWS = {
    "randn_like": torch.randn_like,
    "rand": lambda x: torch.rand(len(x), 4),
    "rand of a shape": lambda x: torch.rand(x.shape, generator=None, dtype=x.dtype),
    "rand of a keyword": lambda x: torch.rand(size=(len(x), 4)),
    "randint": lambda x: torch.randint(0, 9, (len(x), 3)),
    "in place": lambda x: torch.empty_like(x).normal_(),
    "bernoulli": lambda x: torch.bernoulli(x.sigmoid()),
    "normal": lambda x: torch.normal(x, x.abs()),
    "dropout": lambda x: nn.functional.dropout(x, 0.5),
    "a distribution": lambda x: torch.distributions.Normal(x, x.abs() + 1).rsample(),
    "a layer": lambda x: nn.Sequential(nn.Dropout(0.3), nn.Dropout1d(0.3))(x[:, None]),
    "of no example": lambda x: torch.randn(5, 2),
    "of as many as the batch has": lambda x: torch.randn(7, 2)[:5],
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_the_noise_of_a_share_is_that_of_the_whole(draw):
    """And the stream moves on as far."""
    x = torch.randn(7, 4, generator=torch.Generator().manual_seed(0))
    with several.seeded(3):
        whole, after = draw(x), torch.rand(1)
    for share in (Share((x[:3],), 0, 7, 3), Share((x[3:7],), 3, 7, 4), Share((x[2:3],), 2, 7, 1)):
        with several.seeded(3):
            with NoiseOfTheWhole(share):
                found = draw(share.batch[0])
            assert torch.equal(torch.rand(1), after)
        rows = slice(share.start, share.start + len(share.batch[0]))
        expected = whole if len(whole) != 7 else whole[rows]
        assert torch.equal(found, expected)


def test_a_gradient_passes_through_the_noise():
    x = torch.rand(7, 4, requires_grad=True)
    share = Share((x[2:5],), 2, 7, 3)
    with several.seeded(1):
        (whole,) = torch.autograd.grad(nn.functional.dropout(x, 0.5)[2:5].sum(), x)
    with several.seeded(1), NoiseOfTheWhole(share):
        (found,) = torch.autograd.grad(nn.functional.dropout(share.batch[0], 0.5).sum(), x)
    assert torch.equal(found, whole)


# --- torchrun itself ------------------------------------------------------------------------------


def torchrun(folder, call):
    """Two processes that run `call`, and each save the history."""
    script = folder / "script.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r})\n"
        "import several, torch\n"
        "from pathlib import Path\n"
        f"folder = Path({str(folder)!r})\n"
        "torch.set_num_threads(1)\n"
        f"history = several.train({call})\n"
        "history.save(folder / str(torch.distributed.get_rank()))\n"
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    return subprocess.Popen([*command, "--standalone", str(script)], cwd=folder)


@pytest.mark.thorough
def test_torchrun_with_the_line_of_the_lessons(tmp_path):
    call = "several.vae(), several.negative_elbo(), several.X"
    assert torchrun(tmp_path, call).wait(AT_MOST) == 0
    expected = several.train(several.vae(), several.negative_elbo(), several.X).terms
    for rank in ("0", "1"):
        assert_close(History.load(tmp_path / rank).terms, expected)


@pytest.mark.thorough
def test_ctrl_c_under_torchrun_keeps_what_was_learned(tmp_path):
    touch = "callbacks=[lambda model, history: (folder / 'began').touch()]"
    call = f"several.plain(), several.reconstruction, several.X, epochs=10**6, {touch}"
    process = torchrun(tmp_path, call)
    deadline = time.monotonic() + AT_MOST
    while not (tmp_path / "began").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.wait(AT_MOST)
    first, second = (History.load(tmp_path / rank) for rank in ("0", "1"))
    assert not first.finished and first.terms == second.terms
    assert first.checkpoint[:3] == second.checkpoint[:3]
