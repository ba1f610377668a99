"""Any folder of pictures: every promise of `load_images("path")`, with real files."""

import io
import os
import re
import shutil
import struct
import tracemalloc
import unicodedata
import zlib
from contextlib import redirect_stderr
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from course_utils.data import DataError, folders, kept, load_images
from course_utils.data.pictures import Unreadable, grey, has_colour, read_picture


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """A data root and a temporary folder of the test's own."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("COURSE_DATASET", raising=False)
    (tmp_path / "temporary").mkdir()
    put_temporary_files_into(tmp_path / "temporary", monkeypatch)


def put_temporary_files_into(place, monkeypatch):
    """Those of the package alone: pytest has its own."""
    monkeypatch.setattr(kept, "tempfile", SimpleNamespace(gettempdir=lambda: str(place)))


@pytest.fixture
def folder(tmp_path):
    """Twenty pictures in colour; by their names two of them are for the test."""
    for number in range(20):
        put(tmp_path / "pictures" / f"{number}.png", noise(6, 8, 3, seed=number))
    return tmp_path / "pictures"


def noise(height, width, channels=3, *, seed=0):
    """Random bytes; without a third axis if there is one channel."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    return pixels[..., 0] if channels == 1 else pixels


def put(path, pixels, **settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **settings)
    return path


def read(path, height, width):
    """(height, width, 3), as Pillow has them."""
    return read_picture(path, (height, width)).transpose(1, 2, 0)


def rows(images):
    """The pictures of both parts as bytes, each once."""
    return {
        bytes((x * 255).round().byte().flatten().tolist()) for x in (*images.train, *images.test)
    }


def assert_same(first, second):
    for field in ("train", "train_labels", "test", "test_labels"):
        assert torch.equal(getattr(first, field), getattr(second, field))


# --- one file -------------------------------------------------------------------------------------

MODES = {
    "RGB": lambda: Image.fromarray(noise(5, 7)),
    "RGBA": lambda: Image.fromarray(np.dstack([noise(5, 7), np.full((5, 7), 255, np.uint8)])),
    "L": lambda: Image.fromarray(noise(5, 7, 1)),
    "LA": lambda: Image.merge("LA", (Image.fromarray(noise(5, 7, 1)), Image.new("L", (7, 5), 255))),
    "P": lambda: Image.fromarray(noise(5, 7)).quantize(16),
    "1": lambda: Image.fromarray(noise(5, 7, 1)).convert("1"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ending", ["png", "webp", "gif"])
def test_a_picture_of_the_right_size_comes_back_pixel_by_pixel(mode, ending, tmp_path):
    image = MODES[mode]()
    if ending == "gif" and mode.startswith("RGB"):
        image = image.convert("RGB").quantize(16)
    path = put(tmp_path / f"a.{ending}", image, **({"lossless": True} if ending == "webp" else {}))
    picture = read_picture(path, (5, 7))
    assert picture.shape == (3, 5, 7) and picture.dtype == np.uint8
    assert np.array_equal(picture.transpose(1, 2, 0), np.asarray(image.convert("RGB")))
    assert has_colour(picture) == (mode in ("RGB", "RGBA", "P"))


def test_a_jpeg_of_the_right_size_is_what_pillow_reads(tmp_path):
    path = put(tmp_path / "a.jpeg", noise(40, 30))
    assert np.array_equal(read(path, 40, 30), np.asarray(Image.open(path)))


# What each of EXIF's orientations has done to the picture `a`, from the standard's own words: where
# the stored row 0 and column 0 belong.
STORED = {
    1: lambda a: a,  # top, left
    2: lambda a: a[:, ::-1],  # top, right
    3: lambda a: a[::-1, ::-1],  # bottom, right
    4: lambda a: a[::-1],  # bottom, left
    5: lambda a: a.swapaxes(0, 1),  # left, top
    6: lambda a: a[:, ::-1].swapaxes(0, 1),  # right, top
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),  # right, bottom
    8: lambda a: a[::-1].swapaxes(0, 1),  # left, bottom
}


@pytest.mark.parametrize("ending", ["png", "webp"])
@pytest.mark.parametrize("orientation", STORED)
def test_a_picture_is_turned_as_its_exif_says(orientation, ending, tmp_path):
    upright, exif = noise(4, 6), Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](upright))
    path = put(tmp_path / f"a.{ending}", stored, exif=exif, lossless=True)
    assert np.array_equal(read(path, 4, 6), upright)


def test_a_large_photograph_is_turned_too(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = np.zeros((600, 800, 3), np.uint8)
    stored[:, :400] = [250, 0, 0]  # the left half, which belongs to the top
    picture = read(put(tmp_path / "a.jpg", stored, exif=exif, quality=95), 8, 6)
    assert (picture[:3, :, 0] > 240).all() and (picture[5:] < 10).all()


def test_damaged_exif_is_passed_over(tmp_path):
    path = put(tmp_path / "a.jpg", noise(8, 8), exif=b"Exif\0\0" + bytes(range(60)))
    assert np.array_equal(read(path, 8, 8), np.asarray(Image.open(path)))


def test_what_pillow_warns_of_and_reads_all_the_same_is_read_in_silence(tmp_path):
    animation = b"acTL" + bytes(8)  # of no frames
    contents = saved(Image.fromarray(noise(8, 8)), "png")
    chunk = struct.pack(">I", 8) + animation + struct.pack(">I", zlib.crc32(animation))
    (tmp_path / "a.png").write_bytes(contents[:33] + chunk + contents[33:])
    with pytest.warns(UserWarning, match="Invalid APNG"):
        Image.open(tmp_path / "a.png").close()
    assert np.array_equal(read(tmp_path / "a.png", 8, 8), noise(8, 8))


def test_transparency_lies_on_white(tmp_path):
    colours, alpha = noise(16, 16), np.arange(256, dtype=np.uint8).reshape(16, 16)
    path = put(tmp_path / "a.png", np.dstack([colours, alpha]))
    share = alpha[..., None] / 255
    assert np.abs(read(path, 16, 16) - (share * colours + (1 - share) * 255)).max() <= 0.51

    image = Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4))
    for mode, clear in (("L", 3), ("P", 3), ("RGB", (3, 3, 3)), ("I;16", 3 * 256 + 3)):
        drawn = Image.fromarray(np.asarray(image).astype(np.uint16) * 257) if "I" in mode else image
        drawn = drawn if "I" in mode else drawn.convert(mode)
        grey_levels = np.asarray(drawn.convert("L") if mode == "P" else image)
        path = put(tmp_path / f"{mode[0]}.png", drawn, transparency=clear)
        expected = np.where(np.asarray(image) == 3, 255, grey_levels)
        assert np.array_equal(read(path, 4, 4), np.repeat(expected[..., None], 3, 2)), mode


def test_sixteen_bits_become_eight(tmp_path):
    values = np.random.default_rng(0).integers(0, 65536, (20, 30)).astype(np.uint16)
    values[0, :2] = 0, 65535
    picture = read(put(tmp_path / "a.png", values), 20, 30)
    assert np.array_equal(picture, np.repeat(np.round(values / 257)[..., None], 3, 2))


def test_of_an_animation_the_first_frame_is_taken(tmp_path):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime", "blue")]
    for ending in ("gif", "webp", "png"):
        path = tmp_path / f"a.{ending}"
        frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
        assert (read(path, 4, 4) == [255, 0, 0]).all(), ending


def test_what_is_printed_in_four_colours(tmp_path):
    image = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    picture = read(put(tmp_path / "a.jpg", image, quality=95), 16, 16)
    assert np.abs(picture.astype(int) - [0, 255, 255]).max() < 5  # cyan, as good as a JPEG has it


@pytest.mark.parametrize("across", [True, False])
def test_a_picture_covers_the_size_and_is_cut_around_its_centre(across, tmp_path):
    stored = np.zeros((40, 80, 3), np.uint8)
    stored[:, :20], stored[:, 20:60], stored[:, 60:] = [255, 0, 0], [0, 255, 0], [0, 0, 255]
    stored = stored if across else stored.swapaxes(0, 1)
    path = put(tmp_path / "a.png", np.ascontiguousarray(stored))
    assert (read(path, 10, 10)[3:-3, 3:-3] == [0, 255, 0]).all()
    whole = read(path, *((20, 40) if across else (40, 20)))
    assert (whole[0, 0] == [255, 0, 0]).all() and (whole[-1, -1] == [0, 0, 255]).all()


def test_reducing_averages(tmp_path):
    """Of a board of black and white pixels nothing is left but grey."""
    board = np.indices((64, 64)).sum(0).astype(np.uint8) % 2 * 255
    assert np.abs(read(put(tmp_path / "a.png", board), 8, 8).astype(int) - 127.5).max() < 3


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 20), st.integers(1, 20))
def test_one_colour_stays_that_colour_at_any_size(height, width, new_height, new_width):
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (10, 128, 250)).save(stream, "png")
    picture = read(stream, new_height, new_width)
    assert picture.shape == (new_height, new_width, 3) and (picture == [10, 128, 250]).all()


def test_a_large_jpeg_read_at_an_eighth_looks_the_same(tmp_path):
    """As one that is read in full and reduced at once, but for two of 255 levels on average."""
    small = Image.fromarray(noise(9, 12))
    path = put(tmp_path / "a.jpg", small.resize((1200, 900), Image.Resampling.BICUBIC), quality=90)
    expected = np.asarray(ImageOps.fit(Image.open(path), (28, 28), Image.Resampling.LANCZOS))
    assert np.abs(read(path, 28, 28).astype(int) - expected).mean() < 3


def test_how_bright_a_colour_is():
    colours = noise(8, 8)
    expected = colours @ [0.299, 0.587, 0.114]
    brightness = grey(colours.transpose(2, 0, 1))
    assert brightness.shape == (1, 8, 8) and np.abs(brightness[0] - expected).max() <= 0.51


# --- files that cannot be read --------------------------------------------------------------------


def saved(image, ending):
    stream = io.BytesIO()
    image.save(stream, "jpeg" if ending == "jpg" else ending)
    return stream.getvalue()


def flipped(contents, place):
    return contents[:place] + bytes([contents[place] ^ 255]) + contents[place + 1 :]


def png_that_claims(width, height):
    """A PNG's beginning, with a right checksum: a picture of this size would follow."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + saved(Image.new("RGB", (1, 1)), "png")[33:]


IMAGE = Image.fromarray(noise(40, 40))
FAULTS = {
    "text.png": (b"these are words", "is no picture"),
    "empty.jpg": (b"", "is no picture"),
    "page.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no picture"),
    "half.jpg": (saved(IMAGE, "jpg")[:-400], "ends too soon"),
    "half.png": (saved(IMAGE, "png")[:-400], "ends too soon"),
    "half.gif": (saved(IMAGE, "gif")[:-400], "ends too soon"),
    "broken.png": (flipped(saved(IMAGE, "png"), 2000), "is damaged"),
    "large.png": (png_that_claims(12_000, 10_000), "has 120 megapixels, more than 89"),
    "huge.png": (png_that_claims(30_000, 30_000), "has 900 megapixels, more than 89"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_that_cannot_be_read_says_why(name, tmp_path):
    contents, reason = FAULTS[name]
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(Unreadable) as error:
        read_picture(tmp_path / name, (4, 4))
    assert str(error.value) == reason


def test_a_file_that_is_gone_says_so(tmp_path):
    with pytest.raises(Unreadable, match=r"^cannot be read: No such file or directory$"):
        read_picture(tmp_path / "a.png", (4, 4))


@given(st.sampled_from(["png", "jpg", "gif", "webp"]), st.data())
def test_a_damaged_file_is_read_or_refused_and_nothing_else(ending, data):
    contents = bytearray(saved(IMAGE, ending))
    for place in data.draw(st.lists(st.integers(0, len(contents) - 1), max_size=5)):
        contents[place] = data.draw(st.integers(0, 255))
    contents = contents[: data.draw(st.integers(0, len(contents)))]
    try:
        assert read_picture(io.BytesIO(contents), (4, 4)).shape == (3, 4, 4)
    except Unreadable as error:
        assert re.match("is |ends |has |cannot ", str(error))


# --- a folder -------------------------------------------------------------------------------------


def test_every_pixel_of_a_folder(folder):
    images = load_images(folder, size=(6, 8))
    assert images.train.shape == (18, 3, 6, 8) and images.test.shape == (2, 3, 6, 8)
    assert images.train.dtype == torch.float32 and images.train_labels.dtype == torch.int64
    assert rows(images) == {
        noise(6, 8, seed=number).transpose(2, 0, 1).tobytes() for number in range(20)
    }
    assert images.name == "pictures" and images.classes is None and images.factors is None
    assert not images.train_labels.any() and not images.test_labels.any()
    assert images.train_labels.shape == (18,) and images.test_labels.shape == (2,)


def test_a_path_may_be_written_in_every_way(folder, monkeypatch):
    expected = load_images(folder)
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.chdir(folder.parent)
    for name in (str(folder), "pictures", "./pictures", "pictures/", "~/pictures"):
        assert_same(load_images(name), expected)
    (folder.parent / "digits").mkdir()
    assert load_images("digits").name == "digits" and len(load_images("digits").train) == 1442


def test_the_size_is_28_unless_another_is_asked_for(folder):
    for size, shape in ((None, (28, 28)), (9, (9, 9)), (np.int64(9), (9, 9)), ([4, 7], (4, 7))):
        assert load_images(folder, size=size).test.shape == (2, 3, *shape)


def test_subfolders_are_classes_in_sorted_order(tmp_path):
    names = ["b/1", "b/deep/2", "é/3", "a/4", "a/5", "b/6", "10", "a/7", "é/8", "b/9"]
    for level, name in enumerate(names):
        put(tmp_path / "p" / f"{name}.png", np.full((2, 2), level, np.uint8))
    images = load_images(tmp_path / "p", size=2)
    assert images.classes == (".", "a", "b", "é")
    levels = (torch.cat([images.train, images.test])[:, 0, 0, 0] * 255).round().int().tolist()
    labels = torch.cat([images.train_labels, images.test_labels]).tolist()
    top = [name.split("/")[0] if "/" in name else "." for name in names]
    assert sorted(levels) == list(range(10))
    assert [images.classes[label] for label in labels] == [top[level] for level in levels]


def test_the_order_is_as_good_as_shuffled(tmp_path):
    for number in range(60):
        put(tmp_path / "p" / "ab"[number // 30] / f"{number}.png", noise(2, 2, seed=number))
    images = load_images(tmp_path / "p", size=2, train_limit=10, test_limit=4)
    assert len(images.train) == 10 and len(images.test) == 4
    assert set(images.train_labels.tolist()) == {0, 1}
    everything = load_images(tmp_path / "p", size=2)
    assert torch.equal(everything.train[:10], images.train)
    assert torch.equal(everything.test_labels[:4], images.test_labels)


def parts(folder):
    """The part and the place of each picture of one grey level: {level: (part, place)}."""
    images = load_images(folder, size=1)
    return {
        round(255 * x.item()): (part, place)
        for part in ("train", "test")
        for place, x in enumerate(getattr(images, part)[:, 0, 0, 0])
    }


def test_adding_a_picture_moves_no_other_and_a_fifth_are_for_the_test(tmp_path):
    for level in range(100):
        put(tmp_path / "p" / f"{level}.png", np.full((1, 1), level, np.uint8))
    before = parts(tmp_path / "p")
    for level in range(100, 256):
        put(tmp_path / "p" / f"{level}.png", np.full((1, 1), level, np.uint8))
    after = parts(tmp_path / "p")
    assert len(before) == 100 and len(after) == 256
    assert {level: after[level][0] for level in before} == {
        level: before[level][0] for level in before
    }
    assert sorted(before, key=before.get) == sorted(before, key=after.get), "nor their order"
    tests = sum(part == "test" for part, _ in after.values())
    assert abs(tests - 256 / 5) < 6 * (256 * 0.2 * 0.8) ** 0.5


def test_the_split_is_the_same_on_every_machine(tmp_path):
    """These were drawn once; and é counts as one letter however a file system spells it."""
    for level in range(20, 30):
        put(tmp_path / "p" / "cafés" / f"{level}.png", np.full((1, 1), level, np.uint8))
    drawn = parts(tmp_path / "p")
    for_test, for_training = [29, 28], [22, 21, 27, 25, 20, 23, 26, 24]
    assert sorted(drawn, key=drawn.get) == [*for_test, *for_training]
    apart = unicodedata.normalize("NFD", "cafés")
    (tmp_path / "p" / "cafés").rename(tmp_path / "p" / apart)
    assert parts(tmp_path / "p") == drawn
    assert load_images(tmp_path / "p").classes == ("cafés",)


@pytest.mark.parametrize(("coloured", "asked", "channels"), [
    (False, None, 1), (True, None, 3), (False, True, 3), (True, False, 1),
])  # fmt: skip
def test_colour_is_kept_if_any_picture_has_some(tmp_path, coloured, asked, channels):
    brightness = {}
    for number in range(20):
        pixels = np.repeat(noise(3, 3, 1, seed=number)[..., None], 3, 2)
        if coloured and number == 7:
            pixels[0, 0] = [200, 10, 10]
        put(tmp_path / "p" / f"{number}.png", pixels)
        brightness[number] = np.asarray(Image.fromarray(pixels).convert("L")).tobytes()
    images = load_images(tmp_path / "p", size=3, colour=asked)
    assert images.train.shape[1] == images.test.shape[1] == channels
    if channels == 1:
        assert rows(images) == set(brightness.values())


def test_a_file_that_cannot_be_read_has_no_colour(tmp_path, monkeypatch):
    for name in "abc":
        put(tmp_path / "p" / f"{name}.png", noise(3, 3, 1))
    (tmp_path / "p" / "d.png").write_text("words")
    used = np.frombuffer(bytearray(range(108)), np.uint8).reshape(4, 3, 3, 3)
    monkeypatch.setattr(folders, "_room", lambda n, size: used)
    assert load_images(tmp_path / "p", size=3).train.shape[1] == 1


# --- what is left out -----------------------------------------------------------------------------


def test_what_cannot_be_read_is_named_in_one_line(folder, capfd):
    for name, (contents, _) in list(FAULTS.items())[:5]:
        (folder / name).write_bytes(contents)
    images = load_images(folder, size=(6, 8))
    assert len(images.train) == 18 and len(images.test) == 2
    assert capfd.readouterr() == (
        "5 of 25 files could not be read and were left out: empty.jpg (is no picture), half.jpg "
        "(ends too soon), half.png (ends too soon) and 2 more\n",
        "",
    )
    for name in list(FAULTS)[1:5]:
        (folder / name).unlink()
    load_images(folder, size=(6, 8))
    line = "1 of 21 files could not be read and was left out: text.png (is no picture)\n"
    assert capfd.readouterr() == (line, "")


def test_links_are_not_followed(folder, tmp_path, capfd):
    outside = put(tmp_path / "outside" / "secret.png", noise(6, 8, seed=99))
    (folder / "link.png").symlink_to(outside)
    (folder / "linked").symlink_to(outside.parent)
    (folder / "round").symlink_to(folder)
    (folder / "nowhere.jpg").symlink_to(tmp_path / "nothing")
    images = load_images(folder, size=(6, 8))
    assert len(rows(images)) == 20 and noise(6, 8, seed=99).tobytes() not in rows(images)
    assert capfd.readouterr() == ("4 links were not followed\n", "")
    for name in ("linked", "round", "nowhere.jpg"):
        (folder / name).unlink()
    (folder / "text.png").write_text("words")
    load_images(folder)
    assert capfd.readouterr().out.endswith("text.png (is no picture); 1 link was not followed\n")


def test_the_folder_itself_may_be_a_link(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert_same(load_images(tmp_path / "link"), load_images(folder))


def test_what_is_no_picture_by_its_name_is_no_fault(folder, capfd):
    for name in (".hidden.png", "__MACOSX/._1.png", ".cache/2.jpg", "Thumbs.db", "notes.txt", "x"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("words")
    put(folder / "A PICTURE.PNG", noise(6, 8, seed=30))
    images = load_images(folder, size=(6, 8))
    assert len(images.train) + len(images.test) == 21 and images.classes is None
    assert capfd.readouterr() == ("", "")


def test_a_pipe_is_not_waited_for(folder, capfd):
    os.mkfifo(folder / "pipe.png")
    load_images(folder)
    assert "1 of 21 files" in (line := capfd.readouterr().out) and "pipe.png (is no file)" in line


def test_a_subfolder_that_cannot_be_opened_is_named(folder, capfd, monkeypatch):
    (folder / "sub").mkdir()
    scandir = os.scandir

    def refused(path):  # permissions do not bind the superuser
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    assert len(load_images(folder).train) == 18
    assert "sub/ (cannot be read: Permission denied)" in capfd.readouterr().out


def test_a_file_that_vanishes_is_named(folder, capfd, monkeypatch):
    lstat = os.lstat

    def gone(path):
        if str(path).endswith("7.png"):
            raise FileNotFoundError(2, "No such file or directory", path)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", gone)
    load_images(folder)
    assert "2 of 20 files" in (line := capfd.readouterr().out)
    assert "17.png (cannot be read: No such file or directory), 7.png" in line


def test_names_may_be_in_any_script(tmp_path, capfd):
    names = ["кот", "猫 🐈", "ब", "قطة", "line\nbreak", "'\"", "%s{}", "é" * 100]
    for number, name in enumerate(names):
        put(tmp_path / "p" / name / f"{name}.png", noise(2, 2, seed=number))
    for name in (b"not \xff text.png", b"line\nbreak.png"):
        with open(os.path.join(os.fsencode(tmp_path / "p"), name), "wb") as stream:
            stream.write(b"words")
    for _ in range(2):
        images = load_images(tmp_path / "p", size=2)
        assert len(rows(images)) == len(names) and set(images.classes) == {".", *names}
        assert capfd.readouterr().out == (
            "2 of 10 files could not be read and were left out: "
            "line?break.png (is no picture), not ? text.png (is no picture)\n"
        )


# --- folders that are refused ---------------------------------------------------------------------


def test_folders_that_are_refused_in_one_sentence(tmp_path, capfd):
    picture = put(tmp_path / "one" / "a.png", noise(2, 2))
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.png").write_text("words")
    for name in "acd":
        put(tmp_path / "few" / f"{name}.png", noise(2, 2))
    sentences = {
        "empty": "has no picture that can be read: expected two or more files .jpg",
        "one": "has one picture that can be read: expected two or more",
        "broken": r"has no picture that can be read \(1 of 1 files .* a.png \(is no picture\)\): ",
        "few": "has 3 pictures, and their names put 3 into training and 0 into the test: .* add",
        "nowhere": "is no folder: expected one with pictures in it",
        "one/a.png": f"is a file: expected a folder of pictures, .* {picture.parent}",
        "nul\0": "is no folder",
        "long" * 99: "is no folder",
    }
    for name, sentence in sentences.items():
        with pytest.raises(DataError, match=sentence) as error:
            load_images(tmp_path / name)
        assert "\n" not in str(error.value) and str(tmp_path / name) in str(error.value)
        assert error.value.__cause__ is None
    assert capfd.readouterr() == ("", "")
    assert not (tmp_path / "nowhere").exists()


def test_two_pictures_will_do(tmp_path):
    for name in "ab":
        put(tmp_path / "p" / f"{name}.png", noise(2, 2))
    images = load_images(tmp_path / "p")
    assert len(images.train) == len(images.test) == 1


@pytest.mark.parametrize("size", [0, -3, True, 2.5, "28", (28,), (28, 0), (1, 2, 3), None])
def test_a_size_is_one_or_two_whole_numbers(folder, size, unchecked):
    if size is None:
        assert load_images(folder, size=size).test.shape[2:] == (28, 28)
    else:
        with pytest.raises(ValueError, match=r"^size is .*; expected a whole number of pixels"):
            load_images(folder, size=size)


def test_a_size_beyond_all_memory(folder):
    for size in (10**7, 10**12):
        with pytest.raises(ValueError, match="20 pictures of it need more memory than there is"):
            load_images(folder, size=size)


def test_colour_is_yes_no_or_none(folder, unchecked):
    with pytest.raises(ValueError, match=r"^colour is 'yes'; expected True, False, or None"):
        load_images(folder, colour="yes")


@pytest.mark.parametrize(("argument", "value"), [("size", 28), ("colour", True)])
@pytest.mark.parametrize("name", ["auto", "mnist", "digits", "photos"])
def test_a_set_of_its_own_size_and_colour_is_asked_for_no_other(name, argument, value):
    with pytest.raises(ValueError, match=rf"^{argument} is {value}, but '{name}' has its own: "):
        load_images(name, **{argument: value})


def test_a_name_misspelt_is_told_how_a_folder_is_named():
    with pytest.raises(ValueError, match=r"^name is 'mnits'; .* or a folder .*, as \./mnits$"):
        load_images("mnits")


def test_limits_are_checked_first(folder):
    with pytest.raises(ValueError, match="train_limit is 0"):
        load_images(folder, train_limit=0)


# --- what is kept ---------------------------------------------------------------------------------


@pytest.fixture
def opened(monkeypatch):
    """The names of the files that are read from here on."""
    names = []

    def reading(path, size):
        names.append(path.name)
        return read_picture(path, size)

    monkeypatch.setattr(folders, "read_picture", reading)
    return names


def archives(tmp_path):
    return sorted((tmp_path / "data" / "pictures").iterdir())


def test_an_unchanged_folder_is_not_read_again(folder, opened, tmp_path):
    first = load_images(folder)
    assert len(opened) == 20 and len(archives(tmp_path)) == 1
    assert_same(load_images(folder), first)
    assert load_images(folder, colour=False).train.shape == (18, 1, 28, 28)
    assert len(opened) == 20
    for size in (9, (9, 8), 9, (9, 8)):
        load_images(folder, size=size)
    load_images(shutil.copytree(folder, tmp_path / "copy"))
    assert len(opened) == 80, "another size, another width, another folder"
    assert not list((tmp_path / "temporary").iterdir())


def test_only_what_is_new_or_has_changed_is_read(folder, opened):
    load_images(folder, size=(6, 8))
    opened.clear()
    put(folder / "new.png", noise(6, 8, seed=50))
    put(folder / "3.png", noise(6, 8, seed=51))
    (folder / "5.png").unlink()
    (folder / "8.png").rename(folder / "sub.png")
    images = load_images(folder, size=(6, 8))
    assert sorted(opened) == ["3.png", "new.png", "sub.png"]
    assert rows(images) == {
        noise(6, 8, seed=seed).transpose(2, 0, 1).tobytes()
        for seed in {*range(20), 50, 51} - {3, 5}
    }
    opened.clear()
    assert_same(load_images(folder, size=(6, 8)), images)
    assert not opened


def test_a_changed_file_of_the_same_length_is_read_again(folder, opened):
    load_images(folder)
    opened.clear()
    facts = (folder / "3.png").stat()
    os.utime(folder / "3.png", ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    load_images(folder)
    assert opened == ["3.png"]


def test_what_was_read_in_another_manner_is_read_again(folder, opened, monkeypatch):
    load_images(folder)
    monkeypatch.setattr(kept, "MANNER", "0")
    load_images(folder)
    assert len(opened) == 40


def test_what_could_not_be_read_is_tried_again(folder, opened, capfd):
    (folder / "text.png").write_text("words")
    load_images(folder)
    opened.clear()
    load_images(folder)
    assert opened == ["text.png"] and capfd.readouterr().out.count("1 of 21 files") == 2


def test_a_damaged_archive_is_as_good_as_none(tmp_path, opened):
    for name in "ab":
        put(tmp_path / "p" / f"{name}.png", noise(1, 2))
    expected = load_images(tmp_path / "p", size=(1, 2))
    (archive,) = archives(tmp_path)
    whole = archive.read_bytes()
    damaged = [whole[:place] for place in range(0, len(whole), 7)]
    damaged += [flipped(whole, place) for place in range(len(whole))]
    for contents in damaged:
        archive.write_bytes(contents)
        assert_same(load_images(tmp_path / "p", size=(1, 2)), expected)
    assert len(opened) > len(damaged), "most damage is noticed, and both files read anew"


def test_an_archive_of_other_pictures_is_passed_over(folder, tmp_path, opened):
    load_images(folder)
    load_images(folder, size=9)
    opened.clear()
    large, small = sorted(archives(tmp_path), key=lambda path: -path.stat().st_size)
    contents = large.read_bytes()
    shutil.copy(small, large)
    assert load_images(folder).train.shape == (18, 3, 28, 28) and len(opened) == 20
    small.write_bytes(contents)
    assert load_images(folder, size=9).train.shape == (18, 3, 9, 9) and len(opened) == 40


def test_a_damaged_archive_in_the_second_place_spoils_nothing(folder, tmp_path, opened):
    expected = load_images(folder)
    (archive,) = archives(tmp_path)
    (second,) = kept.shelf_of(folder, (28, 28), None).places[1:]
    second.mkdir(parents=True)
    contents = archive.read_bytes()
    (second / archive.name).write_bytes(flipped(contents, len(contents) // 2))
    assert_same(load_images(folder), expected)


def test_what_was_read_before_an_interruption_is_kept(folder, opened, monkeypatch):
    reading = folders.read_picture

    def interrupted(path, size):
        if len(opened) == 12:
            raise KeyboardInterrupt
        return reading(path, size)

    monkeypatch.setattr(folders, "read_picture", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_images(folder, size=(6, 8))
    monkeypatch.setattr(folders, "read_picture", reading)
    images = load_images(folder, size=(6, 8))
    assert len(opened) == 20 == len(set(opened))
    assert rows(images) == {noise(6, 8, seed=n).transpose(2, 0, 1).tobytes() for n in range(20)}


def test_where_the_data_root_is_for_reading_the_temporary_folder_serves(
    folder, tmp_path, opened, capfd
):
    (tmp_path / "data").write_text("not a folder")
    expected = load_images(folder)
    line = capfd.readouterr().out
    assert line.count("\n") == 1 and f"{tmp_path / 'data'}" in line
    assert "cannot be written" in line and f"are kept in {tmp_path / 'temporary'}" in line
    opened.clear()
    assert_same(load_images(folder), expected)
    assert not opened and capfd.readouterr() == ("", "")


def test_where_nothing_can_be_written_pictures_are_read_each_time(
    folder, tmp_path, opened, capfd, monkeypatch
):
    for name in ("data", "nothing"):
        (tmp_path / name).write_text("not a folder")
    put_temporary_files_into(tmp_path / "nothing", monkeypatch)
    for count in (20, 40):
        assert len(load_images(folder).train) == 18 and len(opened) == count
        line = capfd.readouterr().out
        assert line.count("\n") == 1 and line.endswith("will be read again next time\n")


def test_a_full_disk_leaves_no_half(folder, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    load_images(folder)
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


def test_nothing_is_written_beside_the_pictures(folder):
    before = sorted(folder.rglob("*"))
    load_images(folder)
    assert sorted(folder.rglob("*")) == before


def test_only_their_owner_may_look_at_what_is_kept(folder, tmp_path):
    load_images(folder)
    (archive,) = archives(tmp_path)
    assert archive.stat().st_mode & 0o777 == 0o600


def test_reading_takes_no_more_memory_than_the_resized_bytes(folder, tmp_path):
    """Also where they are read from what was kept; beside them, a picture and some housekeeping."""
    folder, size = folder.resolve(), (300, 300)
    shelf = kept.shelf_of(folder, size, None)
    for _ in ("from the files", "from what was kept"):
        files = folders._look(folder).files
        tracemalloc.start()
        pixels, faults = folders._read(folder, files, size, shelf)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert not faults and pixels.nbytes == 20 * 3 * 300 * 300
        assert peak < pixels.nbytes + 6 * pixels[0].nbytes


# --- the line that shows how far it is ------------------------------------------------------------


def test_a_bar_shows_how_far_reading_has_come(folder, monkeypatch):
    monkeypatch.delenv("COURSE_QUIET", raising=False)
    with redirect_stderr(io.StringIO()) as quick:
        load_images(folder)
    assert quick.getvalue() == "", "what is done within a second needs no bar"
    monkeypatch.setattr(folders, "PATIENCE", 0)
    with redirect_stderr(io.StringIO()) as slow:
        load_images(folder, size=9)
    assert re.search(r"0 of 20 pictures read · 00:00 done", slow.getvalue())
    assert slow.getvalue().endswith("\r"), "and it is gone at the end"
    monkeypatch.setenv("COURSE_QUIET", "1")
    with redirect_stderr(io.StringIO()) as quiet:
        load_images(folder, size=10)
    assert quiet.getvalue() == ""
