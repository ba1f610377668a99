"""Several processes that train one model together, as `torchrun` starts them.

Each holds the whole model and all of the data, computes its share of every batch, and adds its
gradients to those of the others: one sum a step, in which everything travels that the processes
have to tell each other. Where there is one process, none of this happens.
"""

import atexit
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from functools import reduce
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from course_utils.training.batches import Batch, Batches
from course_utils.training.checks import bare
from course_utils.training.history import History, Means, NonFiniteLoss
from course_utils.training.settings import Stop, pick_device
from course_utils.training.shares import NoiseOfTheWhole, Share, share_of

TORCHRUN = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # what it tells each process
# A process that is killed closes its connections, which the others notice at once. This is for one
# that lives and does not answer; the first may well be busy with a callback meanwhile.
PATIENCE = timedelta(hours=1)

FAILURES = (Exception, KeyboardInterrupt)

_made_here = False  # whether a process group was initialised by this module


class Processes:
    """The processes that train together, seen from one of them.

    Attributes:
        rank: its number, from 0.
        size: how many there are.
        place: the device of this one.
        stop: whether this one has been asked to stop.
    """

    def __init__(self, place: torch.device, rank: int = 0, size: int = 1) -> None:
        self.place, self.rank, self.size = place, rank, size
        self.stop = Stop()  # of this process; `fit` has Ctrl-C note itself there
        self.stopping = False  # whether one of them had been asked to stop when the last step began

    # --- shares of a batch ------------------------------------------------------------------------

    def in_step(self, batches: Batches) -> Iterator[Batch]:
        """The batches, as long as every process has one.

        Raises:
            ValueError: if some have one more and others do not.
        """
        if self.size == 1 or batches.columns is not None:
            yield from batches
            return
        iterator = iter(batches)
        while True:
            batch, error = None, None
            try:
                batch = next(iterator, None)
            except FAILURES as caught:
                error = caught
            have = self._settle(error, batch is not None)
            if not any(have):
                return
            if not all(have):
                few = ", ".join(str(rank) for rank, one in enumerate(have) if not one)
                raise ValueError(
                    f"{batches.name} has fewer batches in process {few} than in the others; let "
                    "each process bring as many, as a DataLoader with a DistributedSampler does"
                )
            yield batch

    def in_tune(self, randomness: dict[str, Tensor]) -> dict[str, Tensor]:
        """The random streams of the first process, which decide the order of the examples, with the
        loaders of this one."""
        if self.size == 1:
            return randomness
        first = self.of_first({k: v for k, v in randomness.items() if not k.startswith("loader")})
        return randomness | first

    def share(self, batches: Batches, batch: Batch) -> Share:
        """What this process has to compute of a batch."""
        divided = self.parts(batches) == self.size
        return share_of(batch, self.rank, self.size, divided=divided)

    def parts(self, batches: Batches) -> int:
        """Into how many shares a batch is divided: one where each process brings its own."""
        return self.size if batches.columns is not None else 1

    def noise(self, share: Share) -> Any:
        """A context in which chance gives a share what a single process would give it."""
        return nullcontext() if self.size == 1 else NoiseOfTheWhole(share)

    # --- the one sum a step -----------------------------------------------------------------------

    def learn(
        self,
        model: nn.Module,
        names: tuple[str, ...],
        work: Callable[[], tuple[dict[str, Tensor], int]],
    ) -> tuple[dict[str, Tensor], int]:
        """Do the work, and leave in every parameter the gradient of the whole batch.

        Gradients, the terms of the objective, numbers of examples, whether something has failed and
        whether a stop is wanted are summed over the processes at once; and with them go the buffers
        of the first, which all of them take over.

        Args:
            names: of the terms.
            work: forward and backward on this process's share; gives the terms, and for how many
                examples they count.

        Returns:
            The terms, and the number of examples in the whole batch.

        Raises:
            What `work` raises, in this process or in another.
        """
        if self.size == 1:
            return work()
        terms, examples, error = {}, 0, None
        try:
            terms, examples = work()
            _require_same_terms(terms, names)
        except FAILURES as caught:
            terms, examples, error = {}, 0, caught
        parameters = [p for p in model.parameters() if p.requires_grad]
        buffers = list(bare(model).buffers())
        used = [float(p.grad is not None and examples > 0) for p in parameters]
        gradients = [
            p.grad * examples if mine else torch.zeros_like(p)
            for p, mine in zip(parameters, used, strict=True)
        ]
        news = [float(examples), float(error is not None), float(self.stop.requested), *used]
        values = [
            float(terms[name].detach().mean()) * examples if examples else 0.0 for name in names
        ]
        firsts = [b if self.rank == 0 else torch.zeros_like(b) for b in buffers]
        news, values, *rest = self._summed(
            [torch.tensor(each, device=self.place) for each in (news, values)] + gradients + firsts
        )
        total, failed, stops, *used = news.tolist()
        if failed:
            self._settle(error)
        self.stopping = stops > 0
        for parameter, gradient, count in zip(parameters, rest, used, strict=False):
            parameter.grad = gradient / total if count else None
        with torch.no_grad():
            for buffer, first in zip(buffers, rest[len(parameters) :], strict=True):
                buffer.copy_(first)
        return dict(zip(names, values / total, strict=True)), int(total)

    def _summed(self, tensors: list[Tensor]) -> list[Tensor]:
        """Each tensor, summed over the processes, all in one message."""
        kind = reduce(torch.promote_types, (t.dtype for t in tensors), torch.float32)
        flat = torch.cat([tensor.detach().reshape(-1).to(kind) for tensor in tensors])
        with self._connected():
            dist.all_reduce(flat)
        parts = flat.split([tensor.numel() for tensor in tensors])
        return [part.view_as(t).to(t.dtype) for part, t in zip(parts, tensors, strict=True)]

    def stop_wanted(self) -> bool:
        """Whether to stop after this step: the same answer in all processes."""
        return self.stop.requested if self.size == 1 else self.stopping

    # --- what they agree upon ---------------------------------------------------------------------

    @contextmanager
    def agreed(self) -> Iterator[None]:
        """What fails inside for one process fails for all."""
        if self.size == 1:
            yield
            return
        error = None
        try:
            yield
        except FAILURES as caught:
            error = caught
        self._settle(error)

    def gather(self, value: Any) -> list[Any]:
        """What each process has, in their order."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        with self._connected():
            dist.all_gather_object(found, value)
        return found

    def of_first(self, value: Any) -> Any:
        """What the first process has."""
        return self.gather(value if self.rank == 0 else None)[0]

    def total(self, means: Means) -> Means:
        """The means over the examples of all processes."""
        if self.size == 1:
            return means
        whole = Means()
        for sums, examples in self.gather((means.sums, means.examples)):
            whole.examples += examples
            for name, value in sums.items():
                whole.sums[name] = whole.sums.get(name, 0.0) + value
        return whole

    def spread(self, tensors: dict[str, Tensor]) -> None:
        """Give every process the tensors of the first, in place."""
        if self.size == 1:
            return
        for tensor in tensors.values():
            with self._connected():
                sent = tensor.detach().to(self.place).contiguous()
                dist.broadcast(sent, 0)
                tensor.detach().copy_(sent)

    def compare(self, facts: dict[str, Any]) -> None:
        """Raise a ValueError, in every process, where one has other facts than the first."""
        first, *others = self.gather(facts)
        for rank, theirs in enumerate(others, start=1):
            for name in {**first, **theirs}:
                ours, other = first.get(name, "none"), theirs.get(name, "none")
                if ours != other:
                    raise ValueError(
                        f"the processes differ in {name}: process 0 has {ours}, and process {rank} "
                        f"has {other}; give all of them the same script, data and packages"
                    )

    def _settle(self, error: BaseException | None, value: Any = None) -> list[Any]:
        """The value of each process; or, if one has met an error, an error in all of them."""
        if error is not None and self.stop.requested:
            error = KeyboardInterrupt()  # as of workers that Ctrl-C has killed
        trouble = error and (type(error).__name__, str(error))
        told = self.gather((trouble, value))
        if error is not None:
            raise error
        for rank, (trouble, _) in enumerate(told):
            if trouble is not None:
                raise _error_elsewhere(rank, *trouble)
        return [value for _, value in told]

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Raise a ConnectionError if another process is gone, and let the others know."""
        try:
            yield
        except (RuntimeError, OSError) as error:  # as torch.distributed's own errors are
            _leave_group()
            raise ConnectionError(
                "another of the processes that train together is gone, or does not answer "
                f"({str(error).splitlines()[0][:120]}); start all of them again, with resume if "
                "the training was kept in a file"
            ) from error


def join(device: str) -> Processes:
    """The processes to train with: this one alone, unless there are several.

    There are several where torch.distributed has been initialised, or `torchrun` has started this
    process; then the group is made here, and taken down at the end of the program.

    Raises:
        ValueError: if there is no such device.
        ConnectionError: if the others do not come.
    """
    several = dist.is_available() and (dist.is_initialized() or _started_by_torchrun())
    if not several or (dist.is_initialized() and dist.get_world_size() == 1):
        return Processes(pick_device(device))
    place = _place_among_several(device)
    if not dist.is_initialized():
        _make_group(place)
    return Processes(place, dist.get_rank(), dist.get_world_size())


def _started_by_torchrun() -> bool:
    return all(name in os.environ for name in TORCHRUN) and os.environ["WORLD_SIZE"] != "1"


def _place_among_several(device: str) -> torch.device:
    """The device of this process: on CUDA each has one of its own."""
    if device == "auto" and not torch.cuda.is_available():
        device = "cpu"  # not Apple's MPS, where nothing carries sums from process to process
    place = pick_device(device)
    if place.type not in ("cpu", "cuda"):
        raise ValueError(f"device is {device!r}; several processes can train on 'cpu' or 'cuda'")
    if place.type == "cpu" or place.index is not None:
        return place
    number, present = int(os.environ.get("LOCAL_RANK", 0)), torch.cuda.device_count()
    if number >= present:
        raise ValueError(
            f"process {number} of this machine finds {present} CUDA devices; start no more "
            "processes than that, or pass device='cpu'"
        )
    return torch.device("cuda", number)


def _make_group(place: torch.device) -> None:
    global _made_here
    if _made_here:
        raise ConnectionError(
            "the group of processes that trained together is gone; start all of them again"
        )
    if place.type == "cuda":
        torch.cuda.set_device(place)
    try:
        backend = "cpu:gloo,cuda:nccl" if place.type == "cuda" else "gloo"
        dist.init_process_group(backend, timeout=PATIENCE)
    except (RuntimeError, OSError, ValueError) as error:
        raise ConnectionError(
            f"the {os.environ['WORLD_SIZE']} processes that torchrun announced did not come "
            f"together ({str(error).splitlines()[0][:120]}); call fit in each of them"
        ) from error
    _made_here = True
    atexit.register(_leave_group)


def _leave_group() -> None:
    """Take down the group, if it was made here: whoever waits for this process hears of it."""
    if _made_here and dist.is_initialized():
        dist.destroy_process_group()


def _require_same_terms(terms: dict[str, Tensor], names: tuple[str, ...]) -> None:
    if set(terms) != set(names):
        raise ValueError(
            f"the objective returned {sorted(terms)}, and at first {sorted(names)}; among several "
            "processes it must return the same terms each time"
        )


def _error_elsewhere(rank: int, kind: str, message: str) -> BaseException:
    """For this process, what has happened in another."""
    if kind == "KeyboardInterrupt":
        return KeyboardInterrupt()
    if kind == NonFiniteLoss.__name__:
        return NonFiniteLoss(f"{message} (in process {rank})", History())
    if kind == "ValueError":
        return ValueError(f"{message} (in process {rank})")
    return RuntimeError(f"process {rank} met {kind}: {message}")
