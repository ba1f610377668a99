"""What lesson 12 claims of any data set; and the numbers in its text, of MNIST."""

import math

import torch

assert abs(squared_distance[1] - 0.05) < 1e-6 and bits == 245
quantizer_of_two = VQVAE.patches(num_embeddings=32, embedding_dim=2)
_, _, sent_on, chosen = quantizer_of_two(images.test[:10])
assert torch.allclose(sent_on, quantizer_of_two.quantizer.codebook[chosen], atol=1e-6)
assert abs(truth + 0.4225) < 1e-4 and abs(mu.grad - 0.166) < 0.01, "not even the sign"
assert abs(loss - 0.0625) < 1e-6
assert torch.allclose(averaging.codebook[0], m / N), "a step of the moving average"
assert alive(codebooks["averages,\nrestarts"])[1] < ceiling + 1e-3
assert used < 256 and [*residual] == [147, 294, 441, 588]
assert above < 1e-5, "nothing changes in the upper half"
for (row, column), answers in moved.items():
    later = 7 * row + column + 1
    assert not answers.flatten()[:later].any() and answers.flatten()[later:].any()
assert torch.equal(back, symbols[which]), "the file is read back"
assert low <= Fraction(number, 2**digits) < low + width
assert low + width >= Fraction(number + 1, 2**digits), "a whole step lies inside"
excess = [length - promise for length, promise in zip(lengths, text_bits[:6].tolist(), strict=True)]
assert max(excess) < 2.5
assert bound > pixel_nats.mean()

if images.name == "mnist":
    (by_gradient, evenly, worst), (by_averages, _, middle), (by_restarts, most, lowest) = (
        table.values()
    )
    assert by_restarts > 240 and max(by_gradient, by_averages) < 110 and evenly < 10
    assert lowest < middle < worst and most > 30 and most > 6 * evenly
    assert by_rounding < lowest - 0.5 and 120 < used < 220 and 25 < perplexity < 42
    p, possible, of_others = beside_paper(codebooks["averages,\nrestarts"].symbols(few), 256)
    assert abs(p - blank) < 0.05 and abs(possible - 57.5) < 4 and of_others > 180
    assert error < 5.5 and len(symbols.unique()) > 28
    assert shares[paper] > 0.35 and palette[paper].mean() < 0.02
    assert 11 < codebook_perplexity(symbols, 32) < 15
    assert own > 0.5 and below > 0.1
    assert 70 < text_bits.mean() < 105 and one < 0.65 * eight
    certainties, asked_for, distances = (
        {name: verdict[i] for name, verdict in verdicts.items()} for i in range(3)
    )
    assert asked_for["prior"] > 0.72 and asked_for["uniform"] < 0.15
    assert asked_for["prior"] > asked_for["borrowed"]
    assert certainties["uniform"] < 0.3 and certainties["real"] > 0.85
    assert distances["rebuilt"] < distances["prior"] < distances["borrowed"] < distances["uniform"]
    assert in_bits["the prior"] < in_bits["each place by itself"] - 20 < bits - 60
    assert min(excess) > 0
    errors_left = [*residual.values()]
    assert errors_left == sorted(errors_left, reverse=True) and errors_left[0] > 2 * errors_left[1]
    assert errors_left[1] < one_list and errors_left[-1] < 1.1 * without_lists
    assert with_prior < 110 and math.log2(10) < with_prior - text_bits.mean() + 1e-3
    assert 108 < bound < 135 and pixel_nats.mean() < 70
