"""A path of questions from what one needs to a model: `choose_model()`.

The table `QUESTIONS` is the whole of it. The view is nested <details> and nothing else: it needs no
kernel and no script, opens by mouse or by Tab and Enter, and is there in a notebook that is not yet
trusted. As text it is the whole tree.
"""

import textwrap
from html import escape
from typing import NamedTuple

from course_utils._keys import SUPPRESS


class Advice(NamedTuple):
    """Where a path ends.

    Attributes:
        model: what to take.
        call: lines that make what was asked for, the last one above all; their names are those of
            the package, and `x`, `x_new`, `x_kept`, `k`, `labels`, `plays` and the like stand for
            what the reader has.
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

# With what keeps a codebook alive from the start: moving averages and restarts.
SYMBOLS = "model = VQVAE.conv(decay=0.98, restart=30)\nfit(model, vector_quantized(), x)\n"

QUESTIONS = {
    "start": Question(
        "What should the model do for you?",
        {
            "Describe each example with few numbers": "code",
            "Make new examples": "generate",
            "Repair examples: noise, holes, scratches": Advice(
                "a denoising autoencoder",
                "model = Autoencoder.dense(100)\n"
                "fit(model, denoising(gaussian_noise(0.5)), x)\n"
                "model.reconstruct(x_spoiled)",
                "03_denoising.ipynb",
                "It takes away the kind of damage that it was trained on, and other kinds need not "
                "go: for holes, train it with masking_noise(0.3).",
            ),
            "Tell me which examples are strange": "strange",
            "Say how probable an example is": Advice(
                "a VAE, judged by importance sampling",
                "model = VAE.dense(20)\n"
                "fit(model, negative_elbo(), x)\n"
                "log_likelihood(model, x_new, samples=300)",
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
                "straight = pca(x)\n"
                "(x_new.flatten(1) - straight.mean) @ straight.components[:32].T",
                BOTTLENECK,
                "The figure to beat is the error of straight.reconstruct(x_new, k=32): a network "
                "that leaves as much is not worth its training.",
            ),
            "Fewer than PCA needs": "short",
            "Few of them active at a time, so that one can read each": Advice(
                "a sparse autoencoder",
                'model = Autoencoder.dense(256, (), code="relu", tied=True, output="linear")\n'
                "fit(model, sparse(weight=0.3), x)\n"
                "model.encode(x_new)",
                "04_sparse.ipynb",
                "Dead units. Without tied=True a small code and a large decoder dodge the price.",
            ),
            "Unmoved by small changes of the input": Advice(
                "a contractive autoencoder",
                'model = Autoencoder.dense(128, (), code="sigmoid", tied=True)\n'
                'fit(model, contractive(1.0, "hutchinson"), x)\n'
                "model.encode(x_new)",
                "05_contractive_and_manifolds.ipynb",
                "It pays with reconstruction; a denoising one is cheaper and does much the same. "
                "Without tied=True a small code and a large decoder dodge the price.",
            ),
            "Symbols, to store or to hand to a model of sequences": Advice(
                "a VQ-VAE",
                f"{SYMBOLS}model.symbols(x_new)",
                "12_vq_vae.ipynb",
                "Dead symbols: count those in use, model.symbols(x_new).unique(). Without restart "
                "most of the 512 may die.",
            ),
            "With an uncertainty for each": Advice(
                "a VAE",
                "model = VAE.dense(20)\nfit(model, negative_elbo(), x)\nmodel.encode(x_new)",
                "08_training_a_vae.ipynb",
                "The last line gives μ and log σ². Some numbers may fall silent: lesson 09.",
            ),
            "Each one a factor that can be turned by itself": Advice(
                "a β-VAE",
                "model = VAE.dense(10)\nfit(model, negative_elbo(beta=4.0), x)\n"
                "z = model.encode(x_new)[0]\n"
                "model.to_image(model.decode(z + torch.eye(10)[3]))",
                "10_beta_vae.ipynb",
                "The last line turns the fourth number by 1. Nothing in the likelihood makes "
                "factors line up with yours; without labels you can hope, and measure.",
            ),
        },
    ),
    "short": Question(
        "Do neighbouring inputs belong together, as pixels do?",
        {
            "No, or the pictures are small": Advice(
                "a dense autoencoder",
                "model = Autoencoder.dense(32)\nfit(model, reconstruction, x)\nmodel.encode(x_new)",
                BOTTLENECK,
                "Choose the width from a curve, on examples it has not seen.",
            ),
            "Yes": Advice(
                "a convolutional autoencoder",
                "model = Autoencoder.conv(64)\nfit(model, reconstruction, x)\nmodel.encode(x_new)",
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
                "model = ConditionalVAE.dense(20, 10)\n"
                "fit(model, negative_elbo(), (x, labels))\n"
                "model.sample(torch.tensor([3] * 16))",
                "11_conditional_vae.ipynb",
                "The last line draws sixteen of the class 3. Both halves must be told.",
            ),
            "No": "sharp",
        },
    ),
    "sharp": Question(
        "How sharp must it be?",
        {
            "Soft will do; I also want a map of codes": Advice(
                "a VAE",
                "model = VAE.dense(20)\nfit(model, negative_elbo(), x)\nmodel.sample(16)",
                "08_training_a_vae.ipynb",
                "Soft edges are its best answer, and not a fault of training.",
            ),
            "Sharper, on two cores": Advice(
                "a VQ-VAE, and a small model that draws its symbols",
                f"{SYMBOLS}"
                "prior = SymbolPrior.conv(512)\n"
                "fit(prior, symbol_likelihood, model.symbols(x))\n"
                "model.to_image(model.decode_indices(prior.sample(16)))",
                "12_vq_vae.ipynb",
                "Two trainings, and one draw for each symbol. Without the second there is nothing "
                "to draw from.",
            ),
            "As sharp as a photograph, and I have graphics cards": Advice(
                "an autoencoder, in whose code a diffusion draws; or a GAN",
                "model = VAE.dense(20)\n"
                "fit(model, negative_elbo(), x)\n"
                "codes = model.encode(x)[0].detach()\n"
                "velocity = Velocity.dense(20)\n"
                "fit(velocity, flow_matching(), codes)\n"
                "model.to_image(model.decode(sample_flow(velocity, 16)))",
                "18_from_denoising_to_diffusion.ipynb",
                "These lines show the way on small pictures, and their edges are as soft as the "
                "VAE's. For large and sharp ones, and for a GAN, take another package.",
            ),
        },
    ),
    "strange": Question(
        "What do you have to learn from?",
        {
            "Normal examples, hardly any strange ones": "kind",
            "Labels of both kinds, hundreds of each": Advice(
                "a classifier; you need no autoencoder",
                "from sklearn.linear_model import LogisticRegression\n"
                "classifier = LogisticRegression(max_iter=1000).fit(x.flatten(1), strange)\n"
                "classifier.predict_proba(x_new.flatten(1))[:, 1]",
                "13_anomaly_detection.ipynb",
                "It will know the kinds of strange that it was shown, and no others. Measure the "
                "last line by auroc.",
            ),
        },
    ),
    "kind": Question(
        "What is one example?",
        {
            "A picture": Advice(
                "a detector by reconstruction",
                "from course_utils.anomaly import ReconstructionDetector\n"
                "detector = ReconstructionDetector().fit(x.flatten(1))\n"
                "detector.calibrate(x_kept.flatten(1), 0.05)\n"
                "detector.predict(x_new.flatten(1))",
                "13_anomaly_detection.ipynb",
                "-1 is strange; x_kept are normal ones kept back from fit, of whose like one in "
                "twenty raises an alarm. Compare with PCA's error; beware of what is strange and "
                "simple, such as a blank or a blurred picture.",
            ),
            "A row of a table": Advice(
                "PCA's likelihood first, a detector by reconstruction beside it",
                "from sklearn.decomposition import PCA\n"
                "from sklearn.impute import SimpleImputer\n"
                "from sklearn.pipeline import make_pipeline\n"
                "from sklearn.preprocessing import StandardScaler\n"
                "from course_utils.anomaly import ReconstructionDetector\n"
                "plain = make_pipeline(SimpleImputer(), StandardScaler(), PCA(0.99)).fit(rows)\n"
                'detector = ReconstructionDetector(values="table").fit(rows)\n'
                "detector.calibrate(rows_kept, 0.05)\n"
                "plain.score_samples(rows_new), detector.predict(rows_new)",
                "13_anomaly_detection.ipynb",
                "PCA's score is a log-likelihood, so low is strange; on both tables of lesson 13 "
                "it was ahead of the network. Before either look at the worst column, without a "
                "model.",
            ),
        },
    ),
    "recommend": Question(
        "What do you know of the person?",
        {
            "Nothing yet": Advice(
                "popularity",
                "(plays > 0).sum(0).topk(20).indices",
                CHOOSING,
                "It counts by how many people each item was chosen, not how often.",
            ),
            "Some choices, and I have tried nothing yet": Advice(
                "PCA of scaled counts",
                "expected = plays.sum(1, keepdim=True) * plays.sum(0) / plays.sum()\n"
                "unit = expected.sqrt()\n"
                "scaled = (plays - expected) / unit\n"
                "ranked = expected + unit * pca(scaled).reconstruct(scaled, k)\n"
                "ranked.masked_fill(plays > 0, -torch.inf).topk(20).indices",
                CHOOSING,
                "Scale by what popularity expects, put it back before you rank, and choose k on "
                "validation people. For people with few plays, N, shrink: scaled * N / (N + 5).",
            ),
            "Some choices, often only a handful": Advice(
                "a multinomial VAE",
                'songs = {"input_shape": plays.shape[1:], "output": "multinomial"}\n'
                "model = VAE.dense(20, (200,), dropout=0.5, **songs)\n"
                "fit(model, negative_elbo(linear_warmup(0.5, end=0.2)), plays)\n"
                "ranked = model.reconstruct(plays_new)\n"
                "ranked.masked_fill(plays_new > 0, -torch.inf).topk(20).indices",
                CHOOSING,
                "The last line leaves out what the person has. New items need another way in. "
                "Compare with PCA of scaled counts, shrunk for short histories.",
            ),
        },
    ),
    "labels": Question(
        "How many labels are there?",
        {
            "A few hundred or less": Advice(
                "an autoencoder on everything, and logistic regression on its codes",
                "from sklearn.linear_model import LogisticRegression\n"
                "model = Autoencoder.dense(20)\n"
                "fit(model, reconstruction, x)\n"
                "codes = model.encode(x_labelled).detach()\n"
                "classifier = LogisticRegression(max_iter=1000).fit(codes, labels)\n"
                "classifier.predict(model.encode(x_new).detach())",
                CHOOSING,
                "The gain is small, and a code too narrow for your labels loses: measure it, over "
                "several draws of the labels. "
                "If you know a change that keeps the label, such as a shift, that is worth more.",
            ),
            "Thousands": Advice(
                "a classifier on the inputs",
                "from torch import nn\n"
                "layers = nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10)\n"
                "network, cost = nn.Sequential(*layers), nn.CrossEntropyLoss(reduction='none')\n"
                'fit(network, lambda net, x, y: {"loss": cost(net(x), y)}, (x, labels))\n'
                "network(x_new).argmax(1)",
                DEEP,
                "You need no autoencoder. For pictures convolutions do better.",
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
.course-path p { color: inherit; }
.course-path details[open] > summary { font-weight: 600; }
.course-path .cv-advice { border-left-color: #2f81d6 !important; }
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
            lines += _wrapped(f"=> {then.model} ({lesson}):", indent + "    ", 3)
            for line in then.call.splitlines():
                lines += _wrapped(line, indent + "       ", 4)
    return lines


def _wrapped(text: str, indent: str, hanging: int = 0) -> list[str]:
    following = indent + " " * hanging
    return textwrap.wrap(text, 96, initial_indent=indent, subsequent_indent=following)


def _html_of(question: Question, place: str) -> str:
    branches = []
    for number, (answer, then) in enumerate(question.answers.items()):
        deeper = f"{place}-{number}"
        inside = _html_of(QUESTIONS[then], deeper) if isinstance(then, str) else _advice(then)
        kind = "" if isinstance(then, str) else ' class="cv-advice"'
        # Answers of one name close each other, so that one path is open at a time.
        branches.append(
            f'<details name="{place}"><summary {SUPPRESS}="true">{escape(answer)}</summary>'
            f'<div{kind} style="{_BRANCH}">{inside}</div></details>'
        )
    return f"<p><strong>{escape(question.text)}</strong></p>\n" + "\n".join(branches)


def _advice(advice: Advice) -> str:
    number = advice.lesson[:2]
    call = "<br>".join(f"<code>{escape(line)}</code>" for line in advice.call.splitlines())
    return (
        f"<p>Take <strong>{escape(advice.model)}</strong>.<br>"
        f"{call}<br>"
        f'{escape(advice.beware)} <a href="{advice.lesson}" {SUPPRESS}="true">'
        f"Lesson {number}</a></p>"
    )
