"""Arguments of the factories: from wherever they come, what is built can be saved, or it is not
built at all."""

import json

import numpy as np
import pytest
import torch

from course_utils import (
    VAE,
    VQVAE,
    Autoencoder,
    ConditionalVAE,
    FlowPrior,
    MixturePrior,
    PeekingVAE,
    SymbolPrior,
    Velocity,
    load,
    load_images,
    save,
)

FACTORIES = [
    (Autoencoder.dense, {"latent_dim": 3, "hidden": (5, 4), "input_shape": (1, 4, 4)}),
    (Autoencoder.linear, {"latent_dim": 3, "input_shape": (4,)}),
    (Autoencoder.conv, {"latent_dim": 3, "channels": (2, 3), "input_shape": (3, 9, 12)}),
    (VAE.dense, {"latent_dim": 3, "hidden": (5,), "input_shape": (4,)}),
    (VAE.conv, {"latent_dim": 3, "channels": (2, 3), "input_shape": (3, 9, 12)}),
    (MixturePrior.over, {"latent_dim": 3, "components": 4}),
    (FlowPrior.over, {"latent_dim": 3, "couplings": 2, "hidden": 4}),
    (PeekingVAE.dense, {"latent_dim": 3, "hidden": (5,), "reach": 1, "channels": 2}),
    (
        ConditionalVAE.dense,
        {"latent_dim": 3, "num_classes": 2, "hidden": (5,), "input_shape": (4,)},
    ),
    (VQVAE.conv, {"num_embeddings": 4, "embedding_dim": 2, "channels": (3,), "restart": 5}),
    (VQVAE.patches, {"num_embeddings": 4, "embedding_dim": 2, "hidden": 3}),
    (
        SymbolPrior.conv,
        {"num_symbols": 4, "channels": 8, "depth": 1, "shape": (3, 3), "num_classes": 2},
    ),
    (Velocity.dense, {"latent_dim": 3, "hidden": (5, 4), "num_classes": 2}),
]
every_factory = pytest.mark.parametrize(
    ("factory", "sizes"), FACTORIES, ids=[factory.__qualname__ for factory, _ in FACTORIES]
)


class Counted:
    """A whole number of somebody else's."""

    def __init__(self, number):
        self.number = number

    def __index__(self):
        return self.number


def one(make):
    return lambda value: tuple(map(make, value)) if isinstance(value, tuple) else make(value)


FORMS = {
    "numpy's int64": one(np.int64),
    "numpy's uint8": one(np.uint8),
    "numpy's array": np.array,
    "torch's tensor": torch.tensor,
    "an index": one(Counted),
    "lists": lambda value: list(value) if isinstance(value, tuple) else value,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@every_factory
def test_whole_numbers_may_come_from_anywhere_and_are_saved(factory, sizes, form, tmp_path):
    expected = factory(**sizes, seed=1)
    model = factory(**{name: form(size) for name, size in sizes.items()}, seed=form(1))
    assert model.recipe == expected.recipe
    save(model, tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert loaded.recipe == expected.recipe
    for mine, theirs in zip(loaded.parameters(), expected.parameters(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("number", [np.float32, np.float64, torch.tensor, np.array, str])
def test_real_numbers_may_come_from_anywhere(number, tmp_path, unchecked):
    def build(value):
        return VAE.dense(2, (3,), input_shape=(4,), output="linear", sigma=value, dropout=value)

    if number is str:
        with pytest.raises(ValueError, match=r"sigma is '0\.5'; expected one number"):
            build("0.5")
        return
    model = build(number(0.5))
    assert model.sigma == 0.5 and type(model.sigma) is float
    assert model.recipe == build(0.5).recipe
    save(model, tmp_path / "model")
    assert load(tmp_path / "model").sigma == 0.5


@pytest.mark.parametrize("model", [Autoencoder, VAE], ids=lambda model: model.__name__)
def test_convolutions_may_draw_numbers_that_are_no_shares_of_ink(model, tmp_path):
    options = {"sigma": 0.1} if model is VAE else {}
    built = model.conv(2, (2,), input_shape=(3, 8, 9), output="linear", **options)
    x = torch.full((1, 3, 8, 9), 7.0)
    assert torch.equal(built.to_image(x), x), "no sigmoid"
    save(built, tmp_path / "model")
    assert torch.equal(load(tmp_path / "model").reconstruct(x), built.reconstruct(x))
    if model is VAE:
        nll = built.nll(built.decode(torch.zeros(1, 2)), x)
        assert nll > 216 * 36 / (2 * 0.1**2), "in units of σ"


@pytest.mark.parametrize("yes", [True, np.True_, torch.tensor(True), np.array(True)])
def test_a_truth_value_may_come_from_anywhere(yes, tmp_path):
    model = Autoencoder.dense(2, (3,), input_shape=(4,), tied=yes)
    assert model.recipe["arguments"]["tied"] is True
    save(model, tmp_path / "model")
    assert load(tmp_path / "model").recipe["arguments"]["tied"] is True


@every_factory
def test_a_recipe_is_what_json_gives_back(factory, sizes):
    recipe = factory(**sizes).recipe
    again = json.loads(json.dumps(recipe))
    assert factory(**again["arguments"]).recipe == recipe


WRONG = [
    (lambda: VAE.dense(4.0), "latent_dim is 4.0; expected a whole number, 1 or more"),
    (lambda: VAE.dense(0), "latent_dim is 0; expected a whole number, 1 or more"),
    (lambda: VAE.dense(True), "latent_dim is True; expected a whole number"),
    (lambda: VAE.dense("4"), "latent_dim is '4'; expected a whole number"),
    (lambda: VAE.dense(None), "latent_dim is None; expected a whole number"),
    (lambda: VAE.dense(torch.tensor(4.0)), "latent_dim is tensor(4.); expected a whole"),
    (lambda: VAE.dense(torch.tensor([3, 4])), "latent_dim is tensor([3, 4]); expected a whole"),
    (lambda: VAE.dense(hidden=64), "hidden is 64; expected a sequence of whole numbers"),
    (lambda: VAE.dense(hidden="64"), "hidden is '64'; expected a sequence of whole numbers"),
    (lambda: VAE.dense(hidden=(64, 3.5)), "hidden[1] is 3.5; expected a whole number"),
    (lambda: VAE.dense(hidden=(64, 0)), "hidden[1] is 0; expected a whole number, 1 or more"),
    (lambda: VAE.dense(input_shape=()), "input_shape is (); expected a sequence of whole"),
    (lambda: VAE.conv(channels=()), "channels is (); expected a sequence of whole numbers"),
    (lambda: VAE.dense(seed=None), "seed is None; expected a whole number"),
    (lambda: VAE.dense(sigma=float("nan")), "sigma is nan; expected a positive"),
    (lambda: VAE.dense(sigma=float("inf")), "sigma is inf; expected a positive"),
    (lambda: VAE.dense(sigma=None), "sigma is None; expected one number"),
    (lambda: VAE.dense(sigma=1j), "sigma is 1j; expected one number"),
    (lambda: VAE.dense(sigma=np.array([0.1])), "sigma is array([0.1]); expected one"),
    (lambda: VAE.dense(dropout=1.5), "dropout is 1.5; expected a share, from 0 to 1"),
    (lambda: VAE.conv(output="multinomial"), "output is 'multinomial'; expected 'sigmoid' or"),
    (lambda: VAE.dense(output=3), "output is 3; expected 'sigmoid', 'linear' or 'multinomial'"),
    (lambda: Autoencoder.dense(code=["relu"]), "code is ['relu']; expected 'linear', 'relu' or"),
    (lambda: Autoencoder.dense(tied="yes"), "tied is 'yes'; expected True or False"),
    (lambda: VQVAE.conv(restart=0), "restart is 0; expected a whole number, 1 or more"),
    (lambda: SymbolPrior.conv(4, shape=(7,)), "shape is (7,); expected height and width"),
    (lambda: SymbolPrior.conv(4, 3), "channels is 3; expected 4 or more"),
    (lambda: Velocity.dense(0), "latent_dim is 0; expected a whole number, 1 or more"),
    (lambda: Velocity.dense(4, scale=-1), "scale is -1; expected the standard deviation of"),
    (lambda: VAE.dense(2).sample(2.5), "n is 2.5; expected the number of images to draw"),
    (lambda: load_images("digits", train_limit=2.5), "train_limit is 2.5; expected a whole number"),
]


@pytest.mark.parametrize(("call", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_no_number_is_refused_when_a_model_is_built(call, message, unchecked):
    with pytest.raises(ValueError) as error:
        call()
    assert message in str(error.value)


def test_an_unknown_argument_is_answered_with_the_known_ones():
    known = "latent_dim, channels, input_shape, output, sigma, prior, seed"
    with pytest.raises(TypeError, match=rf"VAE.conv: .*'size'; it takes {known}$"):
        VAE.conv(4, size=(3, 32, 32))


def test_a_limit_of_images_may_come_from_numpy():
    assert len(load_images("digits", train_limit=np.int64(9)).train) == 9
