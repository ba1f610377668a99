"""What lesson 05 claims of any data set; and the numbers in its text, of MNIST."""

import torch

assert abs(dimensions["spiral"] - 1) < 0.15 and abs(dimensions["roll"] - 2) < 0.3
assert 5 < dimensions["digits"] < 25, "the hypothesis, which the next two lines could refute"
assert dimensions["digits"] < 0.7 * dimensions["noise like digits"]
assert dimensions["noise like digits"] < dimensions["borrowed pixels"] < dimensions["static"]
assert kept["unrolled"] > 0.9 > 0.7 > kept["shadow"]
assert (ratio["one sigmoid layer"] - 1).abs().max() < 1e-5
assert all((ratio[name] - 1).abs().min() > 0.1 for name in list(ratio)[1:])
assert all(share < 1 for (_, size), share in used.items() if size < 1), "the norm is a bound"
assert abs(estimates.mean() - A.trace()) < 6 * (variance / 100_000) ** 0.5, "Hutchinson's mean"
assert abs(estimates.var() / variance - 1) < 0.05, "and variance"
closed = one_layer_penalty(contracted.encode(x), contracted.encoder[1].weight)
assert torch.allclose(closed, slopes["contractive"].square().sum((1, 2)), rtol=1e-3)
assert strong["contractive"] < 0.8 * strong["plain"] and (left[:50] < 1).all()
assert saturated["contractive"] > saturated["plain"]
assert movement["contractive"] < 0.8 * movement["plain"]
assert abs(after[0] / before[0] - 0.01) < 1e-4, "a hundredth of the penalty"
assert abs(after[1] / before[1] - 1) < 1e-4 and abs(after[2] / before[2] - 1) < 1e-3
assert norms["contractive"] < norms["denoising"] < norms["plain"]
assert from_fade < 0.25 * between, "half-way in the code is near a cross-fade"

if images.name == "mnist":
    assert counts["all digits"] == [87]
    assert sum(counts["100 neighbours"]) < 0.9 * sum(counts["100 at random"])
    assert 11 < dimensions["digits"] < 14 and 40 < dimensions["noise like digits"] < 48
    assert 95 < dimensions["borrowed pixels"] < 115 and dimensions["static"] < 200
    assert 0.38 < blind["contractive"] / blind["plain"] < 0.46
    for name, low, high in (("plain", 2.0, 2.7), ("contractive", 3.2, 4.0)):
        assert all(low < relative[name][kind] < high for kind in along)
    assert all(relative["contractive"][control] > 4 for control in off), "off the manifold too"
    for run in ("", ", again"):
        assert all(0.9 < value < 1.06 for value in knows[f"plain{run}"].values())
        knowing = knows[f"contractive{run}"]
        assert 1.25 < knowing["shifted"] < 1.45 and 1.3 < knowing["turned"] < 1.55
        assert 1.15 < knowing["nearest digit"] < 1.4 and 0.9 < knowing["thicker"] < 1.06
    assert 1.15 < knows["sparse"]["shifted"] < 1.45 and 1.2 < knows["sparse"]["turned"] < 1.55
    assert all(0.94 < value < 1.06 for value in knows["ReLU, no price"].values()), "the price"
    assert all(0.9 < value < 1.13 for value in knows["denoising"].values())
    assert 0.5 < left[1] < 0.65 and 0.12 < left[39] < 0.2
    assert shrunk["untied"][0] > 3 * shrunk["untied"][1] and shrunk["tied"][0] < 2.5
    frame = {name: rows[name][0].flatten().square()[still].sum() for name in models if name in rows}
    assert frame["plain"] > 0.4 and frame["contractive"] < 0.1
    assert all(0.75 < rise[s] / (s**2 * norm) < 0.95 for s in (0.05, 0.1, 0.2))
    assert 0.5 < norms["denoising"] / norms["plain"] < 0.65
    assert norms["contractive"] < 0.25 * norms["plain"]
    assert 0.7 < zeros < 0.8
    assert all((gain[:, 0] > 0.01).all() for gain in lead), "ahead of plain in each draw and run"
    clean = {name: table[:, 0].mean() for name, table in scores.items()}
    assert max(clean, key=clean.get).startswith("contractive")
    assert min(clean, key=clean.get) == "untrained"
    assert (
        min(clean["contractive"], clean["contractive, again"])
        > clean["sparse"]
        > clean["denoising"]
    )
    lost = {name: (table[:, 0] - table[:, 1]).mean() for name, table in scores.items()}
    assert lost["contractive"] < 0.015 < 0.03 < lost["raw pixels"]
