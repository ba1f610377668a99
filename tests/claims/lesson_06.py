"""What lesson 06 claims of any data set; and the numbers in its text, of MNIST."""

import math

import torch

assert abs(evidence + 1.85876) < 1e-5 and abs(evidence - by_grid) < 1e-9
assert abs(evidence - by_draws) < 0.03
assert short.min() > 100, "a hundred thousand draws miss every one of the ten digits"
assert abs(torch.trapezoid(grid * posterior, grid) - 5.2 / 9) < 1e-6
assert abs(area - 1) < 1e-6
assert abs(best["KL(q‖p)"][0]) > 1.8 and abs(best["KL(p‖q)"][0]) < 0.1
assert best["KL(q‖p)"][1] < 1 < best["KL(p‖q)"][1]
assert abs(elbo_by_grid(0.3, 0.36) + 2.73819) < 1e-5
assert abs(by_guess - elbo_by_grid(0.3, 0.36)) < 6 * error
assert abs(climb[300][0] - 5.2 / 9) < 1e-4 and abs(climb[300][1] - 1 / 9) < 1e-3
assert evidence - 1e-3 < elbo_by_grid(*climb[300]) <= evidence
assert all(abs(bound + gap - evidence) < 1e-8 for bound, gap in zip(bounds, gaps, strict=True))
together = [bound + other for bound, other in zip(bounds, turned, strict=True)]
assert all(abs(total - evidence) > 0.1 for total in together[:2]), "the other way does not"
for at in (0.4, 1.1, 2.0):
    below = exact - bound_at(w, *posterior_at(at))
    assert below.min() > -1e-9 and abs(w[below.argmin()] - at) < 1e-6, "touches where it is right"
assert (exact - never).min() > 0.05, "the posterior of no w touches nowhere"
assert stairs == sorted(stairs) and abs(weight - math.sqrt(1.3**2 - 0.5)) < 1e-4, "EM"
assert abs(per_dimension.sum() - 0.8196) < 1e-4
assert abs(kl_by_draws - per_dimension.sum()) < 6 * kl_error
assert abs(best_sigma - wanted) < 0.005 and extra > 300
assert abs(fresh.mean() + 784 * math.log(2)) < 5
assert min(each.min() for each in missing.values()) > -1e-8, "a bound, on every picture"
assert missing[1.0].abs().max() < 1e-8 < missing[0.9].min()
assert cheat[1.0].max() < -10 and (cheat[0.0] - missing[0.0]).abs().max() < 1e-8
assert moved < 1e-9 and lost.min() > 0.1 and (lost.std(1) < 1e-6).all()

if images.name == "mnist":
    assert abs(entropy - 45.53) < 0.01
    assert abs(extra - 713) < 1
    assert abs(ignorant.mean() + 205.8) < 0.1
    assert abs(cheat[1.0].mean() + 18.91) < 0.01
    assert lost.min() > 1 and lost.max() < 3
