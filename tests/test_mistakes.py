"""What `fit` says where something does not belong: one sentence, with the way out."""

import functools
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from course_utils import (
    VAE,
    VQVAE,
    Autoencoder,
    ConditionalVAE,
    History,
    NonFiniteLoss,
    SymbolPrior,
    Velocity,
    contractive,
    cosine_decay,
    denoising,
    elbo,
    fit,
    flow_matching,
    gaussian_noise,
    linear_warmup,
    masking_noise,
    negative_elbo,
    reconstruction,
    sparse,
    squared_error,
    symbol_likelihood,
    vector_quantized,
    weight_decay,
)

FEATURES, EXAMPLES = 6, 40
SHAPE = {"input_shape": (FEATURES,)}


@pytest.fixture(autouse=True)
def as_a_learner(unchecked):
    """The type checker would object first."""


@pytest.fixture
def x():
    return torch.rand(EXAMPLES, FEATURES, generator=torch.Generator().manual_seed(0))


def autoencoder():
    return Autoencoder.dense(3, (8,), **SHAPE)


def vae():
    return VAE.dense(2, (8,), **SHAPE)


def conditional():
    return ConditionalVAE.dense(2, 3, (8,), **SHAPE)


def labels(n=EXAMPLES):
    return torch.arange(n) % 3


def train(model, objective, data, **options):
    return fit(
        model, objective, data, **{"epochs": 1, "batch_size": 16, "device": "cpu", **options}
    )


def refusal(model, objective, data, **options):
    """The one sentence, and the model as it was."""
    before = weights(model)
    with pytest.raises(ValueError) as error:
        train(model, objective, data, **options)
    after = weights(model)
    assert all(torch.equal(after[name], value) for name, value in before.items())
    return one_sentence(error)


def one_sentence(error):
    sentence = str(error.value)
    assert "\n" not in sentence and 20 < len(sentence) < 360
    return sentence


def weights(model):
    state = model.state_dict() if isinstance(model, nn.Module) else {}
    return {name: value.clone() for name, value in state.items()}


# The batches of an iterable: each is looked at, in each epoch.


class Folder(Dataset):
    """Examples one by one; from number 32 on, which comes in batch 3, they are spoiled."""

    def __init__(self, x, spoil):
        self.x, self.spoil = x, spoil

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.spoil(self.x[i]) if i >= 32 else self.x[i]


SPOILT = {
    "nan": (lambda x: x * math.nan, "batch 3 of {} holds nan or infinite values"),
    "inf": (lambda x: x / 0, "batch 3 of {} holds nan or infinite values"),
    "bytes": (lambda x: x * 255, "batch 3 of {} has values from"),
    "centred": (lambda x: 2 * x - 1, "batch 3 of {} has values from"),
    "float64": (lambda x: x.double(), "batch 3 of {} holds torch.float64, the model torch.float32"),
    "integers": (lambda x: x.long(), "batch 3 of {} holds torch.int64"),
    "short": (lambda x: x[:5], "batch 3 of {}: x has shape (8, 5); expected (batch, 6)"),
}


@pytest.mark.parametrize("where", ["train", "val"])
@pytest.mark.parametrize(("spoil", "sentence"), SPOILT.values(), ids=SPOILT)
def test_a_bad_example_in_a_later_batch_is_found(spoil, sentence, where, x):
    data = DataLoader(Folder(x, spoil), 16)
    data = {"data": data} if where == "train" else {"data": x, "val": data}
    with pytest.raises(ValueError) as error:
        train(vae(), negative_elbo(), **data)
    assert sentence.format(where) in one_sentence(error)


def test_a_batch_that_turns_bad_in_a_later_epoch_is_found(x):
    class Changing:
        epochs = -1  # the first look is before training

        def __iter__(self):
            self.epochs += 1
            yield x[:16]
            yield x[16:] * (1 if self.epochs < 2 else 300)

    with pytest.raises(ValueError, match="batch 2 of train has values from"):
        train(autoencoder(), reconstruction, Changing(), epochs=3)


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        ((lambda x: (x, torch.arange(8))), "batch 2 of train: labels go from 0 to 7; .* 0 to 2"),
        ((lambda x: (x, labels(7))), "batch 2 of train: there are 7 labels for 8 examples"),
        ((lambda x: (x, labels(8)[:, None])), r"tensor 2 of batch 2 .* \(8, 1\), .* with 1 axes"),
        ((lambda x: (x, labels(8).float())), "torch.float32"),
        ((lambda x: (x,)), "batch 2 of train holds 1 tensors, the first batch 2"),
        ((lambda x: {"x": x}), "batch 2 of train is a dict"),
    ],
)
def test_labels_are_looked_at_in_every_batch(last, sentence, x):
    with pytest.raises(ValueError, match=sentence):
        train(conditional(), negative_elbo(), [(x[:16], labels(16)), last(x[:8])])


@pytest.mark.parametrize(
    ("y", "way"),
    [
        (labels()[:, None], r": y\[:, 0\]"),
        (nn.functional.one_hot(labels(), 3), r"one-hot, so y.argmax\(1\)"),
        (labels() + 0.7, "train: y holds .*7; expected whole numbers from 0 to 2"),
        (labels() + 1, "train: labels go from 1 to 3; this model knows 0 to 2: y - 1"),
    ],
)
def test_labels_in_another_form(y, way, x):
    with pytest.raises(ValueError, match=way):
        train(conditional(), negative_elbo(), (x, y))


def test_a_network_of_ones_own_is_told_which_batch_is_of_another_shape(x):
    def objective(model, x):
        return {"loss": squared_error(model(x), x)}

    with pytest.raises(ValueError, match=r"batch 2 of train has shape \(8, 5\).*first have \(6,\)"):
        train(nn.Linear(FEATURES, FEATURES), objective, [x[:8], x[:8, :5]])


def test_what_can_be_gone_through_only_once_is_told_after_the_first_time(x):
    class Once:
        def __init__(self):
            self.batches = iter(x.split(8))

        def __iter__(self):
            yield from self.batches

    with pytest.raises(ValueError, match=r"train had no batches in epoch 2: .*only once"):
        train(autoencoder(), reconstruction, Once(), epochs=3)


# Model, objective and data that do not belong together.


def third_party(weight):
    def objective(model, x):
        return reconstruction(model, x)

    return objective


def hidden_maker(model, x):
    return lambda model, x: reconstruction(model, x)


MADE = "makes an objective: call it, "
CALLS = {
    "not called": (vae, negative_elbo, MADE + r"negative_elbo\(\)"),
    "with options": (autoencoder, sparse, MADE + r"sparse\(\.\.\.\)"),
    "denoising": (autoencoder, denoising, MADE + "denoising"),
    "contractive": (autoencoder, contractive, MADE + "contractive"),
    "vector_quantized": (autoencoder, vector_quantized, MADE + r"vector_quantized\(\)"),
    "weight_decay": (autoencoder, weight_decay, MADE + "weight_decay"),
    "partly": (vae, functools.partial(negative_elbo, beta=2.0), MADE + "negative_elbo"),
    "partly, two": (autoencoder, functools.partial(sparse, 0.1, kind="kl"), MADE + "sparse"),
    "one's own": (autoencoder, third_party, "third_party cannot take a batch of 1 tensors"),
    "returns one": (autoencoder, hidden_maker, r"returned a function; .* call it: hidden_maker"),
    "a result": (autoencoder, {"loss": torch.ones(3)}, "objective is a dict, as an objective retu"),
    "text": (autoencoder, "reconstruction", "objective is 'reconstruction'; expected a function"),
    "none": (autoencoder, None, "objective is None; expected a function"),
    "a loss": (autoencoder, squared_error, "squared_error is no objective.*def mine"),
    "torch's": (autoencoder, nn.functional.mse_loss, "mse_loss is no objective"),
    "a module": (autoencoder, nn.MSELoss(), "MSELoss is no objective"),
    "its class": (autoencoder, nn.MSELoss, "MSELoss is no objective"),
    "a class": (autoencoder, History, "objective is the class History; build one first"),
    "a model": (autoencoder, autoencoder(), "objective is an Autoencoder, which is a model"),
    "kind": (
        autoencoder,
        negative_elbo(),
        "made for a VAE or a ConditionalVAE, .* an Autoenc.*; t",
    ),
    "kind 2": (vae, vector_quantized(), "made for a VQVAE, and this model is a VAE; take negative"),
    "kind 3": (vae, contractive(0.1), "contractive is made for an Autoencoder, .* is a VAE"),
    "kind 4": (vae, sparse(0.1), "sparse is made for an Autoencoder"),
    "kind 5": (vae, symbol_likelihood, "symbol_likelihood is made for a SymbolPrior"),
    "kind 6": (conditional, reconstruction, r"for an Autoencoder.*take negative_elbo\(\)"),
    "kind 7": (
        lambda: Velocity.dense(FEATURES, (4,)),
        negative_elbo(),
        r"this model is a Velocity; take flow_matching\(\)",
    ),
    "kind 8": (vae, flow_matching(), r"flow_matching is made for a Velocity.*take negative_elbo"),
    "a score": (vae, elbo, r"elbo is a score, which nothing learns from; .*negative_elbo\(\)"),
    "decayed": (autoencoder, weight_decay(negative_elbo(), 1.0), "made for a VAE or a Conditional"),
    "labels missing": (
        conditional,
        negative_elbo(),
        r"pass a tuple \(images.train, images.train_l",
    ),
    "a layer": (lambda: nn.Linear(6, 6), reconstruction, "made for an Autoencoder.*of your own"),
    "its class, not built": (
        lambda: VAE,
        negative_elbo(),
        r"the class VAE; .* VAE\.conv\(\.\.\.\)",
    ),
    "factory": (
        lambda: VAE.dense,
        negative_elbo(),
        r"factory VAE\.dense; .*: VAE\.dense\(\.\.\.\)",
    ),
    "inherited": (lambda: Autoencoder.conv, reconstruction, r"call it .*: Autoencoder\.conv\("),
    "builder": (lambda: autoencoder, reconstruction, "the function autoencoder; .* call it"),
    "path": (lambda: "vae.model", negative_elbo(), r"model is 'vae.model'; .*load\(path\)"),
    "nothing": (lambda: None, negative_elbo(), "model is None; expected a network"),
    "swapped": (lambda: reconstruction, autoencoder(), "model and objective have changed places"),
    "swapped 2": (lambda: negative_elbo(), vae(), "model and objective have changed places"),
}


@pytest.mark.parametrize(("build", "objective", "sentence"), CALLS.values(), ids=CALLS)
def test_model_and_objective_that_do_not_belong_together(build, objective, sentence, x):
    with pytest.raises(ValueError, match=sentence):
        train(build(), objective, x)
    refusal(build(), objective, x)


def test_an_objective_and_the_data_have_changed_places(x):
    assert "objective and train have changed places" in refusal(autoencoder(), x, reconstruction)


WRONG_SETTINGS = {
    "called twice": (lambda: negative_elbo()(), r"negative_elbo\(\.\.\.\) is the objective itself"),
    "called": (
        lambda: reconstruction(),
        r"reconstruction is the objective itself.*without another",
    ),
    "on a model": (lambda: reconstruction(autoencoder()), "wants a model and a batch"),
    "model for β": (lambda: negative_elbo(vae()), "beta is a VAE; expected a number"),
    "model and x": (lambda: sparse(autoencoder()), "weight is an Autoencoder; expected a number"),
    "text": (lambda: negative_elbo("4"), "beta is '4'; expected a number"),
    "nan": (lambda: contractive(math.nan), "weight is nan; expected 0 or more"),
    "inf": (lambda: vector_quantized(math.inf), "commitment is inf; expected 0 or more"),
    "number to denoise": (lambda: denoising(0.5), r"corrupt is 0.5; .*gaussian_noise\(0.5\)"),
    "noise not called": (lambda: denoising(gaussian_noise), r"call it .*, gaussian_noise\(0.5\)"),
    "masks not called": (lambda: denoising(masking_noise), r"call it .*, masking_noise\(0.5\)"),
    "images": (lambda: denoising(torch.ones(2, 3)), r"corrupt is a tensor of shape \(2, 3\)"),
    "inner": (lambda: weight_decay(sparse, 0.1), r"sparse makes an objective: call it, sparse"),
    "swapped": (lambda: weight_decay(0.1, reconstruction), "objective is 0.1; expected one such"),
}


@pytest.mark.parametrize(("make", "sentence"), WRONG_SETTINGS.values(), ids=WRONG_SETTINGS)
def test_an_objective_that_is_made_of_the_wrong_things(make, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        make()
    one_sentence(error)


def test_numbers_of_every_library_are_a_weight(x):
    for weight in (1, np.float32(0.1), np.float64(0.1), np.int64(1), torch.tensor(0.1)):
        assert train(autoencoder(), sparse(weight), x).finished


def test_a_schedule_or_a_corruption_that_is_none_is_told_when_it_is_used(x):
    assert "beta at progress 1 is the function" in refusal(vae(), negative_elbo(linear_warmup), x)
    strange = denoising(lambda x: {"x": x})
    assert r"corrupt(x) gave a dict; expected a spoilt copy" in refusal(autoencoder(), strange, x)


@pytest.mark.parametrize(
    ("build", "objective"), [(vae, negative_elbo()), (autoencoder, reconstruction)]
)
def test_labels_that_come_along(build, objective, x):
    pairs = DataLoader(TensorDataset(x, labels()), 16)
    assert "[(x,) for x, _ in loader]" in refusal(build(), objective, pairs)
    assert "images.train alone" in refusal(build(), objective, (x, labels()))
    assert train(build(), objective, [(x,) for x, _ in pairs]).finished


def test_one_set_with_labels_in_a_list(x):
    sentence = refusal(conditional(), negative_elbo(), [x, labels()])
    assert "a list holds batches, and a tuple one set" in sentence


def test_symbols_and_labels_for_a_prior(x):
    symbols = torch.zeros(8, 7, 7, dtype=torch.long)
    plain, of_labels = SymbolPrior.conv(4, 8, 1), SymbolPrior.conv(4, 8, 1, num_classes=3)
    assert "knows no labels" in refusal(plain, symbol_likelihood, (symbols, labels(8)))
    assert "give a label y" in refusal(of_labels, symbol_likelihood, symbols)
    with pytest.raises(ValueError, match="batch 2 of train has symbols from 4 to 4"):
        train(plain, symbol_likelihood, [symbols, symbols + 4])


RETURNS = {
    "tensor": (lambda loss: loss, "returned a Tensor; expected a dict with the term 'loss'"),
    "mean": (lambda loss: loss.mean(), "returned a Tensor; .*one number per example"),
    "nothing": (lambda loss: None, "returned a NoneType"),
    "pair": (lambda loss: (loss, {}), "returned a tuple"),
    "no loss": (lambda loss: {"error": loss}, r"returned \['error'\]; expected a dict"),
    "number": (lambda loss: {"loss": loss, "β": 0.5}, r"'β' is 0.5; .*torch.tensor\(...\)"),
    "whole": (lambda loss: {"loss": loss, "n": (loss > 0).long()}, r"'n' holds .*\.float\(\)"),
}


@pytest.mark.parametrize(("form", "sentence"), RETURNS.values(), ids=RETURNS)
def test_an_objective_that_returns_something_else(form, sentence, x):
    def objective(model, x):
        return form(reconstruction(model, x)["loss"])

    with pytest.raises(ValueError, match=sentence) as error:
        train(autoencoder(), objective, x)
    one_sentence(error)


def test_a_loss_may_be_one_number_for_the_whole_batch(x):
    def objective(model, x):
        return {"loss": reconstruction(model, x)["loss"].mean()}

    each, at_once = (
        train(autoencoder(), form, x, epochs=3) for form in (reconstruction, objective)
    )
    assert at_once.terms == each.terms


def test_a_mistake_inside_ones_own_objective_keeps_its_line(x):
    def objective(model, x):
        return {"loss": squared_error(model(x).nothing, x)}

    with pytest.raises(ValueError, match=r"objective .* does not go with an Autoencoder") as error:
        train(autoencoder(), objective, x)
    assert isinstance(error.value.__cause__, AttributeError)

    def broken(model, x):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(autoencoder(), broken, x)


# Data in a form that is none.


class Table:
    """As much of a DataFrame as matters, whichever library made it."""

    def __init__(self, x):
        self.x = x

    def __iter__(self):
        return iter("abcdef")

    def to_numpy(self):
        return self.x.numpy()


class Stream(IterableDataset):
    def __init__(self, x):
        self.x = x

    def __iter__(self):
        return iter(self.x)


class Records(Dataset):
    def __init__(self, x):
        self.x = x

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return {"label": i % 3, "pixels": self.x[i]}


FORMS = {
    "batches of dicts": (lambda x: DataLoader(Records(x), 16), r"\(batch\['pixels'\],\) for batch"),
    "dict": (lambda x: {"y": labels(), "x": x}, r"with the keys y, x; .* train\['x'\]"),
    "table": (Table, r"train holds a Table .* torch.as_tensor\(frame.to_numpy\(\), dtype=torch.fl"),
    "tables": (lambda x: [Table(x)], r"batch 1 of train holds a Table .*frame.to_numpy"),
    "array": (lambda x: x.numpy(), r"train holds a ndarray .* torch.as_tensor\(array\)"),
    "tuple of examples": (tuple, r"a tuple of 40 single examples; .* torch.stack\(train\)"),
    "single examples": (list, r"batch 1 of train is a single example.* torch.stack\(train\)"),
    "stream": (Stream, r"is a single example.* DataLoader\(train, batch_size=128\)"),
    "loader of one": (lambda x: DataLoader(x, batch_size=None), "is a single example"),
    "pairs": (lambda x: [(row, 3) for row in x], r"holds a int .* DataLoader\(train, batch_size"),
    "data set": (Records, r"train is a Records, which .* DataLoader\(train, batch_size=128\)"),
    "sparse": (lambda x: x.to_sparse(), r"make it dense with x.to_dense\(\)"),
    "share": (lambda x: 0.2, "train is a float, which cannot be gone through"),
}


@pytest.mark.parametrize(("form", "sentence"), FORMS.values(), ids=FORMS)
def test_data_in_another_form(form, sentence, x):
    with pytest.raises(ValueError, match=sentence):
        train(vae(), negative_elbo(), form(x))
    refusal(vae(), negative_elbo(), form(x))


# The smaller arguments.


def steps():
    sgd = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1)
    return torch.optim.lr_scheduler.StepLR(sgd, 1)


ARGUMENTS = {
    "lr text": ({"lr": "1e-3"}, "lr is '1e-3'; expected a number such as 1e-3, or a schedule"),
    "lr none": ({"lr": None}, "lr is None; expected a number"),
    "lr list": ({"lr": [1e-3]}, "lr is a list; expected a number"),
    "lr scheduler": ({"lr": steps()}, "lr is a StepLR; expected a number"),
    "lr class": ({"lr": torch.optim.Adam}, "lr is the class Adam; expected a number"),
    "lr not called": ({"lr": cosine_decay}, "lr at progress 0 is the function cosine_decay"),
    "lr of nothing": ({"lr": lambda: 1e-3}, r"cannot be called as lr\(progress\)"),
    "lr text later": ({"lr": lambda t: "1e-3"}, "lr at progress 0 is '1e-3'; expected a number"),
    "lr nan": ({"lr": math.nan}, "lr is nan; expected 0 or more"),
    "lr below": ({"lr": np.float32(-1)}, "lr is -1; expected 0 or more"),
    "lr tensor": ({"lr": torch.ones(3)}, r"lr is a tensor of shape \(3,\)"),
    "seed none": ({"seed": None}, "seed is None; expected a whole number, such as 0"),
    "seed text": ({"seed": "0"}, "seed is '0'; expected a whole number"),
    "seed float": ({"seed": 0.5}, "seed is 0.5"),
    "seed large": ({"seed": 2**70}, "seed is 118059"),
    "seed generator": ({"seed": torch.Generator()}, "seed is a Generator"),
    "callback alone": ({"callbacks": print}, r"callbacks is the function print; .*\[\.\.\.\]"),
    "callbacks none": ({"callbacks": None}, "callbacks is None; .* leave it out"),
    "callbacks text": ({"callbacks": "print"}, "callbacks holds 'p'; expected functions"),
    "callback's class": ({"callbacks": [History]}, "callbacks holds the class History"),
    "callback of one": ({"callbacks": [lambda model: 0]}, r"called as callback\(model, history\)"),
    "resume dict": ({"resume": {"loss": [1.0]}}, "resume is a dict; expected the history that"),
    "resume epochs": ({"resume": 3}, "resume is 3; expected the history"),
    "resume no checkpoint": ({"resume": History({"loss": [1.0]})}, "resume holds no checkpoint"),
    "steps text": ({"steps": "7"}, "steps is '7'; expected a whole number, 1 or more"),
    "steps none": ({"steps": 0}, "steps is 0; expected a whole number, 1 or more"),
    "epochs text": ({"epochs": "10"}, "epochs is '10'; expected a whole number, 1 or more"),
    "epochs float": ({"epochs": 10.0}, "epochs is 10.0; expected a whole number"),
    "epochs none": ({"epochs": None}, "epochs is None; expected a whole number"),
    "epochs numpy": ({"epochs": np.int64(0)}, "epochs is .*0.*; expected a whole number"),
    "batch_size list": ({"batch_size": [32]}, "batch_size is .*32.*; expected a whole number"),
    "val share": ({"val": 0.2}, "val is a float, which cannot be gone through"),
    "val text": ({"val": "test"}, "val holds a str"),
    "device none": ({"device": None}, "device is None; expected 'auto'"),
}


@pytest.mark.parametrize(("options", "sentence"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_an_argument_of_the_wrong_kind(options, sentence, x):
    with pytest.raises(ValueError, match=sentence):
        train(autoencoder(), reconstruction, x, **options)
    refusal(autoencoder(), reconstruction, x, **options)


def test_whole_numbers_and_rates_of_other_libraries_are_taken(x):
    usual = train(autoencoder(), reconstruction, x, epochs=2, seed=3, lr=0.25)
    options = {"epochs": np.int64(2), "batch_size": np.int32(16), "seed": np.uint8(3)}
    for lr in (np.float64(0.25), np.float32(0.25), torch.tensor(0.25), lambda t: np.float32(0.25)):
        assert train(autoencoder(), reconstruction, x, lr=lr, **options).terms == usual.terms


def test_a_generator_of_callbacks_serves_every_epoch(x):
    seen = []
    callbacks = (lambda m, h, i=i: seen.append(i) for i in range(2))
    train(autoencoder(), reconstruction, x, epochs=2, callbacks=callbacks)
    assert seen == [0, 1, 0, 1]


# A model that cannot learn, or not from this.


def test_where_nothing_can_be_learned(x):
    with torch.no_grad():
        assert "under torch.no_grad()" in refusal(autoencoder(), reconstruction, x)
    with torch.inference_mode():
        built = autoencoder()
        assert "under torch.inference_mode()" in refusal(built, reconstruction, x)
    assert "built under torch.inference_mode()" in refusal(built, reconstruction, x)
    frozen = autoencoder().requires_grad_(False)
    assert "frozen" in refusal(frozen, reconstruction, x)
    frozen.decoder.requires_grad_(True)
    assert train(frozen, reconstruction, x).finished


def test_data_made_under_inference_mode_are_learned_from(x):
    with torch.inference_mode():
        twins = x.clone()
    for data in (twins, list(twins.split(16))):
        assert train(autoencoder(), reconstruction, data).finished


def test_a_loss_that_no_parameter_has_a_part_in(x):
    @torch.no_grad()
    def objective(model, x):
        return reconstruction(model, x)

    assert "hangs on no parameter" in refusal(autoencoder(), objective, x)


def normalised():
    encoder = nn.Sequential(nn.Linear(FEATURES, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
    return Autoencoder(encoder, nn.Linear(3, FEATURES), **SHAPE)


ONE_LEFT = {
    "tensor": (lambda x: x[:33], "take batch_size=17"),
    "loader": (lambda x: DataLoader(x[:33], 16), "pass drop_last=True"),
    "list": (lambda x: list(x[:33].split(16)), "pass drop_last=True"),
    "one example": (lambda x: x[:1], "it takes two examples or more"),
}


@pytest.mark.parametrize(("form", "way"), ONE_LEFT.values(), ids=ONE_LEFT)
def test_a_last_batch_of_one_with_batch_normalisation(form, way, x):
    sentence = refusal(normalised(), reconstruction, form(x))
    assert f"normalisation cannot tell the spread; {way}" in sentence


def test_a_last_batch_of_one_is_no_matter_elsewhere(x):
    train(autoencoder(), reconstruction, x[:33])
    train(normalised(), reconstruction, DataLoader(x[:33], 16, drop_last=True))
    train(normalised(), reconstruction, x[:34], val=x[:1])
    images = torch.rand(3, 1, 28, 28)  # one image is many values in each channel
    train(Autoencoder.conv(2, (2, 3)), reconstruction, images, batch_size=2)
    with pytest.raises(ValueError, match="batch 3 of train holds a single example"):
        train(normalised(), reconstruction, DataLoader(Stream(x[:33]), 16))


# A loss that is not finite: the cause that can be seen.


def test_values_that_nobody_has_scaled_are_named():
    table = torch.randn(64, 8, generator=torch.Generator().manual_seed(0))
    table[5, 3] = 7e6
    model = VAE.dense(3, (32,), input_shape=(8,), output="linear")
    with pytest.raises(
        NonFiniteLoss, match=r"values up to 7e\+06 reach the net.*standard"
    ) as error:
        train(model, negative_elbo(), table, lr=1e-8)
    assert "learning rate" not in str(error.value)


def test_a_target_that_is_not_finite_is_named(x):
    def objective(model, x, target):
        return {"loss": squared_error(model.to_image(model(x).logits), target)}

    target = x.clone()
    target[20, 2] = math.nan
    batches = list(zip(x.split(16), target.split(16), strict=True))
    for data in ((x, target), batches):
        with pytest.raises(NonFiniteLoss, match=r"train holds nan .*batch [123], tensor 2 of 2"):
            train(autoencoder(), objective, data)
    with pytest.raises(NonFiniteLoss, match="in batch 2, tensor 2 of 2"):
        train(autoencoder(), objective, batches)


def test_at_the_first_step_the_learning_rate_is_not_blamed(x):
    def objective(model, x):
        return {"loss": reconstruction(model, x)["loss"] / (0 if model.training else 1)}

    with pytest.raises(NonFiniteLoss, match="look for a logarithm of zero") as error:
        train(autoencoder(), objective, x)
    assert "learning rate" not in str(error.value)


def test_brackets_too_many_and_too_little_in_them(x):
    assert "one pair of brackets off" in refusal(conditional(), negative_elbo(), ((x, labels()),))
    assert "is an empty tuple" in refusal(autoencoder(), reconstruction, ())
    assert "`return` missing" in refusal(autoencoder(), reconstruction, [None])


def test_a_quantised_model_says_what_it_takes():
    images = torch.rand(4, 1, 28, 28)
    assert "take vector_quantized()" in refusal(VQVAE.patches(4), negative_elbo(), images)
    # This one would run, and leave the codebook as it is.
    assert "take vector_quantized()" in refusal(VQVAE.patches(4), reconstruction, images)


def test_a_layer_that_does_not_know_its_size_yet():
    x = torch.rand(4, 6, generator=torch.Generator().manual_seed(0))
    model = Autoencoder(nn.LazyLinear(3), nn.Linear(3, 6), input_shape=(6,))
    with pytest.raises(ValueError, match=r"call it on a batch once before fit: model\(x\[:2\]\)"):
        fit(model, reconstruction, x)
    model(x[:2])
    assert fit(model, reconstruction, x, epochs=1).finished
