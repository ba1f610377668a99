"""Data sets whose files were fetched by hand and put where they seemed to belong."""

import gzip
import hashlib

import pytest

from course_utils.data import DataError, DataUnavailable, fetch, loading

CONTENTS = {file: bytes([number]) * 999 for number, file in enumerate(loading.SOURCES["mnist"].md5)}


@pytest.fixture(autouse=True)
def small_and_offline(monkeypatch):
    """A data set of the same names with small files, and no network."""
    md5 = {file: hashlib.md5(contents).hexdigest() for file, contents in CONTENTS.items()}
    source = loading.SOURCES["mnist"]._replace(md5=md5)
    monkeypatch.setitem(loading.SOURCES, "mnist", source)

    def offline(name, root):
        raise DataUnavailable("MNIST could not be downloaded")

    monkeypatch.setattr(loading, "_download", offline)


def put(path, contents):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents)


ARRANGEMENTS = {
    "packed": lambda file: f"MNIST/raw/{file}.gz",
    "dotted": lambda file: f"MNIST/raw/{file.replace('-idx', '.idx')}",
    "dotted and packed": lambda file: f"MNIST/raw/{file.replace('-idx', '.idx')}.gz",
    "a folder each": lambda file: f"MNIST/raw/{file.replace('-idx', '.idx')}/{file}",
    "one folder too high": lambda file: f"MNIST/{file}",
    "two folders too high": lambda file: f"{file}.gz",
    "no folder of its name": lambda file: f"raw/{file}",
    "fetched twice": lambda file: f"MNIST/raw/{file} (1).gz",
    "taken for text": lambda file: f"MNIST/raw/{file}.txt",
    "packed twice": lambda file: f"MNIST/raw/{file}.gz.gz",
    "in small letters": lambda file: f"mnist/raw/{file}",
    "in another folder": lambda file: f"MNIST/processed/{file}",
    "one folder too deep": lambda file: f"MNIST/raw/raw/{file}",
    "an unpacked archive": lambda file: f"archive/{file}/{file}",
    "underlined": lambda file: f"MNIST/raw/{file.replace('-', '_')}",
}


@pytest.mark.parametrize("place", ARRANGEMENTS.values(), ids=ARRANGEMENTS)
def test_what_was_fetched_by_hand_is_found(place, tmp_path):
    for file, contents in CONTENTS.items():
        path, kept = place(file), contents
        for _ in range(path.count(".gz")):
            kept = gzip.compress(kept)
        put(tmp_path / path, kept)
    folder = fetch("mnist", tmp_path)
    assert {file: (folder / file).read_bytes() for file in CONTENTS} == CONTENTS
    assert all((tmp_path / place(file)).exists() for file in CONTENTS), "it stays where it was"
    assert not list(folder.glob(".*"))


def test_cifar_is_found_where_its_archive_was_unpacked(tmp_path, monkeypatch):
    contents = {file: file.encode() for file in loading.SOURCES["cifar10"].md5}
    md5 = {file: hashlib.md5(content).hexdigest() for file, content in contents.items()}
    source = loading.SOURCES["cifar10"]._replace(md5=md5)
    monkeypatch.setitem(loading.SOURCES, "cifar10", source)
    for file, content in contents.items():
        put(tmp_path / "cifar-10-python/cifar-10-batches-py" / file, content)
    folder = fetch("cifar10", tmp_path)
    assert folder == tmp_path / "cifar-10-batches-py"
    assert {file: (folder / file).read_bytes() for file in contents} == contents


def test_the_files_of_another_set_are_left_alone(tmp_path):
    """They have the same names, and are no fault of what is missing."""
    for file in CONTENTS:
        put(tmp_path / "FashionMNIST/raw" / file, b"clothes")
        put(tmp_path / "a/b/c/d/e" / file, CONTENTS[file])  # and nobody looks so deep
    with pytest.raises(DataUnavailable) as error:
        fetch("mnist", tmp_path)
    assert "another file" not in str(error.value)


def test_what_cannot_be_used_is_named_with_its_fault(tmp_path):
    packed, other, *_ = CONTENTS
    put(tmp_path / f"MNIST/raw/{packed}.gz", gzip.compress(CONTENTS[packed])[:-9])
    put(tmp_path / f"MNIST/{other}", b"an error page")
    with pytest.raises(DataUnavailable, match="could not be downloaded") as error:
        fetch("mnist", tmp_path)
    assert f"{packed}.gz cannot be read or unpacked" in str(error.value)
    assert f"{other} is another file than the published one, or not all" in str(error.value)


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path):
    file = next(iter(CONTENTS))
    put(tmp_path / "MNIST/raw" / file / file, CONTENTS[file])
    with pytest.raises(DataError, match="is a folder where a file is expected: move the file"):
        fetch("mnist", tmp_path)


def test_a_packed_file_under_the_name_of_the_unpacked_one_is_named(tmp_path):
    """As some browsers save it. Nothing is written, so that it may be in a folder for reading."""
    for file, contents in CONTENTS.items():
        put(tmp_path / "MNIST/raw" / file, gzip.compress(contents))
    first = next(iter(CONTENTS))
    with pytest.raises(DataError, match=f"{first} is packed by gzip: rename it {first}.gz"):
        fetch("mnist", tmp_path)
    for file, contents in CONTENTS.items():
        assert gzip.decompress((tmp_path / "MNIST/raw" / file).read_bytes()) == contents
        (tmp_path / "MNIST/raw" / file).rename(tmp_path / "MNIST/raw" / f"{file}.gz")
    folder = fetch("mnist", tmp_path)
    assert {file: (folder / file).read_bytes() for file in CONTENTS} == CONTENTS


def test_what_cannot_be_unpacked_where_it_belongs_is_named(tmp_path, monkeypatch):
    def read_only(**where):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", read_only)
    for file, contents in CONTENTS.items():
        put(tmp_path / "MNIST/raw" / f"{file}.gz", gzip.compress(contents))
    with pytest.raises(DataUnavailable, match="could not be downloaded; ") as error:
        fetch("mnist", tmp_path)
    for file in CONTENTS:
        assert f"{file}.gz is the right one, but" in str(error.value)
    assert "cannot be written (Permission denied)" in str(error.value)
