"""What lesson 03 claims of any data set; and the numbers in its text, of MNIST."""

import torch

allowed = 6 * 0.5 / 280  # six standard errors of a share near one half, among 78,400 pixels
for name, (zeros, ones) in {"masking": (0.5, 0.0), "salt, pepper": (0.25, 0.25)}.items():
    spoiled = spoil(grey, name)
    assert abs((spoiled == 0).float().mean() - zeros) < allowed, name
    assert abs((spoiled == 1).float().mean() - ones) < allowed, name
by_hand = x + 0.5 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
assert torch.equal(spoil(x, "Gaussian"), by_hand)
in_package = denoising(lambda pictures: spoil(pictures, "Gaussian"))(networks["none"], x)["loss"]
assert torch.allclose(in_package, squared_error(networks["none"].reconstruct(by_hand), x))

for rule, count in zip(by_rule, by_count, strict=True):
    assert abs(count / rule - 1) < 0.02, "k directions pass k σ²"
assert (learned - predicted).abs().max() < 0.03, "the Wiener filter"
assert left["known", "perfect denoiser"] < left["known", "network"] / 2, "a memory"
assert cosine["with noise"] > 0.9 and off["with noise"] < 0.3 * length, "the score"
assert cosine["without noise"] < 0.8 and off["without noise"] > 0.6 * length, "which it is not"
denoised, copied = near["with noise"], near["without noise"]
assert denoised[0] < 0.2 and denoised[1] > 0.5 and denoised[5] > 0.9 > 0.7 > copied[5]

if images.name == "mnist":
    assert error["same noisy"] > 1.1 * error["clean"]
    assert error["clean"] < error["another noisy"] < error["same noisy"] < do_nothing / 10
    assert plain[0] < blind[0] < denoiser[0] and 0.05 < worth_it < 0.25
    assert denoiser[10] < plain[10] / 1.3 and 0.2 < better < 0.4
    assert denoiser[10] < blind[10] < 1.15 * denoiser[10] and blind[20] < denoiser[20] / 1.1
    assert best == [0, 2, 3, 4], "specialists"
    runner_up = table[1:].topk(2, 0, largest=False).values[1, 1:]
    assert (runner_up > 1.3 * table.min(0).values[1:]).all(), "by a wide margin"
    assert after["clipped"] > 1.5 * after["as trained"] and before["clipped"] < 100
    assert errors["scattered", "trained on masking"] < errors["scattered", "mean picture"] / 4
    assert errors["scattered", "best linear guess"] < errors["scattered", "trained on masking"]
    assert abs(errors["lower half", "trained on masking"] / 28.04 - 1) < 0.15
    assert errors["lower half", "trained on bands"] < errors["lower half", "best linear guess"]
    assert min(on_frame["no noise"], on_frame["masking"]) > 0.33
    assert max(on_frame["Gaussian"], on_frame["salt, pepper"]) < 0.25
    for reader in ("free", "held back"):
        for kind in ("Gaussian", "masking"):
            assert 0 < probe[kind, reader] - probe["none", reader] < 0.04, "a little better"
    assert left["known", "perfect denoiser"] < 0.5
    assert left["new", "perfect denoiser"] > 1.5 * left["new", "network"]
    assert apart.mean() < 0.02 and apart.max() < 0.1
    assert gain["no noise"][:50].min() > 0.98, "fifty directions pass whole"
    assert passed["Gaussian noise"] < passed["no noise"] / 4
