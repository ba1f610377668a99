"""What lesson 08 claims of any data set; and the numbers in its text, of MNIST."""

import math

assert abs(untrained["reconstruction"].item() - 784 * math.log(2)) < 15
assert untrained["KL"].item() < 1 < curves[0][3], "it pays nothing before training, and then does"
assert sigma.min() < 0.5
assert between < others / 4, "the draws of one picture are much alike"
assert wrong < cost - 1, "without the noise the number looks better"
assert gains[300][0] > gains[10][0] > gains[3][0] > 0 and abs(gains[1][0]) < 1e-4
assert all(abs(a.norm(dim=1).mean() / math.sqrt(20) - 1) < 0.1 for a in (prior_codes, draws))
assert min(price["autoencoder"], price["VAE, decoding μ"]) < price["VAE, decoding z"]
assert (drawn_codes.std(0) - 1).abs().max() < (both_codes["autoencoder"].std(0) - 1).abs().max()
assert apart < alone, "all clouds together are nearer to the prior than each alone"
assert floor < ceiling and floor < cost
assert apart_from.mean() < to_real.mean(), "the decoder is near the average, and that is no digit"
crossed = torch.maximum(images.test[:500], torch.eye(28) + torch.eye(28).flip(0))
prices = [terms(sister, pictures) for pictures in (images.test[:500], crossed)]
assert prices[1][0] - prices[0][0] > 50 > 25 > prices[1][1] - prices[0][1], "paid for in pixels"
once, twice = (stations(vae, each, epsilon) for each in (digit, crossed_out))
assert twice["reconstruction"] - once["reconstruction"] > 50 > 20 > abs(twice["KL"] - once["KL"])
assert torch.lerp(z_0, z_1, t).norm(dim=1).min() < spherical(z_0, z_1, t).norm(dim=1).min()

if images.name == "mnist":
    assert 104.5 < cost < 108.5 and abs(cost - seen) < 1.5, "nothing was memorised"
    assert curves[0][3] < curves[-1][3] and 20 < curves[-1][3] < 26
    assert sigma.max() > 0.7 and far < 5
    assert 74 < now["reconstruction"].item() < 80 and 25.5 < now["KL"].item() < 27.5, "our 3"
    gap = (places - torch.tensor([-1.5, 1.0])).norm(dim=1).argmin()
    assert log_q[gap] < log_p[gap] - math.log(2) and log_p[gap] > math.log(0.02), "a pale gap"
    assert certainty(naive, images.test) > 0.9 > 0.85 > certainty(naive, invented) > 0.6
    assert min(certainty(naive, fooling[name]) for name in ("noise", "a grey square")) > 0.9
    assert certainty(naive, fooling["the mean of all digits"]) > 0.5
    for name in ("noise", "a grey square", "the mean of all digits"):
        assert verdict[name][0] < 0.1, "the strict judge is not fooled"
    assert verdict["the mean of two digits"][0] < 0.4
    assert verdict["one digit, copied"][1] < 3 < 9 < min(verdict["real"][1], verdict["invented"][1])
    assert abs(verdict["real"][0] - verdict["rebuilt"][0]) < 0.06
    assert verdict["real"][0] > verdict["invented"][0] + 0.2 and 0.4 < verdict["invented"][0] < 0.65
    yours, once_again, deep = table.values()
    assert yours[2] > 15 and deep[2] < 12, "the deeper network sleeps"
    assert yours[0] < deep[0] - 15 and deep[0] < once_again[0] - 3
    assert yours[3] > deep[3] > once_again[3] + 0.1
    assert spoilt < deep[0] - 10 and read < 0.01
    assert distance.mean() > real.mean() > known.mean() + 5, "as a whole no copies"
    assert 4 < distance.min() < 8 and 6 < known.mean() < 10
    assert 30 > deep[0] - yours[0] > 25 > 10 > once_again[0] - deep[0] > 6
    assert once_again[3] < 0.6 * deep[3] and verdict["the mean of two digits"][0] > 0.2
    assert 120 < sum(curves[0][2:]) < 133 and once_again[0] > sum(curves[0][2:]) + 8
    assert price["autoencoder"] < price["VAE, decoding μ"] < price["VAE, decoding z"] - 5
    assert verdict["autoencoder, prior"][0] < verdict["VAE, prior"][0] - 0.15
    assert abs(verdict["autoencoder, fitted"][0] - verdict["VAE, prior"][0]) < 0.12
    assert abs(verdict["VAE, fitted"][0] - verdict["VAE, prior"][0]) < 0.1
    assert verdict["VAE, real codes"][0] > verdict["VAE, fitted"][0] + 0.2
    assert halfway["VAE"][0] < halfway["autoencoder"][0] < halfway["pixels"][0]
    assert abs(ways["arc"][0] - ways["ends"][0]) < 4 < ways["ends"][0] - ways["line"][0]
    assert ways["line"][1] < min(ways["ends"][1], ways["arc"][1]) - 0.03
    assert of_two > cost + 30 and 4.5 < alone < 5.7 and apart < 1
    assert apart_from.mean() < 15 and many.min() > 15
    assert 6 < cost - wrong < 10
    assert 3 < gains[300][0] < 6 and gains[300][1] < 0.3
    assert abs(ceiling - 205.7) < 0.2 and abs(floor - 45.53) < 0.01
