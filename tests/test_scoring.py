"""Scoring a model: what could not be trained on is refused, and whole data sets pass in pieces.

What the scores promise for every VAE is tested in test_metrics.py.
"""

import math
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from course_utils import (
    VAE,
    VQVAE,
    Autoencoder,
    ConditionalVAE,
    PeekingVAE,
    SymbolPrior,
    Velocity,
    bound_parts,
    elbo,
    gaussian_kl,
    gaussian_log_density,
    log_likelihood,
    rate_parts,
    reconstruction_probability,
    reparameterize,
    sample_flow,
)
from course_utils.metrics import bounds
from course_utils.ppca import ProbabilisticPCA


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


every_estimate = pytest.mark.parametrize(
    "estimate", [elbo, log_likelihood, reconstruction_probability]
)


UNFIT = {
    "centred": (lambda x: 2 * x - 1, r"from -1 to 1; this model draws images in \[0, 1\]"),
    "bytes": (lambda x: 255 * x, r"from 0 to 255; .* or x / 255 for bytes"),
    "whole bytes": (lambda x: (255 * x).byte(), r"torch\.uint8; .*x\.float\(\) / 255"),
    "nan": (lambda x: x.where(x > 0, torch.nan), "nan or infinite values"),
    "infinite": (lambda x: x.where(x < 1, torch.inf), "nan or infinite values"),
    "doubles": (
        lambda x: x.double(),
        r"torch\.float64, the model torch\.float32; convert with x\.to",
    ),
    "an array": (lambda x: x.numpy(), r"a ndarray; expected a tensor: torch\.as_tensor\(x\)"),
    "a list": (lambda x: list(x), r"a list; expected a tensor: torch\.stack\(x\)"),
    "with labels": (lambda x: (x, torch.arange(len(x))), r"a tuple; .*the images alone, x\[0\]"),
    "a data set": (lambda x: SimpleNamespace(train=x, test=x), r"such as .*images, x\.train"),
    "one picture": (lambda x: x[0], r"shape \(1, 28, 28\); .* with x\[None\]"),
    "channels last": (lambda x: x.permute(0, 2, 3, 1), r"with x\.permute\(0, 3, 1, 2\)"),
}
SCORES = {
    "elbo": elbo,
    "bound_parts": bound_parts,
    "log_likelihood": lambda model, x: log_likelihood(model, x, 2),
    "reconstruction_probability": reconstruction_probability,
    "reconstruct": lambda model, x: model.reconstruct(x),
}


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
@pytest.mark.parametrize(("spoil", "message"), UNFIT.values(), ids=UNFIT)
def test_what_could_not_be_trained_on_is_not_scored(score, spoil, message, unchecked):
    x = torch.rand(6, 1, 28, 28, generator=seeded())
    x[0, 0, 0, :2] = torch.tensor([0.0, 1.0])
    with pytest.raises(ValueError, match=rf"^x .*{message}"):
        score(VAE.dense(2, (4,)), spoil(x))


@pytest.mark.parametrize("build", [Autoencoder.dense, VQVAE.patches], ids=["dense", "patches"])
def test_a_noisy_picture_can_be_drawn_again_and_bytes_cannot(build, unchecked):
    x = torch.rand(6, 1, 28, 28, generator=seeded())
    noisy = x + torch.randn(x.shape, generator=seeded(1))
    assert build().reconstruct(noisy).shape == x.shape
    for unfit in ("bytes", "whole bytes", "nan", "doubles", "an array", "channels last"):
        with pytest.raises(ValueError, match=r"^x "):
            build().reconstruct(UNFIT[unfit][0](x.round()))


def test_counts_are_not_below_zero_and_the_real_line_has_no_ends():
    x = torch.tensor([[3.0, -1.0]])
    with pytest.raises(ValueError, match="values down to -1; this model wants counts, >= 0"):
        elbo(VAE.dense(2, (4,), input_shape=(2,), output="multinomial"), x)
    assert elbo(VAE.dense(2, (4,), input_shape=(2,), output="linear"), x).isfinite().all()


@every_estimate
@pytest.mark.parametrize("other", [Autoencoder.dense, ConditionalVAE.dense], ids=["AE", "CVAE"])
def test_a_model_without_a_bound_is_named(estimate, other, unchecked):
    with pytest.raises(ValueError, match=r"the model is an? .*; expected a VAE, which has a bound"):
        estimate(other(2), torch.zeros(2, 1, 28, 28), torch.zeros(2))


def test_the_parts_of_no_example_are_refused():
    model = VAE.dense(2, (7,), input_shape=(5,)).double()
    with pytest.raises(ValueError, match=r"x has shape \(0, 5\); expected at least one example"):
        bound_parts(model, torch.zeros(0, 5, dtype=torch.float64))
    assert elbo(model, torch.zeros(0, 5, dtype=torch.float64)).shape == (0,)


def at_once(model, x, samples, generator):
    """What `elbo` and `log_likelihood` return, by their formulas and without pieces."""
    with torch.no_grad():
        mu, log_var = model.eval().encode(x)
        draws = [reparameterize(mu, log_var, generator) for _ in range(samples)]
        nll = torch.stack([model.nll(model.decode_beside(z, x), x) for z in draws])
        log_w = torch.stack(
            [gaussian_log_density(z) - gaussian_log_density(z, mu, log_var) for z in draws]
        )
    return -nll.mean(0) - gaussian_kl(mu, log_var), (log_w - nll).logsumexp(0) - math.log(samples)


@pytest.mark.parametrize("n", [999, 1000, 1001, 2345])
def test_the_draws_of_pieces_are_those_of_the_whole(n):
    model = VAE.dense(3, (6,), input_shape=(5,))
    x = torch.rand(n, 5, generator=seeded())
    sizes = []
    model.decoder.register_forward_hook(lambda module, inputs, out: sizes.append(len(out)))
    bound, likelihood = elbo(model, x, 3, seeded(1)), log_likelihood(model, x, 3, seeded(1))
    assert max(sizes) <= 1000 and sum(sizes) == 6 * n
    # Matrix products of another size may round differently in the last bits.
    expected = at_once(model, x, 3, seeded(1))
    torch.testing.assert_close((bound, likelihood), expected, rtol=1e-5, atol=1e-5)
    kl = gaussian_kl(*model.encode(x)).detach()
    torch.testing.assert_close(
        reconstruction_probability(model, x, 3, seeded(1)), expected[0] + kl, rtol=1e-5, atol=1e-5
    )


def test_very_many_draws_are_made_part_by_part(monkeypatch):
    model = VAE.dense(2, (6,), input_shape=(5,))
    x = torch.rand(50, 5, generator=seeded())
    monkeypatch.setattr(bounds, "MOST_WEIGHTS", 200)  # 20 examples at a time
    generator = seeded(1)
    parts = [at_once(model, part, 10, generator)[1] for part in x.split(20)]
    torch.testing.assert_close(
        log_likelihood(model, x, 10, seeded(1)), torch.cat(parts), rtol=1e-5, atol=1e-5
    )


MEMORY = """
import resource, torch
from course_utils import VAE, bound_parts, elbo, log_likelihood, reconstruction_probability
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
torch.set_num_threads(1)
x, model = torch.rand(2500, 1, 28, 28), VAE.conv(8, (8,))
score = [elbo, bound_parts, reconstruction_probability, lambda *data: log_likelihood(*data, 1)]
for function in score:  # what a first call needs, of a single piece
    function(model, x[:1000])
before = peak()
for function in score:
    function(model, x)
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count in other units")
def test_a_whole_data_set_needs_no_more_memory_than_a_piece_of_it():
    # At once, 2,500 images took 23 MB more than 1,000, and in pieces 1, since the allocator is told
    # to give back without delay what is no longer needed.
    environment = os.environ | {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536"}
    run = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True, env=environment
    )
    assert float(run.stdout) < 10


@pytest.mark.parametrize(
    "build",
    [
        lambda: Autoencoder.dense(2, (4,)),
        lambda: VAE.dense(2, (4,)),
        lambda: VAE.conv(2, (2,)),
        lambda: PeekingVAE.dense(2, (4,), channels=2),
        lambda: VQVAE.conv(4, 2, (2,)),
    ],
)
@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16, torch.float64])
def test_a_model_of_another_precision_draws_and_is_scored(build, precision):
    model = build()
    x = torch.rand(3, 1, 28, 28, generator=seeded()).to(precision)
    expected = model.reconstruct(x.float())
    model.to(precision)
    # bfloat16 has three digits, and the codebook may choose another vector at a tie.
    torch.testing.assert_close(model.reconstruct(x).float(), expected, rtol=0.05, atol=0.05)
    if isinstance(model, VAE):
        assert elbo(model, x).isfinite().all()
        drawn = model.sample(2, seeded())
        assert drawn.isfinite().all() and drawn.shape == (2, 1, 28, 28)


@pytest.mark.parametrize(
    "draw",
    [
        lambda x, **mine: elbo(VAE.dense(2, (4,)), x, **mine),
        lambda x, **mine: log_likelihood(VAE.dense(2, (4,)), x, 3, **mine),
        lambda x, **mine: VAE.dense(2, (4,)).sample(2, **mine),
        lambda x, **mine: PeekingVAE.dense(2, (4,), channels=2).sample(2, **mine),
        lambda x, **mine: PeekingVAE.dense(2, (4,), channels=2).draw(torch.zeros(1, 2), **mine),
        lambda x, **mine: ConditionalVAE.dense(2, 3, (4,)).sample(torch.tensor([1]), **mine),
        lambda x, **mine: SymbolPrior.conv(4, 4, 1, shape=(2, 2)).sample(1, **mine),
        lambda x, **mine: sample_flow(Velocity.dense(2, (4,)), 2, steps=1, **mine),
        lambda x, **mine: ProbabilisticPCA.fit(x.flatten(1)[:, :3], 1).sample(2, **mine),
        lambda x, **mine: rate_parts(torch.zeros(3, 2), torch.zeros(3, 2), **mine),
    ],
)
def test_a_seed_in_place_of_a_generator_is_one_sentence(draw, unchecked):
    x = torch.rand(2, 1, 28, 28, generator=seeded())
    with pytest.raises(ValueError, match=r"generator is 3; expected .*manual_seed\(3\)"):
        draw(x, generator=3)
    draw(x, generator=seeded())
