"""Bytes that are floats wherever anybody looks: held against an ordinary tensor of the floats."""

import copy
import io
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from course_utils import VAE, fit, negative_elbo
from course_utils.data import compact, load_images
from course_utils.data.compact import Compact, as_floats

N = 30
PIXELS = torch.randint(
    0, 256, (N, 1, 4, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
FLOATS = PIXELS.double().div(255).float()


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """So that ten pictures are many, and nine are few."""
    monkeypatch.setattr(compact, "SMALL", 10 * 12)


@pytest.fixture
def images():
    return as_floats(PIXELS.clone())


def rows(*shape):
    return torch.arange(torch.Size(shape).numel()).view(shape) % N


WHOLE = {
    "mean": lambda x: x.mean(),
    "sum over features": lambda x: x.flatten(1).sum(1),
    "largest": lambda x: x.max(dim=0).values,
    "range": lambda x: torch.stack(x.aminmax()),
    "range along an axis": lambda x: torch.stack(x.aminmax(dim=0)),
    "arithmetic": lambda x: 1 - x / 2 + x**2,
    "from the left": lambda x: torch.ones(3) * x,
    "comparison": lambda x: (x > 0.5).float(),
    "where": lambda x: torch.where(x > 0.5, 1, x),
    "stacked": lambda x: torch.cat([x, x[:3], x]),
    "a list of them": lambda x: torch.stack([x, x]),
    "product": lambda x: x.flatten(1) @ x.flatten(1).T,
    "layer": lambda x: F.linear(x.flatten(1), torch.ones(2, 12)),
    "network": lambda x: nn.Sequential(nn.Flatten(), nn.ReLU())(x),
    "convolution": lambda x: F.conv2d(x, torch.ones(2, 1, 2, 2)),
    "noise": lambda x: x + torch.randn(x.shape, generator=torch.Generator().manual_seed(1)),
    "like it": lambda x: torch.zeros_like(x) + torch.ones_like(x),
    "shuffled axes": lambda x: x.permute(0, 2, 3, 1).transpose(1, 2).mT,
    "sorted": lambda x: x.sort(dim=0).values,
    "linear algebra": lambda x: torch.linalg.svdvals(x.flatten(1)),
    "as doubles": lambda x: x.double(),
    "of another's type": lambda x: x.type_as(torch.zeros(1, dtype=torch.float64)),
    "a copy": lambda x: x.clone(),
    "detached": lambda x: x.detach(),
    "an array": lambda x: torch.from_numpy(x.numpy().copy()),
    "numpy's array": lambda x: torch.from_numpy(np.asarray(x).copy()),
    "numpy's mean": lambda x: torch.tensor(np.mean(x.numpy())),
    "a list": lambda x: torch.tensor(x.tolist()),
    "as_tensor": lambda x: torch.as_tensor(x) * 1,
    "as_tensor of doubles": lambda x: torch.as_tensor(x, dtype=torch.float64),
    "asarray": lambda x: torch.asarray(x) * 1,
    "tensor": lambda x: torch.cat([torch.as_tensor(x)]),
    "of another library": lambda x: torch.from_dlpack(x),
    "a deep copy": copy.deepcopy,
    "pickled": lambda x: pickle.loads(pickle.dumps(x)),
    "kept in a file": lambda x: torch.load(kept(x)),
    "mapped": lambda x: torch.vmap(lambda row: row.sum() + row)(x),
    "differentiated": lambda x: torch.func.grad(lambda x: (x**3).sum())(x),
    "bits": lambda x: x.contiguous().view(torch.int32),
    "bits, by name": lambda x: x.view(dtype=torch.int32),
    "as text": lambda x: torch.tensor([*repr(x).encode()]),
    "in a loop": lambda x: torch.stack([row.sum() for row in x]),
    "one by one": lambda x: torch.stack([x[k].sum() for k in range(len(x))]),
    "in batches": lambda x: torch.cat([*DataLoader(x, batch_size=12)]),
    "in batches, with labels": lambda x: torch.cat(
        [batch for batch, _ in DataLoader(TensorDataset(x, torch.arange(N)), batch_size=12)]
    ),
}
PARTS = {
    "one": lambda x: x[3],
    "a pixel": lambda x: x[3, 0, 2, 1],
    "some": lambda x: x[:9],
    "many": lambda x: x[5:],
    "backwards": lambda x: x[range(N - 1, -1, -1)],
    "chosen by number": lambda x: x[rows(25)],
    "chosen in a table": lambda x: x[rows(5, 5)],
    "chosen by a mask": lambda x: x[torch.arange(N) % 3 > 0],
    "index_select": lambda x: x.index_select(0, rows(25)),
    "a new axis": lambda x: x[:, None],
    "the last axis": lambda x: x[..., 1:],
    "flat": lambda x: x.flatten(1),
    "flat, by torch": lambda x: torch.flatten(x, 1),
    "reshaped": lambda x: x.reshape(-1, 6),
    "viewed": lambda x: x.view(N, 12),
    "split": lambda x: x.split(12)[1],
    "in chunks": lambda x: x.chunk(2)[1],
    "squeezed": lambda x: x.squeeze(1).unsqueeze(0),
    "part of a part": lambda x: x[2:].flatten(1)[3:, 1:],
    "moved nowhere": lambda x: x.to("cpu").float().cpu().to(torch.float32),
}


def kept(x):
    file = io.BytesIO()
    torch.save(x, file)
    file.seek(0)
    return file


@pytest.mark.parametrize("look", [*WHOLE.values(), *PARTS.values()], ids=[*WHOLE, *PARTS])
def test_it_is_the_tensor_of_floats(images, look):
    found, expected = look(images), look(FLOATS)
    assert found.dtype == expected.dtype and found.shape == expected.shape
    assert torch.equal(found, expected)
    assert torch.equal(torch.as_tensor(np.asarray(found)), expected)
    assert images.inside.dtype == torch.uint8, "looking changes nothing"


@pytest.mark.parametrize("look", WHOLE.values(), ids=WHOLE)
def test_what_is_computed_of_it_is_an_ordinary_tensor(images, look):
    found = look(images)
    assert type(found) is Tensor or torch.equal(found, FLOATS)  # as_tensor may give it itself


@pytest.mark.parametrize("look", PARTS.values(), ids=PARTS)
def test_large_parts_stay_bytes_and_small_ones_are_floats(images, look):
    part = look(images)
    assert (type(part) is Tensor) == (part.numel() < compact.SMALL)


def test_a_part_shares_the_bytes_of_the_whole(images):
    place = images.inside.untyped_storage().data_ptr()
    for part in (images[3:], images.flatten(1), images.view(N, -1), images.split(15)[1]):
        assert part.inside.untyped_storage().data_ptr() == place


def test_what_it_says_of_itself_is_what_the_floats_would_say(images):
    for ask in (
        lambda x: (x.dtype, x.shape, x.device, x.ndim, x.dim(), x.size(), x.size(0), len(x)),
        lambda x: (x.numel(), x.nelement(), x.element_size(), x.nbytes, x.layout, x.stride()),
        lambda x: (x.is_floating_point(), torch.is_floating_point(x), x.is_complex(), x.type()),
        lambda x: (x.requires_grad, x.is_leaf, x.grad, x.is_contiguous(), x.is_inference()),
        lambda x: (torch.is_tensor(x), isinstance(x, Tensor), torch.numel(x), x.is_cuda),
    ):
        assert ask(images) == ask(FLOATS)
    assert hash(images) == hash(images) and images in {images} and images is not images[:]


def write_out(x):
    torch.add(x, 1, out=x)


def add(x):
    x += 1
    return x


WRITING = {
    "one": lambda x: x.__setitem__(0, 0.5),
    "by a mask": lambda x: x.__setitem__(x > 0.5, 0.25),
    "in place": lambda x: x.mul_(2).clamp_(0, 1),
    "out": write_out,
    "+=": add,
    "filled": lambda x: x.copy_(torch.ones(N, 1, 4, 3)),
    "data": lambda x: setattr(x, "data", torch.ones(2, 2)),
}


@pytest.mark.parametrize("write", WRITING.values(), ids=WRITING)
def test_what_is_written_stays_written_and_goes_into_no_byte(write):
    pixels, expected = PIXELS.clone(), FLOATS.clone()
    images = as_floats(pixels)
    write(expected)
    found = write(images)
    for x in (images, images if found is None else found):
        assert torch.equal(x, expected) and x.shape == expected.shape
        assert torch.equal(x[:1] * 2, expected[:1] * 2)
    assert torch.equal(pixels, PIXELS)


@pytest.mark.parametrize("part", [lambda x: x[:3], lambda x: x[3:], lambda x: x.numpy()])
def test_what_is_written_into_a_part_does_not_change_the_whole(images, part):
    part(images)[:] = 0.5
    assert torch.equal(images, FLOATS)


def test_it_can_be_learned_from(images):
    images.requires_grad_()
    (images**2).sum().backward()
    assert images.requires_grad and torch.equal(images.grad, 2 * FLOATS)
    weight = torch.ones(12, requires_grad=True)
    (as_floats(PIXELS).flatten(1) @ weight).sum().backward()
    torch.testing.assert_close(weight.grad, FLOATS.flatten(1).sum(0))


@pytest.mark.parametrize("together", [False, True])
def test_training_is_the_same_to_the_last_bit(images, together):
    objective, histories = negative_elbo(), []
    for x in (images, FLOATS):
        model = VAE.dense(2, (8,), input_shape=(1, 4, 3), seed=0)
        data = (x, torch.arange(N)) if together else x
        loss = (lambda model, x, y: objective(model, x)) if together else objective
        history = fit(model, loss, data, epochs=2, batch_size=8, val=data, progress=False)
        histories.append((history.terms, [p.tolist() for p in model.parameters()]))
    assert histories[0] == histories[1]
    assert images.inside.dtype == torch.uint8


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what is mapped")
def test_mnist_is_its_file_mapped_into_memory(monkeypatch):
    """So that all processes of a machine have its bytes in common."""
    try:
        images = load_images("mnist")
    except ValueError:
        pytest.skip("there is no MNIST here")
    for part, file in ((images.train, "train-images"), (images.test, "t10k-images")):
        assert isinstance(part, Compact) and part.inside.dtype == torch.uint8
        address = part.inside.data_ptr()
        maps = [line.split() for line in Path("/proc/self/maps").read_text().splitlines()]
        ends = {tuple(int(end, 16) for end in words[0].split("-")): words[-1] for words in maps}
        held = [name for (low, high), name in ends.items() if low <= address < high]
        assert file in held[0]


def test_few_pictures_are_an_ordinary_tensor():
    assert type(as_floats(PIXELS[:9])) is Tensor
    assert torch.equal(as_floats(PIXELS[:9]), FLOATS[:9])
