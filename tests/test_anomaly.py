"""The detector: scikit-learn's own checks, what it finds, and what it says to wrong inputs."""

import copy
import math
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from course_utils import VAE, VQVAE, Autoencoder, anomaly, elbo, load_images, squared_error
from course_utils.anomaly import ReconstructionDetector

REPOSITORY = Path(__file__).resolve().parent.parent
SMALL = {"steps": 20, "random_state": 0}
TINY = {"steps": 1, "random_state": 0}  # where what was learned does not matter
LEARNED = {"steps": 50, "random_state": 0}  # and where it does: as good here as four hundred


@pytest.fixture(scope="module")
def table():
    """200 rows of five features in units of their own, three of which belong together."""
    random = np.random.default_rng(0)
    hidden = random.normal(size=(200, 2))
    rows = np.c_[hidden @ random.normal(size=(2, 3)), random.normal(size=(200, 2))]
    rows += 0.05 * random.normal(size=rows.shape)
    return rows * [1, 1000, 0.01, 5, 1e6] + [0, 9, 0, 1, 2]


@pytest.fixture(scope="module")
def digits():
    """Training pictures of each digit by its label, test pictures, their labels."""
    images = load_images("digits")
    train, labels = images.train.flatten(1).numpy(), images.train_labels.numpy()
    by_digit = [train[labels == digit] for digit in range(10)]
    return by_digit, images.test.flatten(1).numpy(), images.test_labels.numpy()


@pytest.fixture(scope="module")
def trained(table):
    """A detector for tests of what it has learned of the table."""
    return ReconstructionDetector(**LEARNED).fit(table)


@pytest.fixture(scope="module")
def eights(digits):
    """The same of one digit."""
    return ReconstructionDetector(random_state=0).fit(digits[0][8])


@pytest.mark.parametrize("score", ["reconstruction", "elbo"])
def test_its_own_network_is_small(score, table):
    detector = ReconstructionDetector(latent_dim=3, score=score, **TINY).fit(table)
    code = 6 if score == "elbo" else 3  # a mean and a log-variance for each number
    layers = [m for m in detector.model_.modules() if isinstance(m, torch.nn.Linear)]
    widths = [(layer.in_features, layer.out_features) for layer in layers]
    assert widths == [(5, 256), (256, code), (3, 256), (256, 5)]


# --- an estimator of scikit-learn ---------------------------------------------------------------

CHECKS = """
import sys, warnings
from sklearn.utils.estimator_checks import check_estimator
from course_utils import anomaly
from course_utils.anomaly import ReconstructionDetector
warnings.simplefilter("error")
steps, anomaly.HIDDEN, anomaly.DRAWS, anomaly.FOLDS = map(int, sys.argv[1:])
for score in ("reconstruction", "elbo"):
    detector = ReconstructionDetector(score=score, steps=steps)
    results = check_estimator(detector, on_fail=None, on_skip=None)
    bad = [r for r in results if r["status"] != "passed" and "pandas is" not in str(r["exception"])]
    assert len(results) > 40 and not bad, (score, bad)
"""


@pytest.mark.parametrize(
    "sizes", ["1 4 2 2", pytest.param("400 256 16 5", marks=pytest.mark.thorough)]
)
def test_every_check_of_scikit_learn_passes(sizes):
    """Of few steps, units, draws and folds in `make test`, of as many as usual in `make test-all`.
    In a process of its own: one of the checks wants SCIPY_ARRAY_API set before any import."""
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}
    command = [sys.executable, "-c", CHECKS, *sizes.split()]
    result = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


def test_clone_has_the_same_parameters_and_nothing_learned(table):
    detector = ReconstructionDetector(contamination=0.2, score="elbo", latent_dim=3, **TINY)
    twin = clone(detector.fit(table))
    assert twin.get_params() == detector.get_params()
    assert not hasattr(twin, "model_")
    assert "score='elbo'" in repr(twin)


def test_parameters_can_be_set():
    detector = ReconstructionDetector().set_params(score="elbo", noise=0.1)
    assert detector.get_params()["score"] == "elbo"
    assert detector.noise == 0.1
    with pytest.raises(ValueError, match="Invalid parameter"):
        detector.set_params(colour="blue")


def test_pickle_keeps_every_score(table):
    detector = ReconstructionDetector(**TINY).fit(table)
    again = pickle.loads(pickle.dumps(detector))
    assert np.array_equal(again.score_samples(table), detector.score_samples(table))


@pytest.mark.parametrize("score", ["reconstruction", "elbo"])
def test_random_state_decides(table, score):
    def scores(seed):
        detector = ReconstructionDetector(score=score, steps=5, random_state=seed)
        return detector.fit(table).score_samples(table)

    assert np.array_equal(scores(1), scores(1))
    assert not np.allclose(scores(1), scores(2))


def test_the_global_streams_stay_where_they_were(table):
    torch.manual_seed(3)
    np.random.seed(3)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    ReconstructionDetector(**TINY).fit(table).score_samples(table)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


def test_feature_names_are_remembered(table):
    pandas = pytest.importorskip("pandas")  # not among what the course installs
    frame = pandas.DataFrame(table, columns=["a", "b", "c", "d", "e"])
    detector = ReconstructionDetector(**TINY).fit(frame)
    assert list(detector.feature_names_in_) == list(frame.columns)
    assert detector.n_features_in_ == 5
    with pytest.raises(ValueError, match="feature names should match"):
        detector.score_samples(frame[frame.columns[::-1]])


def test_it_ends_a_pipeline(table):
    pipeline = make_pipeline(StandardScaler(), ReconstructionDetector(**TINY)).fit(table)
    assert set(pipeline.predict(table)) == {-1, 1}


# --- scores and decisions -------------------------------------------------------------------------


def test_decision_is_score_less_offset_and_predict_its_sign(table):
    detector = ReconstructionDetector(contamination=0.05, **TINY).fit(table)
    scores, decision = detector.score_samples(table), detector.decision_function(table)
    np.testing.assert_allclose(decision, scores - detector.offset_)
    assert np.array_equal(detector.predict(table), np.where(decision < 0, -1, 1))
    assert scores.shape == (200,)


@pytest.mark.parametrize("contamination", [0.02, 0.1, 0.5])
def test_contamination_is_the_share_of_strange_training_rows(contamination):
    rows = np.random.default_rng(1).normal(size=(1200, 4))
    detector = ReconstructionDetector(contamination=contamination, **TINY).fit(rows)
    assert np.mean(detector.predict(rows) == -1) == pytest.approx(contamination)


def test_few_rows_do_not_make_every_new_one_strange():
    """A network can learn forty rows by heart; the threshold must not believe its scores there."""
    random = np.random.default_rng(2)
    rows, new = random.normal(size=(40, 20)), random.normal(size=(2000, 20))
    detector = ReconstructionDetector(**SMALL).fit(rows)
    assert np.mean(detector.predict(new) == -1) < 0.35


@pytest.mark.parametrize("rows", [130, 300, 5000])
def test_at_most_fifty_passes_and_as_many_for_every_twin(monkeypatch, rows):
    passes = []

    def fit(model, objective, x, *, epochs, batch_size, **options):
        passes.append((epochs, math.ceil(len(x) / batch_size)))

    monkeypatch.setattr(anomaly, "fit", fit)
    x = np.random.default_rng(0).normal(size=(rows, 3))
    ReconstructionDetector(steps=30, random_state=0).fit(x)
    epochs, batches = passes[0]
    assert epochs == math.ceil(30 / batches)
    assert len(passes) == (6 if rows < 1000 else 1)
    assert all(other == epochs for other, _ in passes)
    passes.clear()
    ReconstructionDetector(steps=400, random_state=0).fit(x[:130])
    assert [epochs for epochs, _ in passes] == [50] * 6


def test_a_threshold_on_rows_that_were_kept_back(table):
    """What lesson 13 does: `offset_` may be set, and is what `predict` goes by."""
    detector = ReconstructionDetector(**TINY).fit(table[:150])
    kept = detector.score_samples(table[150:])
    detector.offset_ = np.quantile(kept, 0.1)
    assert np.mean(detector.predict(table[150:]) == -1) == pytest.approx(0.1, abs=0.021)


def test_units_and_offsets_of_a_table_make_no_difference(table):
    scores = [
        ReconstructionDetector(**SMALL).fit(rows).score_samples(rows)
        for rows in (table, table * [1e-3, 1e3, 7, 1, 1e-6] + 5)
    ]
    np.testing.assert_allclose(*scores, rtol=0.02, atol=0.02)


def test_a_score_does_not_depend_on_the_rows_beside_it(table):
    for score in ("reconstruction", "elbo"):
        detector = ReconstructionDetector(score=score, **TINY).fit(table)
        alone = np.concatenate([detector.score_samples(row[None]) for row in table[:20]])
        np.testing.assert_allclose(alone, detector.score_samples(table)[:20], rtol=1e-9)


def test_finds_what_breaks_a_rule_and_what_lies_far_out(table, trained):
    usual = trained.score_samples(table)
    broken = table.copy()
    broken[:, 0] = np.random.default_rng(3).permutation(
        broken[:, 0]
    )  # each feature by itself: fine
    labels = np.r_[np.zeros(200), np.ones(200)]
    assert roc_auc_score(labels, -np.r_[usual, trained.score_samples(broken)]) > 0.75
    far = table.mean(0) + 8 * table.std(0) * np.eye(5)
    assert trained.score_samples(far).max() < usual.min()


def test_a_feature_that_never_moved_is_watched(table):
    with_constant = np.c_[table, np.full(200, 300.0)]
    detector = ReconstructionDetector(**SMALL).fit(with_constant)
    moved = with_constant.copy()
    moved[:, -1] = 0
    assert np.all(detector.score_samples(moved) < detector.score_samples(with_constant))


def test_constant_data_and_absurd_values_give_finite_scores(table):
    same = ReconstructionDetector(**SMALL).fit(np.ones((10, 3)))
    assert np.isfinite(same.score_samples([[1, 1, 1], [0, 5, 1]])).all()
    detector = ReconstructionDetector(**SMALL).fit(table)
    assert np.isfinite(detector.score_samples([[1e30, -1e30, 0, 0, 0]])).all()


def test_as_good_as_others_on_a_table():
    """Benign tumours are normal: IsolationForest has 0.96 here, LocalOutlierFactor 0.95."""
    data = load_breast_cancer()
    benign = np.random.default_rng(0).permutation(data.data[data.target == 1])
    test = np.r_[benign[200:], data.data[data.target == 0]]
    labels = np.r_[np.zeros(len(benign) - 200), np.ones(len(test) - len(benign) + 200)]
    detector = ReconstructionDetector(**LEARNED).fit(benign[:200])
    assert roc_auc_score(labels, -detector.score_samples(test)) > 0.92


@pytest.mark.parametrize("digit", [pytest.param(2, marks=pytest.mark.thorough), 8])
def test_one_digit_against_the_others(digits, eights, digit):
    by_digit, test, labels = digits
    detector = eights if digit == 8 else clone(eights).fit(by_digit[digit])
    assert roc_auc_score(labels != digit, -detector.score_samples(test)) > 0.9


# --- what lies far off, and what never changes ----------------------------------------------------

FAR = [10, 1e3, 1e4, 1e6, 1e9, 1e20, 1e150, 1e300, 1.7e308]


def far_rows(features):
    """All features far off, above and below, and the first alone."""
    shapes = np.ones((1, features)), np.eye(1, features)
    return np.concatenate([sign * far * row for far in FAR for sign in (1, -1) for row in shapes])


@pytest.mark.parametrize("score", ["reconstruction", "elbo"])
@pytest.mark.parametrize("values", ["table", "pixels"])
@pytest.mark.parametrize("features", [1, 4])
def test_the_farthest_rows_are_strange_and_their_scores_finite(score, values, features):
    x = np.random.default_rng(0).normal(size=(1000, features))
    detector = ReconstructionDetector(score=score, values=values, steps=8, random_state=0).fit(x)
    rows = far_rows(features)
    assert np.isfinite(detector.score_samples(rows)).all()
    assert np.isfinite(detector.decision_function(rows)).all()
    assert (detector.predict(rows) == -1).all()


@pytest.mark.parametrize(
    ("build", "score", "unit"),
    [
        (Autoencoder.dense, "reconstruction", 1.0),
        (VAE.dense, "reconstruction", 1.0),
        (VAE.dense, "elbo", 1.0),
        (Autoencoder.dense, "reconstruction", 1e7),  # as they are, and larger than 10⁶
    ],
)
def test_the_farthest_rows_are_strange_to_given_models_too(build, score, unit):
    x = unit * np.random.default_rng(0).normal(size=(300, 4))
    model = build(3, hidden=(32,), input_shape=(4,), output="linear", seed=1)
    detector = ReconstructionDetector(model, score=score, steps=0, random_state=0).fit(x)
    rows = np.array([sign * far * unit * np.ones(4) for far in FAR[:-2] for sign in (1, -1)])
    assert np.isfinite(detector.score_samples(rows)).all()
    assert (detector.predict(rows) == -1).all()


@pytest.mark.parametrize("score", ["reconstruction", "elbo"])
@pytest.mark.parametrize("glitch", [65_535, 1e300])
def test_a_glitch_among_the_training_rows_is_strange_and_blinds_nobody(score, glitch):
    x = np.random.default_rng(0).normal(size=(400, 3))
    x[7, 1] = glitch
    detector = ReconstructionDetector(score=score, steps=8, random_state=0)
    verdicts = detector.fit_predict(x)
    assert verdicts[7] == -1
    assert np.isfinite(detector.offset_)
    assert np.isfinite(detector.out_of_fold_scores_).all()
    assert np.mean(verdicts == -1) == pytest.approx(0.1, abs=0.01)


def test_to_a_given_model_a_glitch_is_told(table):
    x = table.copy()
    x[7, 1] = 1e300
    model = Autoencoder.dense(3, hidden=(8,), input_shape=(5,), output="linear", seed=0)
    with pytest.raises(ValueError, match=r"X has values from .* to 1e\+300"):
        ReconstructionDetector(model, **TINY).fit(x)


@pytest.mark.parametrize("steps", [0, 3])
def test_a_model_that_makes_no_numbers_of_the_training_rows_is_told(table, steps):
    model = VAE.dense(3, hidden=(32,), input_shape=(5,), output="linear", seed=0)
    detector = ReconstructionDetector(model, score="elbo", steps=steps, random_state=0)
    with pytest.raises(
        ValueError, match=r"X has values from .*standardise X, for instance"
    ) as told:
        detector.fit(table)
    assert "\n" not in str(told.value)
    with pytest.raises(ValueError, match="not fitted"):
        detector.predict(table)


def alone(detector, rows):
    """The verdict on each row by itself; of equal rows one is asked for all."""
    kinds, kind_of = np.unique(rows, axis=0, return_inverse=True)
    return np.concatenate([detector.predict(row[None]) for row in kinds])[kind_of.ravel()]


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.thorough)])
@pytest.mark.parametrize(("shape", "value"), [((1000, 8), 0), ((50, 4), 1), ((60, 1), 3.7e9)])
def test_a_sensor_that_never_changes_is_normal_until_it_does(shape, value, seed):
    x = np.full(shape, value, dtype=float)
    detector = ReconstructionDetector(steps=60, random_state=seed).fit(x)
    assert len(np.unique(detector.score_samples(x))) == 1
    assert (detector.predict(x) == 1).all() and detector.predict(x[:1]) == [1]
    assert detector.predict(x[:1] * 1.5 + 1) == [-1]


RANDOM = np.random.default_rng(0)
DISCRETE = {
    "a switch beside constants": np.c_[
        RANDOM.random(80) < 0.4, np.ones((80, 4)), np.zeros((80, 2))
    ],
    "a rare switch": np.c_[np.arange(80) % 16 == 0, np.ones((80, 3))],
    "switches": RANDOM.random((80, 4)) < 0.3,
    "counts": RANDOM.poisson(2, size=(80, 2)),
    "duplicates": np.repeat(RANDOM.normal(size=(20, 4)), 4, axis=0),
}


HOW = [("reconstruction", "float32"), ("elbo", "float64")]
OTHERWISE = [("reconstruction", "float64"), ("elbo", "float32")]


@pytest.mark.parametrize(
    ("name", "score", "dtype"),
    [
        *((name, *HOW[k % 2]) for k, name in enumerate(DISCRETE)),
        *(
            pytest.param(name, *how, marks=pytest.mark.thorough)
            for k, name in enumerate(DISCRETE)
            for how in (HOW[(k + 1) % 2], *OTHERWISE)
        ),
    ],
)
def test_no_verdict_depends_on_the_rows_beside_it(name, score, dtype):
    x = DISCRETE[name].astype(dtype)
    detector = ReconstructionDetector(score=score, steps=20, random_state=0).fit(x)
    assert np.array_equal(detector.predict(x), verdicts := alone(detector, x))
    mixed = np.concatenate([x[::-1], 3 * x + 1])
    assert np.array_equal(detector.predict(mixed)[:80], verdicts[::-1])
    scores = detector.score_samples(x)
    _, kind = np.unique(x, axis=0, return_inverse=True)
    assert len(np.unique(scores)) <= kind.max() + 1  # equal rows: equal to the last digit
    detector.calibrate(x[:40], 0.1)  # which lays the threshold on a score
    assert np.array_equal(detector.predict(x), alone(detector, x))
    detector.offset_ = np.sort(scores)[8]  # as one might by hand
    assert np.array_equal(detector.predict(x), alone(detector, x))


def test_a_model_without_error_gives_no_rounding_for_scores():
    """A linear autoencoder can draw a plane exactly: what is left of the error is rounding."""
    x = np.random.default_rng(0).normal(size=(200, 2)) @ np.random.default_rng(1).normal(
        size=(2, 4)
    )
    model = Autoencoder.linear(2, input_shape=(4,)).double()
    axes = torch.linalg.svd(torch.from_numpy(x)).Vh[:2]
    with torch.no_grad():
        for layer, weight in ((model.encoder, axes), (model.decoder, axes.T)):
            (linear,) = [m for m in layer.modules() if isinstance(m, torch.nn.Linear)]
            linear.weight.copy_(weight)
            linear.bias.zero_()
    detector = ReconstructionDetector(model, steps=0).fit(x)
    single = np.concatenate([detector.score_samples(row[None]) for row in x])
    np.testing.assert_allclose(single, detector.score_samples(x), rtol=1e-9, atol=1e-9)


# --- what it was fitted on ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dirty(digits):
    """170 8s and 19 other digits; fitted, so that several tests can look."""
    by_digit = digits[0]
    strangers = np.concatenate([by_digit[d][:3] for d in (0, 1, 2, 3, 4, 5, 6)])[:19]
    x = np.concatenate([by_digit[8][:130], strangers])
    detector = ReconstructionDetector(steps=30, random_state=0).fit(x)
    return x, np.r_[np.zeros(130), np.ones(19)], detector


def test_as_many_of_the_fitted_rows_are_strange_as_were_to_be(dirty):
    x, is_dirt, detector = dirty
    asked = 0.1 * len(x)
    for verdicts in (detector.predict(x), alone(detector, x)):
        assert abs(np.sum(verdicts == -1) - asked) <= 1
    assert abs(np.sum(detector.out_of_fold_scores_ < detector.offset_) - asked) <= 1
    caught = np.mean(is_dirt[detector.predict(x) == -1])
    assert caught > 2 * is_dirt.mean()  # of those called strange, more are than by chance


@pytest.mark.parametrize("contamination", [0.05, 0.3])
def test_fit_predict_is_fit_and_then_predict(table, contamination):
    options = {"contamination": contamination, "steps": 5, "noise": 0, "random_state": 0}
    together = ReconstructionDetector(**options).fit_predict(table)
    assert np.array_equal(together, ReconstructionDetector(**options).fit(table).predict(table))
    assert abs(np.mean(together == -1) - contamination) <= 1 / 200


def test_rows_that_were_fitted_are_known_again_behind_a_step_that_rounds(table):
    """PCA computes a row alone, in a table, and while it is fitted in three ways."""
    parts = PCA(n_components=4), ReconstructionDetector(noise=0, **SMALL)
    rows = table[:60]
    pipeline = make_pipeline(StandardScaler(), *parts).fit(rows)
    assert np.mean(pipeline.predict(rows) == -1) == pytest.approx(0.1, abs=0.01)
    assert np.array_equal(pipeline.predict(rows), alone(pipeline, rows))


def test_out_of_fold_scores_are_by_models_that_have_not_seen_the_row(table):
    """A row that nobody else resembles is strange to the model of the others."""
    x = table.copy()
    x[0] += 20 * x.std(axis=0)
    detector = ReconstructionDetector(noise=0, **SMALL).fit(x)
    assert detector.out_of_fold_scores_.shape == (200,)
    assert detector.out_of_fold_scores_.argmin() == 0
    own = detector._score(x)
    assert detector.out_of_fold_scores_[0] < 20 * own[0] < 0


@pytest.mark.parametrize("rows", [2, 3, 4, 5, 7, 12])
def test_of_few_rows_at_least_one_is_strange_and_not_many(rows):
    x = np.random.default_rng(rows).normal(size=(rows, 3))
    strange = ReconstructionDetector(**TINY).fit_predict(x) == -1
    assert 1 <= strange.sum() <= 1 + math.ceil(0.1 * rows)


@pytest.mark.parametrize("rows", [5, 999])
def test_from_five_rows_to_999_each_has_a_score_out_of_fold(rows):
    x = np.random.default_rng(0).normal(size=(rows, 3))
    assert ReconstructionDetector(**TINY).fit(x).out_of_fold_scores_.shape == (rows,)


@pytest.mark.parametrize("rows", [4, 1000])
def test_there_are_no_out_of_fold_scores_where_they_are_not_computed(rows):
    x = np.random.default_rng(0).normal(size=(rows, 2))
    assert ReconstructionDetector(**TINY).fit(x).out_of_fold_scores_ is None


# --- a promised rate of false alarms --------------------------------------------------------------


@pytest.fixture(scope="module")
def calibrated():
    """A detector that is fitted already; what it finds does not matter."""
    return ReconstructionDetector(**TINY).fit(np.random.default_rng(0).normal(size=(1000, 2)))


@pytest.mark.parametrize("digits_kept", [None, 0])  # in whole numbers, most scores have equals
@pytest.mark.parametrize(("kept", "rate"), [(19, 0.05), (24, 0.1), (99, 0.29), (7, 0.9)])
def test_the_promised_rate_is_kept_on_average(calibrated, kept, rate, digits_kept):
    detector, random, alarms = copy.copy(calibrated), np.random.default_rng(kept), []
    scores = random.normal(size=(1500, kept + 1))
    scores = scores if digits_kept is None else scores.round(digits_kept)
    for kept_scores, new in zip(scores[:, 1:], scores[:, 0], strict=True):
        detector.score_samples = lambda X, scores=kept_scores: scores
        alarms.append(new < detector.calibrate(None, rate).offset_)
    promised = math.floor(round((kept + 1) * rate, 9)) / (kept + 1)
    error = 6 * math.sqrt(promised * (1 - promised) / len(alarms))
    assert np.mean(alarms) < promised + error
    if digits_kept is None:  # and without equal scores it is no better than promised
        assert np.mean(alarms) > promised - error


def test_the_threshold_lies_at_the_conformal_rank(calibrated):
    kept = np.random.default_rng(1).normal(size=(99, 2))
    scores = np.sort(calibrated.score_samples(kept))
    before = calibrated.offset_
    assert calibrated.calibrate(kept, 0.29) is calibrated  # 100 · 0.29 is a little below 29
    assert np.sum(calibrated.predict(kept) == -1) == 28
    assert scores[27] < calibrated.offset_ < scores[28]
    strangeness, rank = np.sort(-scores), math.ceil(100 * (1 - 0.29))
    assert calibrated.offset_ == pytest.approx(-strangeness[rank - 1])
    calibrated.offset_ = before


@pytest.mark.parametrize(
    ("kept", "rate", "message"),
    [
        (
            18,
            0.05,
            "X_kept has too few rows, 18, for a .* of 0.05; expected at least 19: keep more",
        ),
        (8, 0.1, "8, for a false_positive_rate of 0.1; expected at least 9"),
        (50, 0.001, "expected at least 999"),
        (50, 0, "false_positive_rate is 0; expected the share"),
        (50, 1, "false_positive_rate is 1; expected the share"),
        (50, -0.1, "false_positive_rate is -0.1; expected"),
        (50, math.nan, "false_positive_rate is nan; expected"),
        (50, "5%", "false_positive_rate is '5%'; expected"),
        (50, None, "false_positive_rate is None; expected"),
        (0, 0.05, r"Found array with 0 sample\(s\)"),
    ],
)
def test_what_cannot_be_promised_is_refused(calibrated, kept, rate, message):
    before = calibrated.offset_
    with pytest.raises(ValueError, match=message) as told:
        calibrated.calibrate(np.ones((kept, 2)), rate)
    assert "\n" not in str(told.value)
    assert calibrated.offset_ == before


def test_calibration_wants_a_fitted_detector_and_its_columns(calibrated):
    with pytest.raises(NotFittedError):
        ReconstructionDetector().calibrate(np.ones((50, 2)), 0.1)
    with pytest.raises(ValueError, match="X has 3 features, but ReconstructionDetector is expect"):
        calibrated.calibrate(np.ones((50, 3)), 0.1)


@pytest.mark.parametrize("rate", [np.float32(0.1), np.float64(0.1), 0.1])
def test_any_number_will_do_for_a_rate(calibrated, rate):
    kept = np.random.default_rng(2).normal(size=(9, 2))
    before = calibrated.offset_
    assert np.sum(calibrated.calibrate(kept, rate).predict(kept) == -1) == 0
    calibrated.offset_ = before


# --- pictures and tables --------------------------------------------------------------------------


def test_pictures_are_recognised_whatever_their_range(digits):
    (ones, *_), _, _ = digits
    for rows in (ones, 255 * ones, (ones - 0.1307) / 0.3081):
        assert ReconstructionDetector(**TINY).fit(rows).values_ == "pixels"


def test_the_range_of_pictures_makes_no_difference(digits):
    threes, test = digits[0][3], digits[1]
    scores = [
        ReconstructionDetector(**SMALL).fit(factor * threes).score_samples(factor * test)
        for factor in (1.0, 255.0, 1 / 0.3081)
    ]
    assert np.corrcoef(scores).min() > 0.99


def test_tables_are_recognised(table):
    random = np.random.default_rng(0)
    counts = random.poisson(3, size=(100, 80)) * np.geomspace(1, 1000, 80)
    for rows in (table, random.normal(size=(50, 100)), counts):
        assert ReconstructionDetector(**TINY).fit(rows).values_ == "table"


def test_a_table_of_many_zeros_and_ones_has_to_be_named():
    answers = (np.random.default_rng(0).random((60, 64)) < 0.3).astype(float)
    assert ReconstructionDetector(**TINY).fit(answers).values_ == "pixels"
    assert ReconstructionDetector(values="table", **TINY).fit(answers).values_ == "table"


def test_pictures_are_judged_by_error_for_their_ink(digits, eights):
    """The error grows with the ink, and a 1 has little: among 8s it looks normal otherwise."""
    _, test, labels = digits
    few = np.isin(labels, [1, 8])
    assert roc_auc_score(labels[few] == 1, -eights.score_samples(test[few])) > 0.8


def test_the_error_of_a_picture_is_divided_by_the_root_of_its_squares(digits, eights):
    x = digits[1][:50]
    error, _ = eights._errors_and_codes(x)
    squared = ((eights.reconstruct(x) - x) ** 2).mean(axis=1)
    units = error * np.linalg.norm(x, axis=1) / squared  # those of the spread, alike for all
    np.testing.assert_allclose(units, units[0], rtol=1e-4)


def test_blank_paper_is_finite_and_strange(eights):
    blank = eights.score_samples(np.zeros((1, 784)))
    assert np.isfinite(blank).all()
    assert eights.predict(np.zeros((1, 784))) == [-1]


def test_reconstruction_is_in_the_units_of_the_data(table, trained):
    again = trained.reconstruct(table)
    assert again.shape == table.shape
    assert np.all(np.mean((again - table) ** 2, axis=0) < 0.5 * table.var(axis=0))


# --- models of the course -------------------------------------------------------------------------


def test_a_given_model_is_copied_and_the_copy_trained(digits):
    model = Autoencoder.dense(8, hidden=(32,))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    detector = ReconstructionDetector(model, **TINY).fit(digits[0][0])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    learned = detector.model_.state_dict()
    assert not torch.allclose(learned["decoder.0.weight"].float(), before["decoder.0.weight"])


def test_a_trained_model_is_taken_as_it_is(digits):
    model = Autoencoder.dense(8, hidden=(32,))
    detector = ReconstructionDetector(model, steps=0, values="table").fit(digits[0][0])
    x = torch.from_numpy(digits[1]).view(-1, 1, 28, 28)
    expected = model.reconstruct(x).flatten(1).numpy()
    np.testing.assert_allclose(detector.reconstruct(digits[1]), expected, atol=1e-5)
    error, _ = detector._errors_and_codes(digits[1].astype(float))
    np.testing.assert_allclose(error, squared_error(model.reconstruct(x), x).numpy(), rtol=1e-4)


@pytest.mark.parametrize("build", [Autoencoder.conv, VAE.dense, VAE.conv])
def test_any_autoencoder_of_the_course_will_do(digits, build):
    detector = ReconstructionDetector(build(4, (8,)), **TINY).fit(digits[0][0][:30])
    assert np.isfinite(detector.score_samples(digits[1][:30])).all()


def test_elbo_is_that_of_the_model(digits):
    model = VAE.dense(4, hidden=(16,))
    detector = ReconstructionDetector(model, score="elbo", steps=0, random_state=0)
    detector.fit(digits[0][0])
    x = torch.from_numpy(digits[1][:50]).view(-1, 1, 28, 28)
    draws = torch.stack([elbo(model, x) for _ in range(200)])
    # The detector has 16 draws of its own, the same for every row.
    error = draws.std(0) * (1 / 16 + 1 / 200) ** 0.5
    difference = torch.from_numpy(detector.score_samples(digits[1][:50])) - draws.mean(0)
    assert ((difference / error).abs() < 6).all()


# --- wrong inputs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"contamination": 0}, "contamination is 0; expected the share"),
        ({"contamination": 0.6}, "contamination is 0.6; expected the share"),
        ({"contamination": "auto"}, "contamination is 'auto'; expected the share"),
        ({"score": "mse"}, "score is 'mse'; expected 'reconstruction' or 'elbo'"),
        ({"values": "images"}, "values is 'images'; expected 'auto', 'table' or 'pixels'"),
        ({"latent_dim": 0}, "latent_dim is 0; expected a whole number, 1 or more"),
        ({"latent_dim": True}, "latent_dim is True; expected a whole number"),
        ({"latent_dim": 2.5}, "latent_dim is 2.5; expected a whole number"),
        ({"noise": -1}, "noise is -1; expected a standard deviation, 0 or more"),
        ({"steps": 0}, "steps is 0; expected a whole number, 1 or more"),
        ({"model": "dense"}, "model is a str; expected an Autoencoder or a VAE"),
        ({"model": VQVAE.conv(8, 4)}, "model is a VQVAE; expected an Autoencoder or a VAE"),
        ({"model": Autoencoder.linear(2), "score": "elbo"}, "an Autoencoder has no ELBO"),
        ({"model": Autoencoder.linear(2)}, r"X has 5 features, but the model takes 784"),
    ],
)
def test_wrong_options_are_told_in_one_sentence(table, options, message):
    with pytest.raises(ValueError, match=message) as told:
        ReconstructionDetector(**options).fit(table)
    assert "\n" not in str(told.value)


def test_pictures_that_are_not_laid_flat_are_told_how(digits):
    pictures = torch.from_numpy(digits[1]).view(-1, 1, 28, 28)
    with pytest.raises(ValueError, match=r"lay pictures flat with X.reshape\(len\(X\), -1\)"):
        ReconstructionDetector().fit(pictures)


def test_missing_values_and_values_out_of_range_are_refused(table, digits):
    holes = table.copy()
    holes[3, 2] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        ReconstructionDetector().fit(holes)
    with pytest.raises(ValueError, match="this model draws images in"):
        ReconstructionDetector(Autoencoder.dense(8, hidden=(32,))).fit(255 * digits[0][0])


def test_values_that_a_given_model_does_not_draw_are_refused_without_training_too(digits):
    rows = digits[0][0]
    model = Autoencoder.dense(8, hidden=(32,))
    with pytest.raises(ValueError, match=r"X has values from 0 to 255; this model draws images in"):
        ReconstructionDetector(model, steps=0).fit(255 * rows)
    detector = ReconstructionDetector(model, steps=0).fit(rows)
    with pytest.raises(ValueError, match=r"X has values from -1 to 0; this model draws images in"):
        detector.score_samples(rows - 1)
    any_number = Autoencoder.linear(2)
    ReconstructionDetector(any_number, steps=0).fit(255 * rows)


def test_tensors_are_taken_too(table):
    detector = ReconstructionDetector(**TINY).fit(torch.from_numpy(table))
    assert isinstance(detector.score_samples(torch.from_numpy(table)), np.ndarray)
