"""What lesson 07 claims; its numbers come from dice and formulas, so they hold on any data set."""

for (gradient, each), exactly in zip(through.values(), (2, 1), strict=True):
    assert abs(gradient - exactly) < 6 * each.std().item() / n**0.5, "the pathwise gradient"
assert abs(by_score - density) < 6 * error_of_score, "the score function sees a step"
assert all(abs(found / wanted - 1) < 0.05 for found, wanted in one_dimension)
assert one_dimension[-1][1] > 10_000 * one_dimension[-2][1]
for ratio_mean, ratio_error, predicted in ratios.values():
    assert abs(ratio_mean - predicted) < 6 * ratio_error
assert ratios[20][2] == 132
assert abs(means["the other three"] - 2) < 0.03 and abs(means["all four"] - 2 * 3 / 4) < 0.03
assert waves[1][0] < waves[1][1], "a slow wave favours the pathwise gradient"
assert waves[10][0] > 80 * waves[10][1], "and a fast one the score function"
assert abs(waves[10][0] - 50) < 0.5 and abs(waves[10][1] - 0.5) < 0.01
assert all(abs(found / (16 * (k + 2) * (k + 4)) - 1) < 0.1 for k, found in quartic.items())
tails = {name: path[1000:, 0] for name, path in paths.items()}
assert all(abs(tail.mean() - 5.2 / 9) < 0.03 for tail in tails.values()), "both find the posterior"
scatter = {name: tail.std(0) for name, tail in tails.items()}
assert (scatter["score function"] > 1.5 * scatter["pathwise"]).double().mean() > 0.9
assert paths["score function"][:100, 0].min() < -0.5 and paths["pathwise"][:100, 0].min() > -0.2
fair = symbols[gumbel_softmax(theta.expand(n, 3), 1.0, generator).argmax(1)].mean(0)
assert (fair - p).abs().max() < 0.01, "the largest entry is a fair draw"
assert bias["score function"] < 0.03 < 0.3 < bias["straight-through"]
assert bias["straight-through"] > 0.7 * true_gradient.norm()
assert bias["τ = 0.1"] < bias["τ = 0.5"] < bias["τ = 2.0"]
assert variance["τ = 0.1"] > variance["τ = 0.5"] > variance["τ = 2.0"]
for tau in ("τ = 1.0", "τ = 2.0"):
    assert bias[tau] < bias["straight-through"] and variance[tau] < variance["straight-through"]
