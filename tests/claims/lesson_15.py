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
# The table of tumours is the same whatever the pictures are.
old, new, slips = areas["specimen"]
assert abs(old - 0.955) < 0.005 and abs(new - 0.927) < 0.005 and abs(slips - 0.537) < 0.02
assert abs(areas["repaired"][0] - 0.933) < 0.005 and abs(areas["repaired"][2] - 0.996) < 0.003
assert ndcg([1, 6, 7, 8, 9], wanted, 5) == 1 > ndcg([1, 6, 2, 8, 9], wanted, 5)
assert information_gap(perfect, factors) < 0.02 < 0.98 < mutual_information_gap(perfect, factors)
assert all(verdict(times(sigma)) for sigma in wrong.values()), "room 12: nothing fails"
assert fooled > 20 and abs(spread / width - 1) > 0.05
assert failed["package"] == failed["room 3"] == 0 < failed["averaged"]
assert failed["lesson 08"] and failed["cut off"] and failed["room 4"] == 1

if images.name == "mnist":
    assert abs(reported - 2.27) < 0.02 and abs(measured - 6.73) < 0.05, "about three times as large"
    assert knowing > 20
    for kind, spoilt, mended in (("erased", 52.2, 25.7), ("noisy", 22.8, 23.7)):
        assert abs(error["specimen", kind] - spoilt) < 1.5
        assert abs(error["repaired", kind] - mended) < 1.5
    for says, is_true, fair in zip(claimed, true, good, strict=True):
        assert 10 < fair - says < 14, "about twelve nats better, it says"
        assert -0.5 < is_true - fair < 3, "and a little worse, or level, it is"
    assert 14 < cost[1] - cost[0] < 20, "about 17 nats"
    assert decibels["white paper"][0] > max(ladder["specimen"]), "white paper beats them all"
    assert abs(ladder["specimen"][0] - 31.3) < 0.1 and abs(ladder["repaired"][0] - 13.8) < 0.1
    assert abs(decibels["white paper"][0] - 37.4) < 0.1
    assert abs(left["specimen"][0] - 9.0) < 0.3 and abs(left["repaired"][0] - 11.0) < 0.3
    *copies, averaged_copy = left["specimen"][1]
    assert all(abs(copy - 21) < 1 for copy in copies) and abs(averaged_copy - 21.9) < 0.7
    assert max(abs(copy - 15.8) for copy in left["repaired"][1]) < 0.3
    assert abs(silence - 35.4) < 0.2
    assert 300 < by_formula / by_autograd < 1500, "a factor of several hundred"
    assert abs(spread / width - 0.66) < 0.05, "about two thirds"
