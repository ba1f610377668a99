"""Answers to `make_autoencoder`, lesson 01, as learners write them."""

import itertools

import torch
from torch import nn
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def encoder_then_decoder(sizes):
    def stack(widths, last):
        layers = []
        for a, b in itertools.pairwise(widths):
            layers += [nn.Linear(a, b), nn.ReLU()]
        return nn.Sequential(*layers[:-1], *last)

    return nn.Sequential(stack(sizes, []), stack(sizes[::-1], [nn.Sigmoid()]))


class Net(nn.Module):
    """The decoder is made before the encoder."""

    def __init__(self, sizes):
        super().__init__()
        pairs = list(itertools.pairwise(sizes))
        self.up = nn.ModuleList(nn.Linear(b, a) for a, b in reversed(pairs))
        self.down = nn.ModuleList(nn.Linear(a, b) for a, b in pairs)

    def forward(self, x):
        for i, layer in enumerate(self.down):
            x = layer(x)
            if i < len(self.down) - 1:
                x = F.relu(x)
        for layer in self.up[:-1]:
            x = layer(x).clamp(min=0)
        return torch.sigmoid(self.up[-1](x))


def as_a_class(sizes):
    return Net(sizes)


def named_one_by_one(sizes):
    net = nn.Sequential()
    there_and_back = list(sizes) + list(sizes)[::-1][1:]
    bottleneck = len(sizes) - 1
    for i in range(1, len(there_and_back)):
        net.add_module(f"linear {i}", nn.Linear(there_and_back[i - 1], there_and_back[i]))
        if i == len(there_and_back) - 1:
            net.add_module("sigmoid", nn.Sigmoid())
        elif i != bottleneck:
            net.add_module(f"relu {i}", nn.ReLU(inplace=True))
    return net


class Tied(nn.Module):
    """The decoder uses the encoder's matrices, turned over."""

    def __init__(self, sizes):
        super().__init__()
        pairs = list(itertools.pairwise(sizes))
        self.weights = nn.ParameterList(nn.Parameter(torch.randn(b, a) / a**0.5) for a, b in pairs)
        self.there = nn.ParameterList(nn.Parameter(torch.zeros(b)) for _, b in pairs)
        self.back = nn.ParameterList(nn.Parameter(torch.zeros(a)) for a, _ in pairs)

    def forward(self, x):
        last = len(self.weights) - 1
        for i in range(last + 1):
            x = F.linear(x, self.weights[i], self.there[i])
            x = x if i == last else x.relu()
        for i in range(last, -1, -1):
            x = F.linear(x, self.weights[i].T, self.back[i])
            x = x.relu() if i else x.sigmoid()
        return x


def with_tied_weights(sizes):
    return Tied(sizes)


# --- wrong ----------------------------------------------------------------------------------------


def _stack(sizes, hidden=nn.ReLU, code=nn.Identity, last=nn.Sigmoid):
    widths = [*sizes, *reversed(sizes[:-1])]
    layers = []
    for i, (a, b) in enumerate(itertools.pairwise(widths), start=1):
        after = code if i == len(sizes) - 1 else last if i == len(widths) - 1 else hidden
        layers += [nn.Linear(a, b), after()]
    return nn.Sequential(*layers)


def bends_the_code(sizes):
    return _stack(sizes, code=nn.ReLU)


def squashes_the_code(sizes):
    return _stack(sizes, code=nn.Tanh)


def never_bends(sizes):
    return _stack(sizes, hidden=nn.Identity)


def bends_by_tanh(sizes):
    return _stack(sizes, hidden=nn.Tanh)


def returns_logits(sizes):
    return _stack(sizes, last=nn.Identity)


def ends_in_tanh(sizes):
    return _stack(sizes, last=nn.Tanh)


def ends_in_softmax(sizes):
    return _stack(sizes, last=lambda: nn.Softmax(dim=-1))


def relu_before_the_sigmoid(sizes):
    return _stack(sizes, last=lambda: nn.Sequential(nn.ReLU(), nn.Sigmoid()))


def encoder_only(sizes):
    layers = [nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
    return nn.Sequential(*layers)


def code_twice(sizes):
    layers = []
    for a, b in itertools.pairwise([*sizes, *reversed(sizes)]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Sigmoid())


def written_for_mnist(sizes):
    return _stack((784, 512, 30))


def two_networks(sizes):
    return nn.Sequential(nn.Linear(sizes[0], sizes[-1])), nn.Linear(sizes[-1], sizes[0])


def a_list_of_layers(sizes):
    return list(_stack(sizes))


def forgets_to_return(sizes):
    _stack(sizes)


def with_dropout(sizes):
    return nn.Sequential(nn.Dropout(0.2), *_stack(sizes))


def with_batch_normalisation(sizes):
    return nn.Sequential(nn.BatchNorm1d(sizes[0]), *_stack(sizes))


class InAList(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = list(_stack(sizes))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def layers_in_a_plain_list(sizes):
    return InAList(sizes)


_kept = {}


def one_network_for_all(sizes):
    return _kept.setdefault(tuple(sizes), _stack(sizes))


class StraightOnlyToTheCode(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.a = nn.Parameter(torch.randn(sizes[0], sizes[-1]) / sizes[0])
        self.b = nn.Parameter(torch.randn(sizes[-1], sizes[0]) / sizes[0])

    def forward(self, x):
        return torch.sigmoid(torch.relu(x @ self.a) @ self.b)


def one_hidden_layer_for_all(sizes):
    return StraightOnlyToTheCode(sizes)


class Skips(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.a = nn.Parameter(torch.randn(sizes[-1], sizes[0]) / sizes[0])
        self.b = nn.Parameter(torch.randn(sizes[0], sizes[-1]) / sizes[0])

    def forward(self, x):
        return torch.sigmoid(x + F.relu(x @ self.a.T) @ self.b.T)


def past_the_bottleneck(sizes):
    return Skips(sizes)


def seeds_everything(sizes):
    torch.manual_seed(0)
    return _stack(sizes)


def turns_the_sizes_round(sizes):
    layers = [nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
    sizes.reverse()
    layers += [nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
    return nn.Sequential(*layers, nn.Sigmoid())


RIGHT = [encoder_then_decoder, as_a_class, named_one_by_one, with_tied_weights]
WRONG = {
    bends_the_code: "ReLU on the code",
    squashes_the_code: "tanh on the code",
    never_bends: "single matrix",
    bends_by_tanh: "stands a tanh",
    returns_logits: "sigmoid at the end is missing",
    ends_in_tanh: "ends in a tanh",
    ends_in_softmax: "softmax",
    relu_before_the_sigmoid: "below one half",
    encoder_only: "The decoder is missing",
    code_twice: "stand there twice",
    written_for_mnist: "example in the docstring",
    two_networks: "encoder and decoder joined",
    a_list_of_layers: "of a list of layers",
    forgets_to_return: "Is the last line a `return`",
    with_dropout: "Dropout",
    with_batch_normalisation: "BatchNorm1d",
    layers_in_a_plain_list: "not among its `parameters()`",
    one_network_for_all: "share their weights",
    past_the_bottleneck: "way round it",
    one_hidden_layer_for_all: "all is straight",
    seeds_everything: "seeds the random numbers",
    turns_the_sizes_round: "`append`, `pop`, `sort` and `reverse`",
}
