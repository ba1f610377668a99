"""What lesson 10 claims of any data set; and the numbers in its text, of MNIST."""

import math

import torch

sums = {beta: p.negative_elbo for beta, p in parts.items()}
assert min(sums, key=sums.get) in (1, 3) and parts[100].kl < 0.1
assert rates == sorted(rates, reverse=True)
assert list(awake.values()) == sorted(awake.values(), reverse=True) and awake[100] == 0
for beta in betas:
    assert told[beta].information < math.log(len(images.test)) + 1e-4, "it is one of the pictures"
    assert told[beta].information < parts[beta].kl + 1, "it says no more than it costs"
assert seen["one digit, copied"][1] < 2 < 8 < seen["real digits"][1]

betas_found = [true_beta(*loss) for loss in losses_of_others.values()]
wanted = (1, 0.5, 392, 784, 392, 1.536, 6144)
assert all(math.isclose(*pair, rel_tol=1e-6) for pair in zip(betas_found, wanted, strict=True))
assert silent.kl < 0.1 and (blobs - blobs[0]).abs().max() < 0.1

right = {"perfect": 1, "in another order, bent": 1, "useless: noise": 0, "useless: silent": 0}
for name, value in (right | {"each factor twice": 0}).items():
    assert abs(gap_of[name] - value) < 0.03, name
assert 0.1 < gap_of["all factors in each"] < 0.4

for beta in (1.0, 8.0):
    assert losses[beta].max() / losses[beta].min() < 1.08, "the losses nearly agree"
assert max(mig[1.0].max(), mig[8.0].max()) < 0.6, "none comes near 1"
assert mig[8.0].mean() > mig[1.0].mean()
for seed in (0, 1):
    tight, loose = spent["γ = 30", seed], spent["γ = 2", seed]
    assert abs(tight.kl - 9) < 0.5 and abs(loose.kl - 9) < 0.5, "the nats that were ordered"
    assert tight.reconstruction > loose.reconstruction + 5
    assert abs(loose.reconstruction - spent["β = 1", seed].reconstruction) < 5
for seed in range(4):
    assert told[8.0, seed].total_correlation < 0.3 < 1 < told[1.0, seed].total_correlation

for weight in worlds.values():
    straight = turned(weight, 0)
    for angle in (15, 30, 45):
        log_p, full, diagonal, gap = turned(weight, angle)
        assert abs(log_p - straight[0]) < 1e-8 and abs(full - log_p) < 1e-8
        assert gap < straight[3] - 0.05, "the measure notices"
        assert (full - diagonal > 0.1) == (weight is worlds["4 : 1"]), "the bound in one world"
w = torch.diag(lengths["4 : 1"].double()) @ rotation(45).T
for beta, cost in ((1, 0.6634), (8, 2.855)):
    m = w.T @ w / 0.25 + beta * torch.eye(2, dtype=torch.float64)
    assert abs(beta / 2 * (m.diagonal().log().sum() - torch.logdet(m)) - cost) < 1e-3
_, full, diagonal, _ = turned(worlds["4 : 1"], 45)
assert abs(full - diagonal - 0.6634) < 1e-3

assert all(after[seed] > mig[8.0][seed] for seed in range(4)) and min(after) > 0.3
assert max(after) - min(after) < 0.2 and max(map(abs, moved)) < 2
for n in counts:
    assert min(sum(found[n]), 12 * 0.3) > sum(control[n]), "labels turn it, shuffled ones do not"
assert sum(found[20]) / 12 > sum(after) / 4 - 0.05, "twenty are nearly as good as all"
with torch.no_grad():
    z = means(worst)[:100]
    same = worst.to_image(worst.decode(z)) - decode(z @ turn)
assert same.abs().max() < 1e-3, "the same pictures"

if images.name == "mnist":
    assert min(sums, key=sums.get) == 1
    assert all(0.9 * low < slope < 1.1 * high for (low, high), slope in slopes.items())
    assert abs(parts[0.1].kl - 59) < 4 and abs(sums[1] - 118) < 2
    assert abs(slopes[10, 100] - 15.7) < 2
    sure = {name: read for name, (read, _) in seen.items()}
    assert sure["real digits"] > 0.85 and sure["the mean digit"] < 0.3
    for beta in (1, 3):
        middle = sure[f"samples, β = {beta}"]
        assert 0.4 < middle < 0.65 and sure["samples, β = 100"] < 0.1
        assert middle > max(sure["samples, β = 0.1"], sure["samples, β = 10"])
    assert peeked.kl < 2 and peeked.negative_elbo < 85 < min(sums.values()) - 20
    assert told[0.1].information > 9 and told[10].information > 0.75 * parts[10].kl
    assert 2 < awake[10] < 11 and awake[1] > 15 and awake[0.1] == 20
    assert by_width[5].negative_elbo > by_width[20].negative_elbo + 12
    assert by_width[20].negative_elbo < by_width[50].negative_elbo + 1
    assert (by_width[50].kl_per_dimension > 0.1).sum() < 40
