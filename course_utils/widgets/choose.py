"""A path of questions from what one needs to a model: `choose_model()`.

The table `QUESTIONS` is the whole of it. The view is nested <details> and nothing else: it needs no
kernel and no script, opens by mouse or by Tab and Enter, and is there in a notebook that is not yet
trusted. As text it is the whole tree.
"""

import textwrap
from html import escape
from typing import NamedTuple


class Advice(NamedTuple):
    """Where a path ends.

    Attributes:
        model: what to take.
        call: the line to begin with; its names are those of the package.
        lesson: the file of the lesson that teaches it.
        beware: what it will not do, or what to compare it with.
    """

    model: str
    call: str
    lesson: str
    beware: str


class Question(NamedTuple):
    """A question, and for each answer the advice or the name of the next question."""

    text: str
    answers: dict[str, "Advice | str"]


BOTTLENECK = "01_bottleneck_and_pca.ipynb"
DEEP = "02_deep_and_convolutional.ipynb"
CHOOSING = "14_choosing_a_model.ipynb"

QUESTIONS = {
    "start": Question(
        "What shall the model do for you?",
        {
            "Describe each example with few numbers": "code",
            "Make new examples": "generate",
            "Repair examples: noise, holes, scratches": Advice(
                "a denoising autoencoder",
                "fit(Autoencoder.dense(100), denoising(gaussian_noise(0.5)), x)",
                "03_denoising.ipynb",
                "It takes away the kind of damage that it was trained on; other kinds need not go.",
            ),
            "Tell me which examples are strange": "strange",
            "Say how probable an example is": Advice(
                "a VAE, judged by importance sampling",
                "log_likelihood(model, x, samples=300)",
                "08_training_a_vae.ipynb",
                "It is a lower bound on average, and probable is not the same as normal: "
                "lesson 13 shows foreign pictures that score as likelier.",
            ),
            "Recommend: who chose what, and how often": "recommend",
            "Classify, with few labels and many examples": "labels",
        },
    ),
    "code": Question(
        "What should the numbers be like?",
        {
            "I have not tried anything yet": Advice(
                "PCA: straight, exact, done in seconds",
                "pca(x).reconstruct(x, k=32)",
                BOTTLENECK,
                "The figure to beat: a network that leaves as much is not worth its training.",
            ),
            "Fewer than PCA needs": "short",
            "Few of them active at a time, so that one can read each": Advice(
                "a sparse autoencoder",
                'fit(Autoencoder.dense(1000, code="relu"), sparse(weight=0.1), x)',
                "04_sparse.ipynb",
                "Dead units, and the loophole of small codes with large decoders.",
            ),
            "Unmoved by small changes of the input": Advice(
                "a contractive autoencoder",
                "fit(Autoencoder.dense(30), contractive(weight=1e-3), x)",
                "05_contractive_and_manifolds.ipynb",
                "It pays with reconstruction; a denoising one is cheaper and does much the same.",
            ),
            "Symbols, to store or to hand to a model of sequences": Advice(
                "a VQ-VAE",
                "fit(VQVAE.conv(), vector_quantized(), x)",
                "12_vq_vae.ipynb",
                "Dead symbols: watch codebook_perplexity.",
            ),
            "With an uncertainty for each": Advice(
                "a VAE",
                "fit(VAE.dense(20), negative_elbo(), x)",
                "08_training_a_vae.ipynb",
                "Some numbers may fall silent: lesson 09.",
            ),
            "Each one a factor that can be turned by itself": Advice(
                "a β-VAE",
                "fit(VAE.dense(10), negative_elbo(beta=4.0), x)",
                "10_beta_vae.ipynb",
                "Nothing in the likelihood makes factors line up with yours; without labels "
                "you can hope, and measure.",
            ),
        },
    ),
    "short": Question(
        "Do neighbouring inputs belong together, as pixels do?",
        {
            "No, or the pictures are small": Advice(
                "a dense autoencoder",
                "fit(Autoencoder.dense(32), reconstruction, x)",
                BOTTLENECK,
                "Choose the width from a curve, on examples it has not seen.",
            ),
            "Yes": Advice(
                "a convolutional autoencoder",
                "fit(Autoencoder.conv(64), reconstruction, x)",
                DEEP,
                "Without a graphics card it takes several times as long.",
            ),
        },
    ),
    "generate": Question(
        "Must you say what the new example should be?",
        {
            "Yes, by a label": Advice(
                "a conditional VAE",
                "fit(ConditionalVAE.dense(20, 10), negative_elbo(), (x, labels))",
                "11_conditional_vae.ipynb",
                "Encoder and decoder must both be told.",
            ),
            "No": "sharp",
        },
    ),
    "sharp": Question(
        "How sharp must it be?",
        {
            "Soft will do; I also want a map of codes": Advice(
                "a VAE",
                "VAE.dense(20).sample(16)",
                "08_training_a_vae.ipynb",
                "Soft edges are its best answer, and not a fault of training.",
            ),
            "Sharper, on two cores": Advice(
                "a VQ-VAE, and a small model that draws its symbols",
                "fit(VQVAE.conv(), vector_quantized(), x)",
                "12_vq_vae.ipynb",
                "Two trainings, and one draw for each symbol.",
            ),
            "As sharp as a photograph, and I have graphics cards": Advice(
                "diffusion in the code of an autoencoder, or a GAN: not in this package",
                "fit(VQVAE.conv(), vector_quantized(), x)",
                CHOOSING,
                "The call makes the code; section 1 compares, and the last page says where "
                "to read on.",
            ),
        },
    ),
    "strange": Question(
        "What do you have to learn from?",
        {
            "Normal examples, hardly any strange ones": Advice(
                "a detector by reconstruction",
                "ReconstructionDetector().fit(x).score_samples(x)",
                "13_anomaly_detection.ipynb",
                "Compare with PCA; beware of what is strange and simple.",
            ),
            "Labels of both kinds, hundreds of each": Advice(
                "a classifier; you need no autoencoder",
                "auroc(scores, labels)",
                "13_anomaly_detection.ipynb",
                "The call measures any classifier's scores. It will know the kinds of strange "
                "that it was shown, and no others.",
            ),
        },
    ),
    "recommend": Question(
        "What do you know of the person?",
        {
            "Nothing yet": Advice(
                "popularity",
                "plays.sum(0)",
                CHOOSING,
                "Nothing else can know more, until the first choice.",
            ),
            "Some choices, and I have tried nothing yet": Advice(
                "PCA of scaled counts",
                "pca(scaled).reconstruct(scaled, k=12)",
                CHOOSING,
                "Scale first: on raw counts the popular songs drown the rest.",
            ),
            "Some choices, often only a handful": Advice(
                "a multinomial VAE",
                'VAE.dense(20, (200,), input_shape=(400,), output="multinomial", dropout=0.5)',
                CHOOSING,
                "New items need another way in.",
            ),
        },
    ),
    "labels": Question(
        "How many labels are there?",
        {
            "A few hundred or less": Advice(
                "an autoencoder on everything, and logistic regression on its codes",
                "Autoencoder.dense(20).encode(x)",
                CHOOSING,
                "The gain is small and may vanish: measure it over several draws of the labels. "
                "If you know a change that keeps the label, such as a shift, that is worth more.",
            ),
            "Thousands": Advice(
                "a classifier on the inputs",
                "fit(network, objective, (x, labels))",
                DEEP,
                "The network and its objective are yours: lesson 08 trains one as a judge.",
            ),
        },
    ),
}

# Inline, because an untrusted notebook drops every style sheet.
_FRAME = "border: 1px solid #999; border-radius: 8px; max-width: 46em; padding: 14px 20px"
_BRANCH = "margin: 4px 0 4px 0.3em; padding-left: 1em; border-left: 2px solid #8888"
_STYLE = """
.course-path summary { cursor: pointer; padding: 2px 4px; border-radius: 4px; }
.course-path summary:hover { background: color-mix(in srgb, currentColor 7%, transparent); }
.course-path summary:focus-visible { outline: 3px solid #2f81d6; outline-offset: 1px; }
.course-path details[open] > summary { font-weight: 600; }
.course-path .advice { border-left-color: #2f81d6 !important; }
@media print { .course-path details::details-content { content-visibility: visible; } }
"""


class Path:
    """The tree of questions; as the last line of a cell, it is drawn."""

    def __repr__(self) -> str:
        return "\n".join(_text_of(QUESTIONS["start"], ""))

    def _repr_html_(self) -> str:
        return (
            f"<style>{_STYLE}</style>\n"
            f'<div class="course-path" style="{_FRAME}">\n'
            f"{_html_of(QUESTIONS['start'], 'path')}\n</div>"
        )


def choose_model() -> Path:
    """Questions that lead from what you need to a model, its lesson and the call to begin with.

    Open an answer by mouse, or with Tab and Enter. It needs no kernel.
    """
    return Path()


def _text_of(question: Question, indent: str) -> list[str]:
    lines = _wrapped(question.text, indent)
    for answer, then in question.answers.items():
        lines += _wrapped(f"- {answer}", indent + "  ", hanging=2)
        if isinstance(then, str):
            lines += _text_of(QUESTIONS[then], indent + "    ")
        else:
            lesson = f"lesson {then.lesson[:2]}"
            lines += _wrapped(f"=> {then.model} ({lesson}): {then.call}", indent + "    ", 3)
    return lines


def _wrapped(text: str, indent: str, hanging: int = 0) -> list[str]:
    following = indent + " " * hanging
    return textwrap.wrap(text, 96, initial_indent=indent, subsequent_indent=following)


def _html_of(question: Question, place: str) -> str:
    branches = []
    for number, (answer, then) in enumerate(question.answers.items()):
        deeper = f"{place}-{number}"
        inside = _html_of(QUESTIONS[then], deeper) if isinstance(then, str) else _advice(then)
        kind = "" if isinstance(then, str) else ' class="advice"'
        # Answers of one name close each other, so that one path is open at a time.
        branches.append(
            f'<details name="{place}"><summary>{escape(answer)}</summary>'
            f'<div{kind} style="{_BRANCH}">{inside}</div></details>'
        )
    return f"<p><strong>{escape(question.text)}</strong></p>\n" + "\n".join(branches)


def _advice(advice: Advice) -> str:
    number = advice.lesson[:2]
    return (
        f"<p>Take <strong>{escape(advice.model)}</strong>.<br>"
        f"<code>{escape(advice.call)}</code><br>"
        f'{escape(advice.beware)} <a href="{advice.lesson}">Lesson {number}</a></p>'
    )
