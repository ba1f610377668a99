"""What lesson 17 claims. On the small digits a flow learns the few codes by heart."""

assert abs(jacobian.slogdet()[1].item() - layer(z)[1].item()) < 1e-5
assert (back - flat_codes[:1500]).abs().max() < 1e-3
assert sum(p.numel() for p in models["flow"].prior.parameters()) == 64_832

if images.name == "mnist":
    assert 0.5 < gap < 0.9 and 0.3 < won["one Gaussian"] < 0.55
    assert all(0.15 < won[name] - won["one Gaussian"] < 0.35 for name in ("mixture", "flow"))
    assert max(won.values()) < gap + 0.1 and 0.1 < only < 0.35
    assert 106 < bounds["normal"].mean() < 107.5
    assert 2.2 < gains["mixture"][0] < 3.0 and 3.4 < gains["flow"][0] < 4.3
    assert abs(gains["vamp"][0]) < 0.8 and gains["flow"][1] < 0.06
    assert bounds["flow, along"].mean() < 102, "the goal of the lesson"
    assert 0.2 < bounds["normal"].mean() - bounds["normal, along"].mean() < 1.2, "the control"
    assert 0 < bounds["flow"].mean() - bounds["flow, longer"].mean() < 0.4, "the other control"
    assert bounds["normal, along"].mean() - bounds["flow, along"].mean() > 4
    fell = likelihoods["normal, along"].mean() - likelihoods["flow, along"].mean()
    assert 3.5 < fell < 5.5
    sure, digits, far = (
        {word: sum(row[k] for row in rows) / 3 for word, rows in read.items()} for k in range(3)
    )
    assert sure["normal, along"] < 0.6 < 0.68 < min(sure["flow"], sure["flow, along"])
    assert min(digits.values()) > 9.5 and 0.8 < sure["real codes"] < 0.9
    assert far["normal, along"] > 3.5 * max(far["flow"], far["flow, along"])
    assert 0.9 < far["real pictures"] < far["real codes"] < 2.2
    assert far["real codes"] + 1 < min(far["flow"], far["flow, along"]) < 4.5
    assert 8 < far["one Gaussian"] < 12.5 and sure["one Gaussian"] < sure["normal, along"] + 0.05
    for name in second:
        assert floors["gap", name] < 0.3
        assert 0.4 < alone - sum(floors[name][:2]) < 1.1 and floors[name][2] == 10
        top, bottom, _ = floors["third", name]
        assert top < 0.1 and abs(top + bottom - floors[name][0]) < 0.05
    assert floors["third", "as it stands"][0] < 0.02 and floors["third", "as it stands"][2] == 0
    assert floors["warmed up"][0] > 1.8 * floors["as it stands"][0]
