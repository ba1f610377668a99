"""Both halves are told the label, as a name and not as an amount, and each example alone."""

import torch
from torch import Tensor, nn

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.halves import expect_content, expect_unconfined
from course_utils.exercises.checking.modes import Unjudged
from course_utils.exercises.lessons.lesson_11.ConditionalVAE.asking import (
    LABELS,
    ask,
    decode,
    encode,
    is_steady,
    small_model,
)


def knows_the_label(answer: Answer, training: bool) -> None:
    model, x, y, z = small_model(answer, training=training)
    with networks.expect_no_seeding("`forward`", lambda: answer.call(model, x, y)):
        ask(answer, model, x, y)
    if training and not is_steady(answer, model, x, y, z):
        _expect_own_labels(answer, model, x, z)
        raise Unjudged
    _expect_steady(answer, model, x, y, z)
    _expect_both_told(answer, model, x, z)
    _expect_content(answer, model, x, y, z)
    _expect_names_not_amounts(answer, model, x, z)
    _expect_one_by_one(answer, model, x, y, z)
    if training:
        _expect_as_in_evaluation(answer, model, x, y, z)


def _expect_as_in_evaluation(
    answer: Answer, model: nn.Module, x: Tensor, y: Tensor, z: Tensor
) -> None:
    """Without dropout and batch norms, which stand still here, the mode makes no difference."""
    in_training = (*encode(answer, model, x, y), decode(answer, model, z, y))
    model.eval()
    in_evaluation = (*encode(answer, model, x, y), decode(answer, model, z, y))
    for name, one, other in zip(
        ("mu", "log_var", "the logits"), in_training, in_evaluation, strict=True
    ):
        if not torch.allclose(one, other, atol=1e-5):
            raise Wrong(
                f"The same input gives other numbers for {name} than in evaluation mode. What was "
                "trained is then not what draws: only the noise of dropout may differ."
            )


def _expect_own_labels(answer: Answer, model: nn.Module, x: Tensor, z: Tensor) -> None:
    """What is steady while the whole batch has one label mixes labels up; dropout is not steady."""
    if is_steady(answer, model, x, torch.zeros(len(x), dtype=torch.long), z):
        raise Wrong(
            "`encode` or `decode` gives two different results for the same input, but only where "
            "the labels of a batch differ: they are shuffled. Each picture goes with its own label."
        )


def _expect_steady(answer: Answer, model: nn.Module, x: Tensor, y: Tensor, z: Tensor) -> None:
    for call, run in (
        ("encode(x, y)", lambda: torch.cat(encode(answer, model, x, y))),
        ("decode(z, y)", lambda: decode(answer, model, z, y)),
    ):
        if not torch.equal(run(), run()):
            raise Wrong(
                f"`{call}` gave two different results for the same input. The noise belongs into "
                "`forward`, between the two; and layers are made once, in `__init__`."
            )


def _expect_both_told(answer: Answer, model: nn.Module, x: Tensor, z: Tensor) -> None:
    """For each pair of labels, both halves must tell one from the other."""
    same = [torch.full((len(x),), label) for label in range(LABELS)]
    codes = [torch.cat(encode(answer, model, x, y), dim=1) for y in same]
    drawn = [decode(answer, model, z, y) for y in same]
    encoder, decoder = _told(codes), _told(drawn)
    if not any(encoder) and not any(decoder):
        raise Wrong(
            "Change the label, and nothing changes: neither `encode` nor `decode` looks at y. "
            "Join it to what goes in, `torch.cat([x, one_hot], dim=1)`, and to z likewise."
        )
    if not any(encoder):
        raise Wrong(
            "The encoder is not told the label: change y, and mu and log_var stay as they are. "
            "Join the one-hot rows to x before the first layer of the encoder."
        )
    if not any(decoder):
        raise Wrong(
            "The decoder is not told the label: change y, and the logits stay as they are. The "
            "label would have to travel inside z, and no one could ask for a digit. Join the "
            "one-hot rows to z before the first layer of the decoder."
        )
    for part, told in (("encoder", encoder), ("decoder", decoder)):
        if not all(told):
            raise Wrong(
                f"Some labels make no difference to the {part}: of 0 to {LABELS - 1}, two give the "
                "same result. Each class needs a column of its own."
            )


def _told(results: list[Tensor]) -> list[bool]:
    """For each pair of labels, whether the results differ."""
    return [
        not torch.equal(one, other)
        for place, one in enumerate(results)
        for other in results[place + 1 :]
    ]


def _expect_content(answer: Answer, model: nn.Module, x: Tensor, y: Tensor, z: Tensor) -> None:
    """Mean and log-variance must depend on the picture, the logits on the code."""
    one = torch.zeros(len(x), dtype=torch.long)
    expect_content(*encode(answer, model, x, one), decode(answer, model, z, one))
    wild, x, y, z = small_model(answer, spread=1.0, training=model.training)
    expect_unconfined(*encode(answer, wild, x, y), decode(answer, wild, z, y))


def _expect_names_not_amounts(answer: Answer, model: nn.Module, x: Tensor, z: Tensor) -> None:
    """One picture with each of the labels: none of them goes in as an amount, or as a mixture."""
    seen = []

    def look(layer: nn.Module, inputs: tuple) -> None:
        seen.extend(x for x in inputs if isinstance(x, Tensor) and x.is_floating_point())

    layers = [layer for layer in model.modules() if not any(layer.children())]
    hooks = [layer.register_forward_pre_hook(look) for layer in layers]
    y = torch.arange(LABELS)
    try:
        encode(answer, model, x[:1].repeat(LABELS, 1), y)
        decode(answer, model, z[:1].repeat(LABELS, 1), y)
    finally:
        for hook in hooks:
            hook.remove()
    embedded = any(isinstance(layer, nn.Embedding) for layer in layers)
    for given in seen:
        if len(given) != LABELS:
            continue
        rows = given.detach().double().flatten(1)
        _expect_unequal_steps(rows[:4].diff(dim=0))
        if not given.requires_grad and not embedded:  # a code that is not learned
            _expect_no_mixtures(rows[1:] - rows[:1])


def _expect_unequal_steps(steps: Tensor) -> None:
    if steps.norm() > 1e-6 and (steps - steps[:1]).norm() < 1e-5 * steps.norm():
        raise Wrong(
            "The label goes in as an amount: from 0 to 1, to 2, to 3 the input of a layer changes "
            "by equal steps, as if 9 were three times as much as 3. Labels are names: give each "
            "class a column of its own, `F.one_hot(y, self.num_classes)`, or an `nn.Embedding`."
        )


def _expect_no_mixtures(apart: Tensor) -> None:
    """How the rows of the labels 1, 2, ... differ from that of 0: none may follow from others."""
    rank = int(torch.linalg.matrix_rank(apart)) if apart.norm() > 1e-6 else LABELS - 1
    if rank >= LABELS - 1:
        return
    numbers = "a single number" if rank == 1 else f"{rank} numbers"
    raise Wrong(
        f"{LABELS} labels go in as {numbers}, in a code that is not learned: a square, binary "
        "digits, sines or the like. Then some of them are mixtures of others, as in binary digits "
        "3 is 1 and 2 together. Labels are names: give each class a column of its own, "
        "`F.one_hot(y, self.num_classes)`, or an `nn.Embedding`."
    )


def _expect_one_by_one(answer: Answer, model: nn.Module, x: Tensor, y: Tensor, z: Tensor) -> None:
    """Each picture by itself, whatever else is in the batch, and in the order of the batch."""
    for call, run in (
        ("encode(x, y)", lambda at: torch.cat(encode(answer, model, x[at], y[at]), dim=1)),
        ("decode(z, y)", lambda at: decode(answer, model, z[at], y[at])),
    ):
        together = run(slice(None))
        for at in (slice(0, 1), slice(5, 9)):
            if not torch.allclose(run(at), together[at], atol=1e-4):
                raise Wrong(
                    f"What `{call}` makes of an example changes with the others in the batch. Each "
                    "has its own row: look for a sum, mean or softmax over `dim=0`, and for labels "
                    "joined in another order than the pictures."
                )


def expect_all_saved(answer: Answer, model: nn.Module, x: Tensor, y: Tensor, z: Tensor) -> None:
    """Saved and loaded, it is the same model: nothing that it works with was left out."""
    loaded, *_ = small_model(answer)
    answer.call(loaded.load_state_dict, model.state_dict())
    for call, run in (
        ("encode(x, y)", lambda model: torch.cat(encode(answer, model, x, y))),
        ("decode(z, y)", lambda model: decode(answer, model, z, y)),
    ):
        if not torch.allclose(run(loaded), run(model), atol=1e-5):
            raise Wrong(
                f"Saved and loaded into a new model (`load_state_dict`), `{call}` is another. A "
                "tensor drawn at random in `__init__` is neither parameter nor buffer, so it is "
                "not saved, and stays behind on `.to(device)`. Make it an `nn.Embedding` or "
                "`nn.Parameter`, which is learned besides."
            )
