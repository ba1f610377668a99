"""What lesson 02 claims of any data set; and the numbers in its text, of MNIST."""

import torch

assert difference < 1e-4, "the loop by hand and `fit` reach the same weights"
assert encoder + decoder == in_package == 442_433
assert torch.allclose(y[0, 0, 1:-1, 1:-1], convolve(x[0, 0], right_edge), atol=1e-5)
assert same, "a convolution is equivariant"
assert by_code[256] < 1.05 * exact, "one byte for each number is enough"
spread = [codes_then.std(0).norm() for codes_then, _ in moments]
assert spread[0] < spread[1] < spread[-1], "codes spread out"

if images.name == "mnist":
    assert error["784-512-32"] < error["784-256-128-64-32"] / 2
    gap = error["784-256-128-64-32"] - error["784-512-32"]
    assert error["784-256-128-64-32"] - error["first weights by He"] > gap / 2, "the start"
    new = {name: losses["val_loss"] for name, losses in last.items()}
    for kind in ("", ", normalised"):
        assert 0.8 < new[f"convolutional{kind}"] / new[f"dense{kind}"] < 0.9, "convolution helps"
    gain = {name: new[name] - new[f"{name}, normalised"] for name in ("dense", "convolutional")}
    assert gain["dense"] > new["dense"] - new["convolutional"], "normalisation helps more"
    assert max(last, key=lambda name: new[name]) == "dense"
    assert min(last, key=lambda name: last[name]["loss"]) == "dense"
    assert all(values[1] > 2 * values[4] for _, values in when_shifted.values())
    assert nearby["32 numbers, PCA"] < 0.6 < nearby["32 numbers, as they are"]
    assert share["code"] > 0.85 and share["code"] > share["pixels"] - 0.02
    smallest = min(by_jpeg)
    assert by_code[256] < 0.7 * by_jpeg[smallest] and by_code[128] < by_jpeg[smallest]
    assert by_code[256] > by_jpeg[max(by_jpeg)] and smallest > 120
    assert 5_000 < pays_off["PNG"] < 30_000 and 40_000 < pays_off["JPEG"] < 90_000
    assert ink["N(0,I)"] < 0.6 * ink["real codes"]
    assert stranger["box"] > stranger["matched"] > 1.3 * stranger["real codes"]
    assert min(moved["N(0,I)"], moved["box"], moved["matched"]) > 2 * moved["real codes"]
    assert empty.float().mean() > 0.15 and back[empty].mean() > 2 * back[~empty].mean()
    assert nearer > 0.75 and 0.5 < farther < 0.75
    assert torch.cat(ends).mean() * 1.25 < middle.mean() < ghost.mean()
