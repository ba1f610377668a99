"""Every promise of `course_utils.data`, with real files, a real server and a real second process.

The files of "MNIST" and "CIFAR-10" are small ones made here: same format, their own checksums. They
are put into the table of checksums and served by a server on this machine, so that the download
that runs is torchvision's own. Where the real MNIST lies in the data folder, it is tested too.
"""

import errno
import gzip
import hashlib
import http.server
import io
import json
import math
import os
import pickle
import socket
import struct
import subprocess
import tarfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from course_utils import data
from course_utils.data import DataError, DataUnavailable, load_images, spiral, swiss_roll
from tools import ready

REAL_ROOT = data.data_root()  # before the tests hide the learner's environment
LOCK = ".download.lock"  # the only thing that may stay behind beside whole files
TRAIN, TEST = 60, 20
PATIENCE = 60  # seconds: a busy machine takes its time, and a dead server never answers


def idx_files(seed):
    """Four idx files of random images: big-endian header (type and rank, sizes), then bytes."""
    generator = torch.Generator().manual_seed(seed)
    files = {}
    for split, count in (("train", TRAIN), ("t10k", TEST)):
        pixels = torch.randint(0, 256, (count, 28, 28), generator=generator, dtype=torch.uint8)
        pixels[0, 0, :2] = torch.tensor([0, 255])  # both ends of the range occur
        labels = torch.randint(0, 10, (count,), generator=generator, dtype=torch.uint8)
        header = struct.pack(">iiii", 0x803, count, 28, 28)
        files[f"{split}-images-idx3-ubyte"] = header + pixels.numpy().tobytes()
        files[f"{split}-labels-idx1-ubyte"] = (
            struct.pack(">ii", 0x801, count) + labels.numpy().tobytes()
        )
    return files


def cifar_files(seed):
    """CIFAR-10's seven pickles, of random images: in each row all red, all green, all blue."""
    generator = np.random.default_rng(seed)
    files = {"batches.meta": pickle.dumps({"label_names": CLASSES}, protocol=2)}
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        count = TEST if name == "test_batch" else TRAIN // 5
        pixels = generator.integers(0, 256, (count, 3 * 32 * 32), np.uint8)
        pixels[0, :2] = 0, 255
        labels = generator.integers(0, 10, count).tolist()
        batch = pickle.dumps({"data": pixels, "labels": labels}, protocol=2)
        files[name] = batch.replace(b"numpy._core", b"numpy.core")  # as it was called in 2009
    return files


def tar(folder, files):
    """Files in a folder, as one compressed archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def md5(content):
    return hashlib.md5(content).hexdigest()


CLASSES = [f"class {number}" for number in range(10)]
IDX = {"mnist": idx_files(seed=1), "fashion_mnist": idx_files(seed=2)}
FILES = {**IDX, "cifar10": cifar_files(seed=3)}
ARCHIVES = {
    name: {f"{file}.gz": gzip.compress(content, mtime=0) for file, content in files.items()}
    for name, files in IDX.items()
}
FOLDERS = {
    "mnist": "MNIST/raw", "fashion_mnist": "FashionMNIST/raw", "cifar10": "cifar-10-batches-py"
}  # fmt: skip
CIFAR = "cifar-10-python.tar.gz"
ARCHIVES["cifar10"] = {CIFAR: tar(FOLDERS["cifar10"], FILES["cifar10"])}


class Server(http.server.ThreadingHTTPServer):
    """Serves archives as its `manner` says; counts the downloads of each in `sent`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.manner, self.sent = "well", []
        self.released = threading.Event()  # lets handlers that hang go at the end of a test

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request, client_address):
        """A client that gave up is part of these tests: no traceback."""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        if self.server.manner == "silent":
            self.server.released.wait(2 * PATIENCE)
        self.answer()

    def do_GET(self):
        manner, archive = self.server.manner, self.answer()
        if self.headers["Method"] == "HEAD":  # so torchvision asks for HEAD, by a GET
            return
        self.server.sent.append(self.path)
        if manner == "garbled":
            archive = bytes([archive[0]]) + bytes(len(archive) - 1)
        if manner in ("dies half-way", "stalls half-way"):
            archive = archive[: len(archive) // 2]
        if manner == "slowly":
            time.sleep(0.5)
        self.wfile.write(archive)
        if manner == "stalls half-way":
            self.server.released.wait(2 * PATIENCE)

    def answer(self):
        set_name, file = self.path.strip("/").split("/")
        archive = ARCHIVES[set_name][file]
        self.send_response(200)
        self.send_header("Content-Length", str(len(archive)))
        self.end_headers()
        return archive

    def log_message(self, *args):
        """Silent."""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for variable in ("COURSE_DATA", "COURSE_DATASET", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def small_sets(monkeypatch):
    """The checksum table knows the small files instead of the real ones."""
    for name, files in FILES.items():
        sums = {file: md5(content) for file, content in files.items()}
        monkeypatch.setitem(data.SOURCES, name, data.SOURCES[name]._replace(md5=sums))


@pytest.fixture
def server(small_sets, monkeypatch):
    """torchvision's mirrors are one server on this machine."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    for name in IDX:
        dataset = getattr(torchvision.datasets, data.SOURCES[name].dataset)
        resources = [(file, md5(archive)) for file, archive in ARCHIVES[name].items()]
        monkeypatch.setattr(dataset, "mirrors", [f"{server.url}{name}/"])
        monkeypatch.setattr(dataset, "resources", resources)
    cifar, sums = torchvision.datasets.CIFAR10, data.SOURCES["cifar10"].md5
    monkeypatch.setattr(cifar, "url", f"{server.url}cifar10/{CIFAR}")
    monkeypatch.setattr(cifar, "tgz_md5", md5(ARCHIVES["cifar10"][CIFAR]))
    for part in ("train_list", "test_list"):
        monkeypatch.setattr(cifar, part, [[name, sums[name]] for name, _ in getattr(cifar, part)])
    monkeypatch.setattr(cifar, "meta", {**cifar.meta, "md5": sums["batches.meta"]})
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def offline(small_sets, monkeypatch):
    """Every socket fails, as on a machine without a network."""

    def unreachable(*args, **kwargs):
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket, "socket", unreachable)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)


def put_files(root, name="mnist"):
    """Write the set's four files below root; return their folder."""
    raw = root / FOLDERS[name]
    raw.mkdir(parents=True, exist_ok=True)
    for file, content in FILES[name].items():
        (raw / file).write_bytes(content)
    return raw


def files_below(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def whole_set(name="mnist"):
    return sorted(str(Path(FOLDERS[name], file)) for file in FILES[name])


def assert_one_sentence(error, *words):
    message = str(error.value)
    assert "\n" not in message and len(message) < 600
    for word in words:
        assert str(word) in message, f"{word!r} is not in {message!r}"
    # Neither torchvision's nor urllib's frames are shown above it.
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None


# ---------------------------------------------------------------- what comes back


@pytest.mark.parametrize("name", IDX)
def test_files_become_tensors(small_sets, tmp_path, name):
    put_files(tmp_path, name)
    images = load_images(name, root=tmp_path)
    assert images.name == name and images.factors is None and images.classes is None
    assert str(images) == f"{name}: {TRAIN} images to train on, {TEST} to test on"
    for split, x, labels, count in (
        ("train", images.train, images.train_labels, TRAIN),
        ("t10k", images.test, images.test_labels, TEST),
    ):
        assert x.shape == (count, 1, 28, 28) and x.dtype == torch.float32 and x.is_contiguous()
        assert labels.shape == (count,) and labels.dtype == torch.int64
        assert x.min() == 0 and x.max() == 1
        pixels = FILES[name][f"{split}-images-idx3-ubyte"][16:]
        assert bytes((x * 255).round().byte().flatten().tolist()) == pixels
        assert bytes(labels.tolist()) == FILES[name][f"{split}-labels-idx1-ubyte"][8:]


def test_the_pickles_of_cifar_become_tensors(small_sets, tmp_path):
    put_files(tmp_path, "cifar10")
    images = load_images("cifar10", root=tmp_path)
    assert images.name == "cifar10" and images.classes == tuple(CLASSES)
    assert images.train.shape == (TRAIN, 3, 32, 32) and images.test.shape == (TEST, 3, 32, 32)
    assert images.train.dtype == torch.float32 and images.train_labels.dtype == torch.int64
    batches = [pickle.loads(FILES["cifar10"][f"data_batch_{number}"]) for number in range(1, 6)]
    for x, labels, parts in (
        (images.train, images.train_labels, batches),
        (images.test, images.test_labels, [pickle.loads(FILES["cifar10"]["test_batch"])]),
    ):
        pixels = b"".join(part["data"].tobytes() for part in parts)
        assert bytes((x * 255).round().byte().flatten().tolist()) == pixels
        assert labels.tolist() == [label for part in parts for label in part["labels"]]
        assert x.min() == 0 and x.max() == 1


def test_the_checksums_of_cifar_are_those_of_torchvision():
    cifar = torchvision.datasets.CIFAR10
    listed = dict([*cifar.train_list, *cifar.test_list])
    listed[cifar.meta["filename"]] = cifar.meta["md5"]
    assert data.SOURCES["cifar10"].md5 == listed
    assert data.SOURCES["cifar10"].folder == cifar.base_folder


def test_no_pickle_is_opened_but_the_published_ones(small_sets, tmp_path):
    """What would run when it is read is refused before, like any other damage."""
    path = put_files(tmp_path, "cifar10") / "test_batch"

    class Mischief:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "it ran"),)

    path.write_bytes(pickle.dumps(Mischief()))
    with pytest.raises(DataError, match="test_batch is damaged or incomplete"):
        load_images("cifar10", root=tmp_path)
    assert not (tmp_path / "it ran").exists()
    pickle.loads(path.read_bytes())
    assert (tmp_path / "it ran").exists(), "it would have"


def test_digits_are_real_images_in_a_fixed_stratified_split():
    images = load_images("digits")
    assert images.name == "digits" and images.factors is None
    assert images.train.shape == (1442, 1, 28, 28) and images.test.shape == (355, 1, 28, 28)
    for x, labels in ((images.train, images.train_labels), (images.test, images.test_labels)):
        assert x.dtype == torch.float32 and x.min() == 0 and x.max() == 1
        assert labels.dtype == torch.int64 and labels.shape == x.shape[:1]
        shares = labels.bincount(minlength=10) / len(labels)
        assert (shares - 0.1).abs().max() < 0.005  # the ten classes have between 174 and 183
    together = torch.cat([images.train, images.test]).flatten(1)
    assert len(together.unique(dim=0)) == 1797  # so none is in both parts, and none is lost
    again = load_images("digits")
    assert torch.equal(again.train, images.train) and torch.equal(again.test, images.test)


def test_digits_look_like_mnist_and_keep_their_content():
    from sklearn.datasets import load_digits

    x = load_images("digits").train
    assert x[:, :, :4].max() == 0 and x[:, :, :, -4:].max() == 0  # MNIST's margin of 4
    # Shrinking gives back the original: averaged over 8x8 blocks, nearly the pixels of 8x8.
    small = torch.nn.functional.interpolate(x[:, :, 4:-4, 4:-4], size=8, mode="area")[:5]
    original = torch.tensor(load_digits().images[:5], dtype=torch.float32)[:, None] / 16
    correlation = torch.corrcoef(torch.stack([small.flatten(), original.flatten()]))[0, 1]
    assert correlation > 0.97


@pytest.mark.parametrize("name", ["mnist", "cifar10", "digits", "photos"])
def test_limits_take_the_first_images(small_sets, tmp_path, name):
    if name in FILES:
        put_files(tmp_path, name)
    everything = load_images(name, root=tmp_path)
    some = load_images(name, root=tmp_path, train_limit=13, test_limit=3)
    assert torch.equal(some.train, everything.train[:13])
    assert torch.equal(some.train_labels, everything.train_labels[:13])
    assert torch.equal(some.test, everything.test[:3])
    assert torch.equal(some.test_labels, everything.test_labels[:3])


def test_a_limit_beyond_the_set_gives_the_whole_set():
    images = load_images("digits", train_limit=60_000, test_limit=10_000)
    assert len(images.train) == 1442 and len(images.test) == 355


def test_real_mnist():
    try:
        missing = data.missing_files("mnist", REAL_ROOT)
    except DataError as error:
        pytest.fail(str(error))
    if missing:
        pytest.skip("MNIST is not in the data folder: `python -m course_utils data` fetches it")
    images = load_images("mnist", root=REAL_ROOT)
    assert images.train.shape == (60_000, 1, 28, 28) and images.test.shape == (10_000, 1, 28, 28)
    assert images.train_labels[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
    assert images.test_labels.bincount().tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip
    # The mean and standard deviation that every tutorial normalises with.
    assert images.train.mean().item() == pytest.approx(0.1307, abs=5e-5)
    assert images.train.std().item() == pytest.approx(0.3081, abs=5e-5)


# ---------------------------------------------------------------- names, folders, limits


@pytest.mark.parametrize("name", ["MNIST", "shape", "", "cifar100"])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(ValueError) as error:
        load_images(name)
    for known in ("auto", "mnist", "fashion_mnist", "digits", repr(name)):
        assert known in str(error.value)


def test_course_dataset_overrides_auto_only(small_sets, tmp_path, monkeypatch, capsys):
    put_files(tmp_path)
    put_files(tmp_path, "fashion_mnist")
    monkeypatch.setenv("COURSE_DATASET", "digits")
    assert load_images(root=tmp_path).name == "digits"
    assert load_images("mnist", root=tmp_path).name == "mnist"
    monkeypatch.setenv("COURSE_DATASET", "fashion_mnist")
    assert load_images("auto", root=tmp_path).name == "fashion_mnist"
    monkeypatch.setenv("COURSE_DATASET", "")
    assert load_images(root=tmp_path).name == "mnist"
    assert capsys.readouterr().out == ""  # all as asked for: nothing to announce


def test_an_unknown_course_dataset_is_named(monkeypatch):
    monkeypatch.setenv("COURSE_DATASET", "mnits")
    with pytest.raises(ValueError, match="COURSE_DATASET is 'mnits'; expected one of auto, mnist"):
        load_images()
    assert load_images("digits").name == "digits"


def test_where_the_data_lie(small_sets, tmp_path, monkeypatch):
    assert data.data_root() == data.REPOSITORY / "data"
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert data.data_root() == tmp_path
    assert data.data_root(tmp_path / "argument") == tmp_path / "argument"
    put_files(tmp_path)
    assert load_images().name == "mnist"
    monkeypatch.setenv("COURSE_DATA", "elsewhere")  # the same from any working directory
    monkeypatch.chdir(tmp_path)
    assert data.data_root() == data.REPOSITORY / "elsewhere"
    monkeypatch.setenv("COURSE_DATA", "~/elsewhere")
    assert data.data_root() == Path.home() / "elsewhere"


@pytest.mark.parametrize("limit", [0, -1, True, 2.5])
@pytest.mark.parametrize("argument", ["train_limit", "test_limit"])
def test_a_limit_is_a_whole_number_of_images(argument, limit):
    # beartype, where it watches, objects to 2.5 before the function does.
    expected = ValueError if isinstance(limit, int) else (ValueError, TypeError)
    with pytest.raises(expected, match=argument):
        load_images("digits", **{argument: limit})


def test_only_sets_in_files_can_be_fetched():
    with pytest.raises(ValueError, match="sets kept in files are mnist, fashion_mnist, cifar10"):
        data.fetch("digits")


# ---------------------------------------------------------------- downloading


@pytest.mark.parametrize("name", FILES)
def test_download_verifies_moves_in_and_leaves_nothing_else(server, tmp_path, capfd, name):
    root = tmp_path / "not yet" / "there"
    images = load_images(name, root=root)
    assert len(images.train) == TRAIN
    assert files_below(root) == [LOCK, *whole_set(name)]
    for file, content in FILES[name].items():
        assert (root / FOLDERS[name] / file).read_bytes() == content
    printed = capfd.readouterr()
    assert printed.out.startswith("Downloading ") and printed.out.count("\n") == 1
    assert printed.err == ""  # no bars and no log from torchvision
    assert len(server.sent) == len(ARCHIVES[name])
    load_images(name, root=root)
    assert len(server.sent) == len(ARCHIVES[name]) and capfd.readouterr().out == ""


def test_auto_downloads_mnist(server, tmp_path):
    assert load_images(root=tmp_path).name == "mnist"


def test_a_missing_file_is_fetched_and_the_good_ones_stay(server, tmp_path):
    raw = put_files(tmp_path)
    gone, *kept = sorted(raw.iterdir())
    gone.unlink()
    before = [(file.stat().st_ino, file.stat().st_mtime_ns) for file in kept]
    assert load_images("mnist", root=tmp_path).name == "mnist"
    assert [(file.stat().st_ino, file.stat().st_mtime_ns) for file in kept] == before


def test_what_a_killed_download_left_is_cleared_away(server, tmp_path):
    left = tmp_path / ".download-killed" / "MNIST" / "raw"
    left.mkdir(parents=True)
    (left / "train-images-idx3-ubyte.gz").write_bytes(b"half")
    load_images("mnist", root=tmp_path)
    assert files_below(tmp_path) == [LOCK, *whole_set()]


MANNERS = ["dies half-way", "stalls half-way", "garbled", "silent"]


@pytest.mark.parametrize("manner", MANNERS)
def test_a_download_that_fails(server, tmp_path, monkeypatch, capfd, manner):
    monkeypatch.setattr(data.loading, "CONNECT_SECONDS", 0.4)
    server.manner = manner
    started = time.perf_counter()
    with pytest.raises(DataUnavailable) as error:
        load_images("mnist", root=tmp_path)
    assert time.perf_counter() - started < PATIENCE
    assert_one_sentence(error, "MNIST", "python -m course_utils data mnist", tmp_path)
    assert files_below(tmp_path) == [LOCK] and socket.getdefaulttimeout() is None
    capfd.readouterr()

    assert load_images(root=tmp_path).name == "digits"
    printed = capfd.readouterr()
    *before, announcement = printed.out.splitlines()
    assert "digits in place of MNIST" in announcement and "course_utils data" in announcement
    assert all(line.startswith("Downloading") for line in before) and printed.err == ""

    server.manner = "well"
    assert load_images(root=tmp_path).name == "mnist"


def test_no_network(offline, tmp_path, capfd):
    started = time.perf_counter()
    assert load_images(root=tmp_path).name == "digits"
    assert time.perf_counter() - started < PATIENCE
    printed = capfd.readouterr()
    assert printed.out.count("\n") == 1 and printed.err == ""
    assert "Network is unreachable" in printed.out and "course_utils data" in printed.out
    for name in FILES:
        with pytest.raises(DataUnavailable) as error:
            load_images(name, root=tmp_path)
        assert_one_sentence(error, "Network is unreachable", f"course_utils data {name}")
    assert files_below(tmp_path) == [LOCK]


def test_no_network_but_mnist_is_there(offline, tmp_path):
    put_files(tmp_path)
    assert load_images(root=tmp_path).name == "mnist"
    assert files_below(tmp_path) == whole_set()  # reading writes nothing, not even a lock


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_interrupting_a_download_leaves_nothing(server, tmp_path, monkeypatch, stop):
    retrieve = torchvision.datasets.utils._urlretrieve

    def interrupted(url, filename, *args):
        retrieve(url, filename, *args)
        if len(server.sent) == 3:
            raise stop

    monkeypatch.setattr(torchvision.datasets.utils, "_urlretrieve", interrupted)
    with pytest.raises(stop):
        load_images(root=tmp_path)
    assert files_below(tmp_path) == [LOCK] and socket.getdefaulttimeout() is None


OTHER_PROCESS = """
import json, sys, torchvision
from course_utils import data
root, mirrors, resources, sums = json.loads(sys.argv[1])
data.SOURCES["mnist"] = data.SOURCES["mnist"]._replace(md5=sums)
torchvision.datasets.MNIST.mirrors, torchvision.datasets.MNIST.resources = mirrors, resources
print("ready", flush=True)
sys.stdin.readline()
print(data.load_images("auto", root=root).name)
"""


def test_two_processes_at_once_download_once(server, tmp_path):
    server.manner = "slowly"
    mnist = torchvision.datasets.MNIST
    told = [str(tmp_path), mnist.mirrors, mnist.resources, data.SOURCES["mnist"].md5]
    with subprocess.Popen(
        [*ready.python(), "-c", OTHER_PROCESS, json.dumps(told)],
        cwd=data.REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        try:
            assert other.stdout.readline() == "ready\n"
            other.stdin.write("go\n")
            other.stdin.flush()
            assert load_images("auto", root=tmp_path).name == "mnist"
            printed = other.communicate(timeout=60)[0]
        finally:
            other.kill()
    assert printed.split()[-1] == "mnist"
    assert len(server.sent) == 4  # one downloaded; the other waited and found the files
    assert files_below(tmp_path) == [LOCK, *whole_set()]


# ---------------------------------------------------------------- damaged files


def flip_a_byte(content):
    return content[:-1] + bytes([content[-1] ^ 1])


DAMAGE = {
    "half": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "a flipped byte": flip_a_byte,
    "one byte more": lambda content: content + b"\0",
    "a web page": lambda content: b"<html>Please log in</html>",
}


@pytest.mark.parametrize("file", FILES["mnist"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_named_and_never_replaced(server, tmp_path, capfd, damage, file):
    path = put_files(tmp_path) / file
    good, bad = path.read_bytes(), DAMAGE[damage](path.read_bytes())
    path.write_bytes(bad)
    for name in ("mnist", "auto"):
        with pytest.raises(DataError) as error:
            load_images(name, root=tmp_path)
        assert not isinstance(error.value, DataUnavailable)
        for word in (path, md5(good), md5(bad), "delete", "course_utils data", "=digits"):
            assert str(word) in str(error.value)
    assert path.read_bytes() == bad and server.sent == [] and capfd.readouterr().out == ""
    assert files_below(tmp_path) == whole_set()

    path.unlink()  # the way out that the message names
    assert load_images(root=tmp_path).name == "mnist" and path.read_bytes() == good


def test_a_file_that_cannot_be_read(small_sets, tmp_path):
    path = put_files(tmp_path) / "t10k-labels-idx1-ubyte"
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError) as error:
        load_images(root=tmp_path)
    assert_one_sentence(error, path, "is a folder where a file is expected", "delete the folder")


# ---------------------------------------------------------------- folders that refuse


def assert_falls_back_or_raises(root, capfd, *words):
    with pytest.raises(DataUnavailable) as error:
        load_images("mnist", root=root)
    assert_one_sentence(error, root, "COURSE_DATA", *words)
    capfd.readouterr()
    assert load_images(root=root).name == "digits"
    assert "COURSE_DATA" in capfd.readouterr().out.splitlines()[-1]


def test_a_root_that_cannot_be_made(server, tmp_path, capfd):
    (tmp_path / "file").write_text("not a folder")
    assert_falls_back_or_raises(tmp_path / "file" / "data", capfd, "cannot be written")
    assert files_below(tmp_path) == ["file"] and server.sent == []


def test_a_read_only_folder(server, tmp_path, monkeypatch, capfd):
    root = tmp_path / "read-only"
    root.mkdir()
    root.chmod(0o555)
    system_open = os.open

    def open_as_a_user(path, *args):  # permissions do not bind the superuser, nor all of Windows
        if Path(path).is_relative_to(root):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return system_open(path, *args)

    monkeypatch.setattr(os, "open", open_as_a_user)
    assert_falls_back_or_raises(root, capfd, "cannot be written", "Permission denied")
    assert files_below(root) == [] and server.sent == []


def test_a_read_only_folder_that_holds_mnist(small_sets, tmp_path, monkeypatch):
    raw = put_files(tmp_path)
    folders = [tmp_path, raw.parent, raw]
    for path in (*raw.iterdir(), *reversed(folders)):
        path.chmod(0o555 if path.is_dir() else 0o444)
    monkeypatch.setattr(data.loading, "FileLock", None)  # the superuser may write: fail
    try:
        assert load_images(root=tmp_path).name == "mnist"
    finally:
        for path in folders:
            path.chmod(0o755)
    assert files_below(tmp_path) == whole_set()


@pytest.mark.parametrize("moment", ["downloading", "moving"])
def test_a_full_disk(server, tmp_path, monkeypatch, capfd, moment):
    def full(*args):
        if moment == "downloading":
            Path(args[1]).write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    if moment == "downloading":
        monkeypatch.setattr(torchvision.datasets.utils, "_urlretrieve", full)
    else:
        monkeypatch.setattr(os, "replace", full)
    assert_falls_back_or_raises(tmp_path, capfd, "is full", "free about")
    assert files_below(tmp_path) == [LOCK]


# ---------------------------------------------------------------- manifolds

ROLLED = 3 * math.pi  # the largest angle


def on_the_spiral(t):
    return torch.stack([t * t.cos(), t * t.sin()], 1) / ROLLED


def on_the_roll(t, h):
    across, upwards = on_the_spiral(t).unbind(1)
    return torch.stack([across, h, upwards], 1)


SURFACES = {"spiral": (spiral, on_the_spiral), "swiss roll": (swiss_roll, on_the_roll)}
every_surface = pytest.mark.parametrize(("draw", "place"), SURFACES.values(), ids=SURFACES)


@every_surface
def test_points_lie_where_their_coordinates_say(draw, place):
    points, coordinates, tangents = draw(1000)
    space, dimension = points.shape[1], coordinates.shape[1]
    assert (space, dimension) in ((2, 1), (3, 2))
    assert points.shape == (1000, space) and tangents.shape == (1000, dimension, space)
    assert {points.dtype, coordinates.dtype, tangents.dtype} == {torch.float32}
    torch.testing.assert_close(points, place(*coordinates.unbind(1)), rtol=0, atol=1e-5)
    assert points.abs().max() <= 1 and points.abs().amax(0).min() > 0.7
    angles = coordinates[:, 0]
    assert angles.min() >= math.pi / 2 and angles.max() <= ROLLED


@every_surface
def test_the_seed_decides_the_points_and_the_global_stream_does_not_move(draw, place):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, again, other = draw(50, seed=5), draw(50, seed=5), draw(50, seed=6)
    assert torch.equal(torch.rand(3), expected)
    for name in first._fields:
        assert torch.equal(getattr(first, name), getattr(again, name))
    assert not torch.equal(first.points, other.points)
    assert torch.equal(draw(50).points, draw(50, seed=0).points)


@every_surface
def test_tangents_have_length_one_and_stand_at_right_angles(draw, place):
    tangents = draw(1000).tangents
    products = tangents @ tangents.mT
    identity = torch.eye(tangents.shape[1]).expand_as(products)
    torch.testing.assert_close(products, identity, rtol=0, atol=1e-6)


@every_surface
def test_a_small_step_of_each_coordinate_goes_along_its_tangent(draw, place):
    _, coordinates, tangents = draw(1000)
    coordinates, step = coordinates.double(), 1e-5
    for axis in range(coordinates.shape[1]):
        there, back = coordinates.clone(), coordinates.clone()
        there[:, axis] += step
        back[:, axis] -= step
        moved = place(*there.unbind(1)) - place(*back.unbind(1))
        direction = moved / moved.norm(dim=1, keepdim=True)
        torch.testing.assert_close(tangents[:, axis].double(), direction, rtol=0, atol=1e-6)


def length(t):
    """Length of the curve (t cos t, t sin t) from its centre to the angle t."""
    return 0.5 * (t * (1 + t**2).sqrt() + t.asinh())


@every_surface
def test_points_are_spread_evenly_along_the_curve(draw, place):
    # A tenth of the length has a tenth of the points, within 10 %: t² instead of the length itself
    # costs 7 % at the inner end, six standard errors of a million points 2 %. (Evenly in t, the
    # innermost tenth would have twice its share.)
    t = draw(1_000_000).coordinates[:, 0].double()
    inner, outer = (length(torch.tensor(end)) for end in (math.pi / 2, ROLLED))
    shares = torch.histc((length(t) - inner) / (outer - inner), 10, 0, 1) / len(t)
    torch.testing.assert_close(shares.sum().item(), 1.0)
    assert (shares - 0.1).abs().max() < 0.01


def test_the_roll_is_as_high_as_it_is_said_to_be_and_evenly_so():
    n = 100_000
    t, h = swiss_roll(n).coordinates.double().unbind(1)
    shares = torch.histc(h, 10, -1, 1) / n
    assert (shares - 0.1).abs().max() < 6 * (0.1 * 0.9 / n) ** 0.5
    # Height and angle have nothing to do with each other.
    t, h = ((values - values.mean()) / values.std() for values in (t, h))
    assert abs((t * h).mean()) < 6 / n**0.5


def test_the_roll_is_the_spiral_pulled_upwards():
    curve, roll = spiral(50, seed=3), swiss_roll(50, seed=3)
    assert torch.equal(curve.points, roll.points[:, [0, 2]])
    assert torch.equal(roll.points[:, 1], roll.coordinates[:, 1])
    assert torch.equal(roll.tangents[:, 1], torch.tensor([0.0, 1.0, 0.0]).expand(50, 3))


# --- photos ---------------------------------------------------------------------------------------


def test_photos_are_patches_of_two_photographs_that_share_no_pixel_with_those_for_the_test():
    from sklearn.datasets import load_sample_images

    cut = {True: [], False: []}
    for label, photograph in enumerate(load_sample_images().images):
        for left in range(0, 640, 64):  # strips, of which the third and the eighth are for the test
            for across in range(left, left + 33, 8):
                for down in range(0, 427 - 31, 8):
                    patch = photograph[down : down + 32, across : across + 32]
                    cut[left in (128, 448)].append((patch.transpose(2, 0, 1).tobytes(), label))
    images = load_images("photos")
    for x, labels, expected in (
        (images.train, images.train_labels, cut[False]),
        (images.test, images.test_labels, cut[True]),
    ):
        assert x.shape == (len(expected), 3, 32, 32) and x.dtype == torch.float32
        pixels = (x * 255).round().byte().numpy()
        found = [(row.tobytes(), label) for row, label in zip(pixels, labels.tolist(), strict=True)]
        assert sorted(found) == sorted(expected)
        assert 0.3 < labels[:100].float().mean() < 0.7, "the order is random"
    assert (len(images.train), len(images.test)) == (4000, 1000)
    assert images.classes == ("china", "flower") and images.name == "photos"
    assert torch.equal(load_images("photos").train, images.train)


# --- shapes ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shapes():
    return load_images("shapes")


def test_shapes_are_every_combination_of_levels_once(shapes):
    levels = list(data.SHAPE_FACTORS.values())
    assert len(levels) == 5 and len(shapes.factors) == math.prod(levels) == 7200
    assert shapes.factors.min() == 0 and (shapes.factors.amax(0) + 1).tolist() == levels
    assert len(shapes.factors.unique(dim=0)) == 7200
    images = torch.cat([shapes.train, shapes.test])
    assert len((255 * images).round().byte().flatten(1).unique(dim=0)) == 7200  # all look different
    assert images.min() == 0 and images.max() == 1 and images.dtype == torch.float32


def test_shapes_are_drawn_from_their_factors(shapes):
    first = shapes.factors[:6000]
    torch.testing.assert_close(data.draw_shapes(first[:50]), shapes.train[:50], rtol=0, atol=0)
    torch.testing.assert_close(data.draw_shapes(shapes.factors[6000:6050]), shapes.test[:50])
    assert torch.equal(first[:, 0], shapes.train_labels)
    again = load_images("shapes", train_limit=7, test_limit=3)
    assert torch.equal(again.train, shapes.train[:7]) and torch.equal(again.test, shapes.test[:3])
    assert torch.equal(again.factors, torch.cat([first[:7], shapes.factors[6000:6003]]))


def test_each_factor_moves_what_its_name_says():
    levels = list(data.SHAPE_FACTORS.values())
    base = torch.tensor([[0, 2, 1, 4, 5]])
    row, column = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")

    def seen(factor, level):
        changed = base.clone()
        changed[0, factor] = level
        image = data.draw_shapes(changed)[0, 0]
        ink = image.sum()
        return ink.item(), ((image * column).sum() / ink).item(), ((image * row).sum() / ink).item()

    for shape in range(3):  # a centre is where the levels say, in every shape
        base[0, 0] = shape
        for level in range(levels[3]):
            assert seen(3, level)[1:] == pytest.approx((9 + level, 14), abs=0.2)
        for level in range(levels[4]):
            assert seen(4, level)[2] == pytest.approx(9 + level, abs=0.2)
        inks = [seen(1, level)[0] for level in range(levels[1])]
        assert inks == sorted(inks) and inks[-1] > 2.5 * inks[0]
        turned = [seen(2, level)[0] for level in range(levels[2])]
        assert max(turned) < 1.05 * min(turned)  # a turn changes no area
    edge = data.draw_shapes(
        torch.tensor(
            [[s, 3, a, i, j] for s in range(3) for a in range(6) for i in (0, 9) for j in (0, 9)]
        )
    )
    assert edge[..., 0, :].max() == edge[..., -1, :].max() == edge[..., 0].max() == 0  # none is cut


# --- the table of lesson 13 -----------------------------------------------------------------------


def test_the_diamonds_are_a_table_with_47_errors():
    table = data.load_diamonds()
    assert table.rows.shape == (6047, 10) and len(table.columns) == 10
    assert table.wrong.sum() == 47
    kinds = {tuple(type(value) for value in row) for row in table.rows.tolist()}
    assert kinds == {(float, str, str, str, *[float] * 6)}
    lengths = table.rows[:, -3:].astype(float)
    impossible = (lengths == 0).any(1) | (lengths > 20).any(1)
    assert impossible.sum() == 23 and table.wrong[impossible].all()
    assert 0.4 < table.wrong[:3000].sum() / 47 < 0.6, "in random order"
