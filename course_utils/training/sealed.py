"""A file of tensors and facts under one seal: written whole or not at all, refused if damaged.

It is a safetensors file, whose header has the facts as JSON and a checksum of both. Nothing in it
is ever executed.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def fingerprint(tensors: Mapping[str, Tensor], facts: str = "") -> str:
    """A checksum of names, kinds, shapes and every bit, in this order: SHA-256."""
    seal = hashlib.sha256(facts.encode())
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        seal.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        seal.update(tensor.flatten().view(torch.uint8).numpy())
    return seal.hexdigest()


def write_sealed(path: str | os.PathLike[str], tensors: dict[str, Tensor], facts: Any) -> None:
    """Write the file beside its place, and then move it, so that a crash leaves no half of it.

    Raises:
        ValueError: if the path is a folder.
    """
    from safetensors.torch import save_file

    path = Path(path).expanduser()
    if path.is_dir():
        raise ValueError(f"{path} is a folder; give the name of a file in it")
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the order of their names, as the file keeps them in another one.
    tensors = {name: tensors[name].detach().cpu().clone() for name in sorted(tensors)}
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    text = json.dumps(facts)
    sealed = json.dumps({"checksum": fingerprint(tensors, text), "facts": text})
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    os.close(handle)
    try:
        save_file(tensors, temporary, metadata={"sealed": sealed})
        os.chmod(temporary, path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_sealed(path: str | os.PathLike[str], what: str) -> tuple[dict[str, Tensor], Any]:
    """The tensors and the facts of a file that `write_sealed` wrote.

    Args:
        what: what the file should be and how it is written, for the sentences.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is of another kind, or a bit of it has changed.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"no file at {path}; expected {what}")
    try:
        with safe_open(path, framework="pt") as file:
            sealed = json.loads((file.metadata() or {})["sealed"])
            text, seal = sealed["facts"], sealed["checksum"]
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
        if fingerprint(tensors, text) != seal:
            raise ValueError("its checksum is another")
        return tensors, json.loads(text)
    except (SafetensorError, LookupError, TypeError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path} is damaged or is not {what} ({error})") from error


def _umask() -> int:
    """What a new file may not allow; the only way to read it is to set it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
