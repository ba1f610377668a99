"""A file of tensors and facts under one seal: written whole or not at all, refused if damaged.

It is a safetensors file, whose header has the facts as JSON, and with them a checksum of the whole
file. Nothing in it is ever executed.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_utils._named import named

BLANK = 64 * "0"  # where the checksum of a file goes, while that checksum is computed


def fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """A checksum of names, kinds, shapes and every bit, in this order: SHA-256."""
    seal = hashlib.sha256()
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        seal.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        seal.update(tensor.flatten().view(torch.uint8).numpy())
    return seal.hexdigest()


def write_sealed(
    path: str | os.PathLike[str], tensors: Mapping[str, Tensor], name: str, facts: dict[str, Any]
) -> None:
    """Write the file beside its place, and then move it, so that a crash leaves no half of it.

    Others may read it as they may any file you write, or as they might the one that it replaces.

    Args:
        name: of the facts in the header.

    Raises:
        ValueError: if the path is that of a folder, or leads through something that is none.
    """
    from safetensors.torch import save_file

    path = _place_for(path)
    copies = {
        key: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for key, tensor in tensors.items()
    }
    temporary = path.with_name(f"{secrets.token_hex(8)}.tmp")
    temporary.touch(exist_ok=False)
    mode = (path if path.exists() else temporary).stat().st_mode
    try:
        save_file(copies, temporary, metadata={name: json.dumps({**facts, "checksum": BLANK})})
        contents = temporary.read_bytes()
        checksum = hashlib.sha256(contents).hexdigest().encode()
        temporary.write_bytes(contents.replace(BLANK.encode(), checksum, 1))
        temporary.chmod(mode & 0o777)  # save_file writes files that only their owner may read
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_sealed(path: Path, name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The facts of this name and the tensors in a file, all of whose bits are held to its checksum.

    A file from before there was a checksum is taken without. Use it within `damage_named`.
    """
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        facts = json.loads((file.metadata() or {})[name])
        if "checksum" in facts:
            checksum = str(facts.pop("checksum")).encode()
            contents = path.read_bytes().replace(checksum, BLANK.encode(), 1)
            if hashlib.sha256(contents).hexdigest().encode() != checksum:
                raise ValueError("its checksum is another: some bits of it have changed")
        return facts, {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118


@contextmanager
def damage_named(path: Path, otherwise: str, cure: str = "") -> Iterator[None]:
    """What goes wrong inside, because a file is not what it should be, as one sentence.

    Raises:
        ValueError: "path is damaged or `otherwise` (the reason)", and the cure.
    """
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, LookupError, TypeError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path} is damaged or {otherwise} ({error}){cure}") from error


def existing(path: str | os.PathLike[str], what: str, written_by: str) -> Path:
    """The path of a file that is there, ~ read as the home folder.

    Raises:
        FileNotFoundError: if there is none, or a folder.
    """
    path = expanded(path)
    if path.is_dir():
        raise FileNotFoundError(
            f"no {what} at {path}, which is a folder: give the name of a file in it; write one "
            f"with {written_by}"
        )
    if not path.is_file():
        raise FileNotFoundError(f"no {what} at {path}; write one with {written_by}")
    return path


def expanded(path: str | os.PathLike[str]) -> Path:
    try:
        return Path(path).expanduser()
    except (TypeError, RuntimeError) as error:  # no path, or ~ of somebody who has no home here
        raise ValueError(
            f"path is {named(path)}; expected the name of a file, such as 'vae.safetensors' "
            f"({error})"
        ) from None


def _place_for(path: str | os.PathLike[str]) -> Path:
    """Where to write: links followed, and the folder made."""
    path = expanded(path)
    if path.is_dir():
        raise ValueError(
            f"{path} is a folder; give the name of a file in it, such as "
            f"{path / 'model.safetensors'}"
        )
    path = path.resolve()
    if path.exists() and not path.is_file():  # a device or a pipe, which a move would replace
        raise ValueError(f"{path} is no ordinary file; choose another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ValueError(
            f"{path.parent} is no folder, so {path.name} cannot be written there; choose another"
        ) from None
    return path
