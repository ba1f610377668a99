"""What lesson 15 claims of any data set; and the numbers in its text, of MNIST."""

import math

import torch

assert reported == on_paper and measured > 1.5 * reported, "room 1: it never saw the new ones"
assert knowing > 5 and copying == 0, "room 2: the perfect denoiser pays"
assert error["specimen", "erased"] > 1.3 * error["repaired", "erased"]
narrow = math.log(0.02)
assert kl(torch.zeros(1, 1), torch.zeros(1, 1)).item() == 0
assert oracle - kl(torch.ones(1, 1), torch.full((1, 1), narrow)).item() > 1
for says, is_true, fair in zip(claimed, true, good, strict=True):
    assert says < min(is_true, fair) - 0.5 and is_true > fair - 2
assert not any(p.grad is not None for p in layers["log_var_head"].parameters())
assert all(p.grad is not None for p in layers["mu_head"].parameters())
assert cost[1] > cost[0] + 1
ladder = {name: curves[name][1] for name in ("specimen", "repaired")}
assert all(values == sorted(values) for values in ladder.values()), "more directions, more decibels"
assert all(good > bad for good, bad in zip(ladder["specimen"], ladder["repaired"], strict=True))
assert min(seen for seen, _ in decibels.values()) > 24 > decibels["white paper"][1] + 10
assert (four["repaired"] - alone).norm(dim=1).max() < 0.01 * (alone - start[:1]).norm()
assert (four["specimen"] - alone).norm(dim=1).min() > 0.2 * (alone - start[:1]).norm()
assert min(left["specimen"][1]) > 1.2 * max(left["repaired"][1]), "worse drawings, of each copy"
assert torch.isclose(silence, (bias**2).sum(), rtol=1e-3)
assert by_formula > 3 * by_autograd
assert abs(areas["repaired"][0] - areas["repaired"][1]) < 0.005
assert areas["specimen"][0] > 0.94 and areas["specimen"][2] < 0.6 < 0.97 < areas["repaired"][2]
assert abs(areas["specimen"][1] - areas["specimen"][0]) > 0.02
assert ndcg([1, 6, 7, 8, 9], wanted, 5) == 1 > ndcg([1, 6, 2, 8, 9], wanted, 5)
assert information_gap(perfect, factors) < 0.02 < 0.98 < mutual_information_gap(perfect, factors)
assert all(verdict(times(sigma)) for sigma in wrong.values()), "room 12: nothing fails"
assert fooled > 20 and abs(spread / width - 1) > 0.05
assert failed["package"] == failed["room 3"] == 0 < failed["averaged"]
assert failed["lesson 08"] and failed["cut off"] and failed["room 4"] == 1

if images.name == "mnist":
    assert knowing > 20
    assert decibels["white paper"][0] > max(ladder["specimen"]), "white paper beats them all"
    assert left["specimen"][0] < left["repaired"][0] - 1, "and yet a better loss"
