"""What lesson 13 claims of any data set; and the numbers in its text, of MNIST."""

assert errors[strange].mean() > 1.5 * errors[~strange].mean()
assert by_pairs == by_ranks == 0.625
assert abs(plain - area) < 1e-9 and abs(plain - theirs) < 1e-9, "three ways, one number"
assert false_alarms == {"quantile among n": 2, "conformal": 1}
assert spread["IsolationForest", "tumours"].mean() > 94
assert spread["autoencoder", "tumours"].mean() < spread["IsolationForest", "tumours"].mean()
assert spread["IsolationForest", "diamonds"].mean() < 85, "it cuts one column at a time"
assert spread["IsolationForest", "diamonds"].mean() < spread["worst column", "diamonds"].mean()
knowing = ("autoencoder", "PCA, likelihood", "LocalOutlierFactor")
assert min(spread[name, "diamonds"].mean() for name in knowing) > 93
for table in ("tumours", "diamonds"):
    assert spread["PCA, likelihood", table].mean() > spread["autoencoder", table].mean()
rivals = {"chooser": lambda: PCA(0.99)}  # as lesson 14's chooser advises
for table in tables:
    advised = sum(judged_on(table, split)["chooser"] for split in range(5)) / 5
    assert advised > spread["autoencoder", table].mean()
assert worst[0] == numbers.index(stones.columns.index("z"))
assert 0.5 < extreme.mean() < 0.65 and (np.abs(fresh).max(axis=1) > 4).mean() < 0.02
assert by_kind["worst column"][0] > 99 and by_kind["IsolationForest"][0] < 95, "the first kind"
for name in (*knowing, "OneClassSVM"):
    assert by_kind[name][0] > 99 and by_kind[name][1] > by_kind["worst column"][1] + 3
assert by_kind["IsolationForest"][1] < by_kind["worst column"][1] - 3
assert same and flags.sum() == 40 and caught > 12
assert by_column == 21 and caught < by_column and cleaner._met, "judged by others"
assert max(apart) < 1.2
for L in (4, 16):
    assert abs(scatter["new", L] * L**0.5 / scatter["new", 1] - 1) < 0.2, "new draws: 1 / √L"
    assert abs(scatter["same", L] / scatter["new", 1] - 1) < 0.2, "one draw, however often"
assert of_densities > log_p.mean() + 1
assert best[10, 0.01] >= best[10, 0.1] and best[1, 0.1] >= best[10, 0.1]
assert best[1000, 0.01] <= best[100, 0.01] <= best[10, 0.01]
assert max(half) < 784 / 4
assert all(abs(value - 0.5) < 0.15 for value in one_way["digits"] + two_ways["digits"])

if images.name == "mnist":
    assert above > 0.03
    assert promises["200", "its training 8s"] > 4 * promises["200", "8s kept back"]
    assert abs(promises["all", "8s kept back"] - 0.05) < 0.035
    assert by_digit[1] < 0.65 and min(by_digit[2:8]) > 0.8
    assert errors[images.test_labels == 1].mean() < 1.2 * errors[~strange].mean()
    assert by_root > plain + 0.015 and by_square > plain + 0.015
    assert 0.05 < promises["all", "its training 8s"] < 0.09
    assert promises["200", "its training 8s"] > 0.8
    by_ink, by_squares = (against_eights(s)[1] for s in (-length, errors / length**2))
    assert by_ink > by_squares + 0.03 > against_eights(errors / length)[1]
    assert means["autoencoder"] > 97.5 and abs(means["PCA 32"] - 95.53) < 0.05
    assert abs(means["PCA 32 / ‖x‖"] - 96.89) < 0.05 and abs(means["PCA 16"] - 95.35) < 0.05
    assert abs(means["PCA 16 / ‖x‖"] - 97.25) < 0.05, "the division alone: 1.4 points, and 1.9"
    assert means["autoencoder"] > means["PCA 16 / ‖x‖"] + 0.4
    assert means["PCA 32"] > means["Deep SVDD"] > means["ink, no model"] + 15
    for n in (50, 400):
        promised = int(0.023 * (n + 1)) / (n + 1)
        assert abs(came_true["conformal", n].mean() - promised) < 0.003
        assert came_true["mean + 2σ", n].mean() > 1.5 * 0.023
    assert came_true["mean + 2σ", 400].mean(1).min() > 1.1 * 0.023
    assert came_true["quantile among n", 50].mean() > 0.033
    others_ = [row for name, row in board.items() if name != "autoencoder" and "‖" not in name]
    assert all(board["autoencoder"][i] > max(row[i] for row in others_) for i in range(3))
    level = zip(board["autoencoder"], board["LOF of x / ‖x‖"], strict=True)
    assert sum(abs(ours - helped) < 1.5 for ours, helped in level) >= 2
    for name, least in (("PCA", 0), ("SVM", -4)):
        alone = board[{"PCA": "PCA, likelihood", "SVM": "OneClassSVM"}[name]]
        gains = [a - b for a, b in zip(board[f"{name} of x / ‖x‖"], alone, strict=True)]
        assert min(gains) > least and (max(gains) > 5) == (name == "PCA")
    assert board["PCA of x / ‖x‖"][0] < board["autoencoder"][0] - 1.5
    assert 7 <= (eight > best[1, 0.1]).sum() <= 15, "about eleven false alarms"
    assert abs(rare[0.5][0] - rare[0.01][0]) < 0.01
    assert rare[0.5][1] > 0.9 and rare[0.01][1] < 0.75
    assert abs(best[100, 0.01] / best[10, 0.1] - 1) < 0.15, "nearly the same threshold"
    assert 0.01 < alarmed[~strange].double().mean() < 0.07
    assert auroc(bound, strange) < auroc(nats["squared error, decoding μ"], strange) - 0.04
    assert against_eights(bound)[1] < 0.3
    passed = ("half size", "shapes", "a dot", "nothing")
    assert max(one_way[name][0] for name in passed) < 0.2
    assert min(two_ways[name][0] for name in passed) > 0.7
    assert min(*one_way["upside down"], one_way["blurred"][0]) > 0.65
    assert one_way["blurred"][1] < 0.3 and one_way["nothing"][1] < 0.5
    assert two_ways["blurred"][1] > 0.75
