"""What lesson 01 claims of any data set; and the numbers in its text, of MNIST."""

import torch

assert by_hand == in_package == 489_136
assert abs(left_over - dropped) < 1e-3, "PCA leaves the sum of the dropped eigenvalues"
assert 0 < error_of_linear / floor - 1 < 0.02, "the linear autoencoder comes close to it"
assert cosines.min() > 0.9, "with weight decay the singular directions are the principal ones"
assert torch.allclose(stretch**2, 1 - alpha / variances[:k].float(), atol=0.05), "shrinkage"
assert saved == sorted(saved, reverse=True), "each further number saves less than the one before"
assert left["straight, 1,000", "two at once"] < left["curved, 30", "two at once"] / 2

if images.name == "mnist":
    assert abs(all_of_it - 52.90) < 0.01
    assert abs(by_pca[30] - 13.87) < 0.01 and 0.73 < 1 - by_pca[30] / all_of_it < 0.75
    assert error_of_linear / floor - 1 < 1e-3 and angle < 0.01
    curved_error, sigmoid_error = errors["hidden layers\nand sigmoid"], errors["sigmoid alone"]
    assert curved_error < by_pca[30] / 2
    assert 0.6 < (by_pca[30] - sigmoid_error) / (by_pca[30] - curved_error) < 0.72, "two thirds"
    assert 75 < needed["hidden layers\nand sigmoid"] < 90
    assert all(by_network[width] < by_pca[width] for width in widths[:-1])
    assert by_network[64] > by_pca[64], "PCA has overtaken the networks"
    for kind in strange:
        assert min((left[name, kind], name) for name in four)[1] == "straight, 1,000"
    assert left["curved, 1,000", "digits"] > left["curved, 30", "digits"] + 1
    assert left["straight, 1,000", "borrowed pixels"] > left["straight, 30", "borrowed pixels"] / 2
    assert cost < by_pca[30], "better than PCA in three hundred steps"
    assert abs(bernoulli_nll(floor_logits, images.test).mean() - 45.53) < 0.01
