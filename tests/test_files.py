"""A model in a file: every bit of it, who may read it, and where it lies.

That a file that is damaged or foreign is refused is tested in test_training.py.
"""

import json
import os
import pathlib

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from course_utils import (
    VQVAE,
    Autoencoder,
    PeekingVAE,
    fit,
    load,
    reconstruction,
    save,
)

FEATURES = 6


@pytest.fixture
def x():
    return torch.rand(100, FEATURES, generator=torch.Generator().manual_seed(0))


def build(seed=0):
    return Autoencoder.dense(3, (8,), input_shape=(FEATURES,), seed=seed)


def same(a, b):
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


PRECISIONS = {
    "float64": lambda model: model.double(),
    "float16": lambda model: model.half(),
    "bfloat16": lambda model: model.bfloat16(),
    "mixed": lambda model: (model.encoder.double(), model.decoder.bfloat16()),
}
KEPT = {
    "dense": lambda: Autoencoder.dense(2, (4,)),
    "convolutions, with buffers": lambda: Autoencoder.conv(2, (2, 3)),
    "tied": lambda: Autoencoder.dense(2, (4,), tied=True),
    "a mask": lambda: PeekingVAE.dense(2, (4,), channels=2),
    "a codebook of averages": lambda: VQVAE.conv(4, 2, (2,), decay=0.9, restart=3),
}


@pytest.mark.parametrize("precision", PRECISIONS.values(), ids=PRECISIONS)
@pytest.mark.parametrize("build", KEPT.values(), ids=KEPT)
def test_every_precision_is_kept_bit_for_bit(build, precision, tmp_path):
    model = build()
    model(torch.rand(4, 1, 28, 28))  # moves the buffers
    precision(model)
    save(model, tmp_path / "model")
    loaded = load(tmp_path / "model")
    for (name, mine), theirs in zip(
        model.state_dict().items(), loaded.state_dict().values(), strict=True
    ):
        assert mine.dtype == theirs.dtype and torch.equal(mine, theirs), name
    grads = [[p.requires_grad for p in m.parameters()] for m in (model, loaded)]
    assert grads[0] == grads[1]


def test_a_loaded_model_is_no_window_to_the_file(x, tmp_path):
    path = tmp_path / "model"
    save(build(seed=1), path)
    before, loaded = path.read_bytes(), load(path)
    fit(loaded, reconstruction, x, epochs=1)
    assert path.read_bytes() == before
    path.write_bytes(b"overwritten in place")
    assert loaded.reconstruct(x).isfinite().all()


def test_one_flipped_bit_anywhere_is_noticed(tmp_path, unchecked):
    path = tmp_path / "model"
    save(Autoencoder.linear(1, input_shape=(2,)), path)
    whole = path.read_bytes()
    for position in range(0, 8 * len(whole), 3):  # of each byte some bit, and of three, every bit
        damaged = bytearray(whole)
        damaged[position // 8] ^= 1 << position % 8
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="is damaged or was not written"):
            load(path)


def test_a_file_from_before_there_was_a_checksum_is_taken(tmp_path):
    path = tmp_path / "model"
    save_file(build().state_dict(), path, metadata={"recipe": json.dumps(build().recipe)})
    assert same(load(path), build())


def test_a_compiled_model_is_saved_as_what_was_compiled(x, tmp_path):
    model = build(seed=2)
    save(torch.compile(model), tmp_path / "model")
    assert torch.equal(load(tmp_path / "model").reconstruct(x), model.reconstruct(x))


@pytest.mark.parametrize(
    ("call", "sentence"),
    {
        "changed places": (lambda path: save(str(path), build()), r"call save\(model, path\)"),
        "weights": (lambda path: save(build().state_dict(), path), "hand over the model itself"),
        "a model to load": (
            lambda path: load(build()),
            "path is an Autoencoder; expected",
        ),
    }.values(),
)
def test_what_is_no_model_or_no_path_is_named(call, sentence, tmp_path, unchecked):
    with pytest.raises(ValueError, match=sentence) as error:
        call(tmp_path / "model")
    assert "\n" not in str(error.value) and list(tmp_path.iterdir()) == []


CHANGES = {
    "the layer 'decoder.0'": lambda model: model.decoder.__setitem__(0, nn.Identity()),
    "the layer 'extra'": lambda model: model.add_module("extra", nn.ReLU()),
    "the weight 'encoder.1.weight'": lambda model: model.encoder.__setitem__(1, nn.Linear(3, 2)),
    "the weight 'spread'": lambda model: model.register_buffer("spread", torch.ones(1)),
    "the setting 'output'": lambda model: setattr(model, "output", "sigmoid"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_load_would_not_build_is_not_saved(what, tmp_path):
    model = Autoencoder.linear(2)
    CHANGES[what](model)
    with pytest.raises(ValueError, match=f"{what} of this Autoencoder is not what Autoencoder"):
        save(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def permissions(path):
    return path.stat().st_mode & 0o777


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize("umask", [0o022, 0o027, 0o002, 0o077])
def test_a_saved_file_has_the_permissions_of_an_ordinary_one(umask, tmp_path):
    before = os.umask(umask)
    try:
        (tmp_path / "ordinary").touch()
        save(build(), tmp_path / "model")
    finally:
        os.umask(before)
    assert permissions(tmp_path / "model") == permissions(tmp_path / "ordinary") == 0o666 & ~umask


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize("mode", [0o664, 0o600, 0o666, 0o640])
def test_a_file_that_is_replaced_hands_on_its_permissions(mode, tmp_path):
    (tmp_path / "old").touch()
    (tmp_path / "old").chmod(mode)
    (tmp_path / "link").symlink_to("old")
    save(build(seed=1), tmp_path / "link")
    assert permissions(tmp_path / "old") == mode
    assert same(load(tmp_path / "old"), build(seed=1))
    assert (tmp_path / "link").is_symlink()


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    save(build(seed=1), "~/models/model")
    assert (tmp_path / "home" / "models" / "model").is_file() and not (tmp_path / "~").exists()
    assert same(load(pathlib.Path("~/models/model")), build(seed=1))


def test_a_path_that_is_no_file_is_answered_with_a_sentence(tmp_path, unchecked, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("models").mkdir()
    pathlib.Path("file").touch()
    for folder in ("models", "models/", "", pathlib.Path(), "~"):
        with pytest.raises(ValueError, match="is a folder; give the name of a file in it, such as"):
            save(build(), folder)
        with pytest.raises(FileNotFoundError, match="which is a folder: give the name of a file"):
            load(folder)
    os.mkfifo("pipe")
    with pytest.raises(ValueError, match="pipe is no ordinary file; choose another name"):
        save(build(), "pipe")
    for below in ("file/model", "file/further/model"):
        with pytest.raises(ValueError, match="is no folder, so model cannot be written there"):
            save(build(), below)
    for wrong in (3, None, "~nobody_of_this_name/model"):
        for call in (lambda path: save(build(), path), load):
            with pytest.raises(ValueError, match="expected the name of a file"):
                call(wrong)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "models", "pipe"]
