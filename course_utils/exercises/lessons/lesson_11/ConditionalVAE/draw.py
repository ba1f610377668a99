"""`forward` is encode, z = μ + σ ε, decode, with the labels that it was given."""

from collections.abc import Sequence

import torch

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.halves import Halves, expect_draw
from course_utils.exercises.checking.modes import Unjudged
from course_utils.exercises.lessons.lesson_11.ConditionalVAE.asking import (
    ask,
    decode,
    encode,
    is_steady,
    small_model,
)


def draws_and_decodes(answer: Answer, training: bool) -> None:
    model, x, y, z = small_model(answer, training=training)
    if training and not is_steady(answer, model, x, y, z):
        raise Unjudged

    def expect_own_labels(told: Sequence[object]) -> None:
        if not torch.equal(torch.as_tensor(told[0]).flatten().long(), y):
            raise Wrong(
                "`forward` tells `decode` other labels than it was given itself. Hand them on as "
                "they are: `self.decode(z, y)`."
            )

    expect_draw(
        Halves(
            model,
            encode=lambda: encode(answer, model, x, y),
            decode=lambda z: decode(answer, model, z, y),
            ask=lambda: ask(answer, model, x, y),
            given=("x, y", "z, y"),
            beside=expect_own_labels,
        )
    )
