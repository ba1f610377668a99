"""What lesson 11 claims of any data set; and the numbers in its text, of MNIST."""

import math

assert gap < 1e-5, "joining one-hot rows chooses a bias"
assert 0 <= math.log(10) - entropy < 0.05, "about equally common"
assert agreed["ten VAEs"][0][1] < 0, "of ten networks two lean opposite ways"
assert max(table["neither"][1], table["encoder only"][1]) < 0.25, "nothing can be asked for"
assert table["both"][1] > 0.2, "more than luck"
assert prices_of["p(z|y)"].mean() < prices_of["N(0, I)"].mean(), "its own prior is nearer"
assert shuffled > honest + 5, "the bound notices wrong labels"
guessed = (guess == truth).float().mean().item()
assert guessed > 0.7

if images.name == "mnist":
    in_code = label_in_code(lambda x, y: plain.encode(x)[0])
    assert label_in_code(lambda x, y: told.encode(x, y)[0]) < 0.3 < 0.5 < in_code
    for name in ("seed 0", "seed 1", "seed 2"):
        (slants, least, _), (widths, _, _) = agreed[name]
        assert slants > 0.9 and least > 0.7 and widths > 0.9, name
    for name in ("ten VAEs", "one start"):
        mean, least, most = agreed[name][0]
        assert abs(mean) < 0.3 and least < -0.8 and most > 0.9, name
    assert agreed["one start"][1][0] > agreed["ten VAEs"][1][0] + 0.2, "as for width, it helps"
    assert lent_to[1] < 0.47 and min(lent_to[:1] + lent_to[2:]) > 0.5, "the 1 fails most often"
    assert read_as(*held_out) > 0.95 and read_as(orders(told), asked) > 0.95
    assert 15 < saved.mean() < 30 and abs(entropy - 2.30) < 0.01
    assert table["encoder only"][1] < 0.15 and table["neither"][1] < 0.15
    assert table["both"][0] + 4 < table["neither"][0] and table["decoder only"][2] > 0.65
    assert table["both"][0] < table["decoder only"][0] and table["both"][2] < 0.7
    assert table["decoder only"][1] + 0.05 < table["both"][1] < 0.9
    assert obeyed["one for each label"] > 0.95 and obeyed["one Gaussian for all"] < 0.88
    assert obeyed["that of another label"] < obeyed["N(0, I)"] < 0.88
    varied = {name: variety(pictures, asked) for name, pictures in by_prior.items()}
    assert varied["one for each label"] > varied["N(0, I)"] - 1, "no less variety"
    assert abs(variety(redrawn, labels) - varied["one for each label"]) < 4
    price = {name: each.mean() for name, each in prices_of.items()}
    assert price["N(0, I)"] - price["p(z|y)"] > 1
    assert 0 < price["N(0, I)"] - price["one for all"] < 0.4, "little of it is the shape of all"
    assert 0.88 < guessed < 0.96 < sure.mean() and guessed < read_as(asked_of, truth) - 0.02
    assert 12 < middle < 24
    assert costs["a code"].mean() < costs["one answer"].mean() - 5
    assert 0.8 < sure[guess != truth].mean() < 0.95, "where it errs it is nearly as sure"
    assert answers["from the prior"][0] > 1.5 and answers["from the prior"][2] > 0.9
    assert answers["from the prior"][1] > 0.5 and answers["from the encoder"][1] < 0.2, "no blur"
    assert answers["one answer"][3] > answers["from the prior"][3] + 0.03, "a name, without a draw"
