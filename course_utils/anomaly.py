"""A detector of anomalies that works where scikit-learn's work: fit on normal data, then ask.

`from course_utils.anomaly import ReconstructionDetector`. The module stands apart from the index of
the package because it loads scikit-learn. Measures of a detector, such as `auroc`, are in
`metrics`.
"""

import copy
import math
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from course_utils._detecting import (
    LARGEST,
    ROUNDING,
    Scale,
    clear_of,
    conformal_threshold,
    means_by_name,
    settled,
)
from course_utils._named import a
from course_utils._running import CHUNK, evaluating, in_chunks
from course_utils.corruption import gaussian_noise
from course_utils.losses import squared_error
from course_utils.models import VAE, Autoencoder
from course_utils.models.priors import code_cost
from course_utils.objectives import Objective, denoising, negative_elbo, reconstruction
from course_utils.schedules import cosine_decay
from course_utils.training import NonFiniteLoss, fit

BATCH = 128
HIDDEN = 256  # units on either side of the code
DRAWS = 16  # codes drawn for an ELBO
PASSES = 50  # through the data at most: more, and few rows would be learned by heart
FOLDS, FEW = 5, 1000  # with fewer rows than this the threshold is cross-validated
OVERFLOWING = np.errstate(over="ignore", invalid="ignore")  # `settled` has the last word


class ReconstructionDetector(OutlierMixin, BaseEstimator):
    """Finds what an autoencoder, trained on normal examples, cannot draw again.

    It is one of scikit-learn's outlier detectors, and takes the place of `IsolationForest` or
    `LocalOutlierFactor(novelty=True)` in their pipelines, for dense X (not for sparse X, nor with
    `sample_weight`). Tables need no preparation, and pictures only to be laid flat: X has one row
    for each example.

    Unless a `model` is given, it trains a small autoencoder (d → 256 → `latent_dim` → 256 → d) to
    remove Gaussian noise. Then a score has two parts. The squared error of the reconstruction x̂ is
    measured in units of what is usual, its mean on the training data; the code z in units of its
    own spread there, with mean m and covariance C (Mahalanobis' distance):

        score = -½ [d · error / mean error + (z - m)ᵀ C⁻¹ (z - m)]

    In a table, and if errors and codes had normal distributions, this would be log p(x, z), but for
    a constant. Of many features the first part decides; of few, where the decoder may draw
    everything, the second.

    What an error is depends on the values.

    - "table": each feature is divided by its own standard deviation (one that never moves by a
      tenth of itself, and by 0.1 at least), and the error is the sum of squares.
    - "pixels": features share a scale, and a smallest value at which nothing is there (paper, no
      count). The sum of squares is divided by the *size* of the example, the square root of the sum
      of its own squares above that smallest value. Else whatever has little ink has little error: a
      1 would pass for normal among 8s. So the background must be the smallest value: invert scans
      that are dark on light, and do not standardise pictures pixel by pixel first.

    Args:
        model: an `Autoencoder` or a `VAE` of the course, of which a copy is trained; rows are
            reshaped to its inputs, and their values reach it as they are, up to ±10⁶ or a thousand
            times the largest in the training data. None for one made to measure.
        contamination: the share of the training examples that is to be called strange, more than 0
            and at most 0.5; there is no "auto". It places the threshold `offset_`, and as many of
            the rows that it was fitted on are strange to `predict` and `fit_predict` (fewer, where
            equal scores meet the threshold). New normal examples are a little less familiar, so
            rather more of them will be called strange; where the rate matters, `calibrate`.
        score: "reconstruction", as above, or "elbo": the evidence lower bound of a variational
            autoencoder in nats, the mean of 16 draws.
        values: "table", "pixels", or "auto": pixels where 64 features or more are on one scale,
            that is, more than half of them have one smallest value and no range is more than twice
            the usual one. A table of 64 columns or more that are 0 or 1 looks like that too: say
            "table".
        latent_dim: numbers in the code of the model made to measure.
        noise: standard deviation of the noise it learns to remove, in units of the spread of a
            feature (for a given autoencoder, of the values as they are); 0 for none. A variational
            autoencoder, given or trained for an ELBO, has noise of its own and ignores it.
        steps: of training, with 128 examples each, rounded up to whole passes through the data, of
            which there are at most 50; of more than 128 · steps rows it sees a random selection,
            once. 0 takes a given model as it is, trained already.
        random_state: a number for the same detector each time.

    Attributes:
        model_: the trained network, in float64.
        values_: "table" or "pixels".
        offset_: the threshold; what scores below it is strange. Among the training examples that is
            the share `contamination`. Where it would meet a score, it lies a billionth lower, so
            that no verdict rests on rounding.
        out_of_fold_scores_: of each training example, the score by a model that has not seen it
            (five-fold cross-validation; of equal rows the mean), if there are from 5 to 999 and
            training at all; else None. They show dirt among few examples better than the scores of
            the trained model, which flatter what it has learned by heart. If they show that much
            more than the share `contamination` would be strange, they place the threshold, and
            then they are what the training examples score, wherever one is met again.
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.

    >>> X = np.random.default_rng(0).normal(size=(1000, 3)) * [1, 1000, 0.001]
    >>> detector = ReconstructionDetector(random_state=0).fit(X)
    >>> detector.predict([[0.5, 100, 0.0003], [0, 0, 0.01]])
    array([ 1, -1])
    """

    # As scikit-learn wants it, options are only kept here; `fit` says which of them will not do.
    def __init__(
        self,
        model: Any = None,
        contamination: Any = 0.1,
        score: Any = "reconstruction",
        *,
        values: Any = "auto",
        latent_dim: Any = 16,
        noise: Any = 0.5,
        steps: Any = 400,
        random_state: Any = None,
    ) -> None:
        self.model = model
        self.contamination = contamination
        self.score = score
        self.values = values
        self.latent_dim = latent_dim
        self.noise = noise
        self.steps = steps
        self.random_state = random_state

    # scikit-learn takes whatever is called `score` for a method with which to compare estimators.
    # Here it is a parameter: `get_params` knows it, and as an attribute it is hidden.
    @property
    def score(self) -> str:
        raise AttributeError("score is a parameter: read it with get_params()['score']")

    @score.setter
    def score(self, value: Any) -> None:
        vars(self)["score"] = value

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name."""
        return {name: vars(self)[name] for name in self._get_param_names()}

    def fit(self, X: Any, y: Any = None) -> "ReconstructionDetector":
        """Learn what is normal from the rows of X, most of which should be. y is ignored.

        Raises:
            ValueError: if X or an option will not do, or a given model makes no finite numbers of
                some row; says why.
        """
        self._check_options()
        x = self._validated(X, reset=True)
        vars(self).pop("offset_", None)  # a fit that fails leaves nothing half new
        random = check_random_state(self.random_state)
        seed = int(random.randint(2**31 - 1))
        batches = math.ceil(min(len(x), max(self.steps, 1) * BATCH) / BATCH)
        self._epochs = min(math.ceil(self.steps / batches), PASSES)
        self._learn(x, random, seed)
        scores = self._judge(x)
        if self.model is not None and scores.min() <= -LARGEST:
            raise ValueError(_beyond(x))
        self._place(scores, 100 * self.contamination)
        self.out_of_fold_scores_ = None
        if self.steps and FOLDS <= len(x) < FEW:
            self._cross_validate(x, random, seed)
        return self

    def calibrate(self, X_kept: Any, false_positive_rate: Any) -> "ReconstructionDetector":
        """Place the threshold `offset_` so that normal examples seldom raise an alarm.

        Of n normal rows that were kept back from `fit`, the one whose score is the k-th lowest,
        k = ⌊(n + 1) · false_positive_rate⌋, becomes the threshold. (In terms of strangeness it is
        the ⌈(n + 1)(1 - false_positive_rate)⌉-th lowest, the conformal rank.) If these rows and a
        new normal one are exchangeable, drawn alike and independently, say, each is as likely as
        any other to be among the k lowest of the n + 1. So the new one scores below the threshold
        with a probability of at most k / (n + 1) ≤ false_positive_rate, whatever the model and the
        distribution; exactly k / (n + 1) if no scores are equal, and with equal scores less.

        That is the mean over all sets of n rows that might have been kept. For those that were, the
        rate is a little more or less: without equal scores it has the distribution
        Beta(k, n + 1 - k). Rows that `fit` has seen, or that were chosen by their scores, void the
        promise, and so do normal examples that change as time goes on. Of anomalies it says
        nothing.

        Split conformal prediction: Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random
        World", 2005; as a detector, Laxhammar & Falkman, "Conformal Prediction for
        Distribution-Independent Anomaly Detection in Streaming Vessel Data", 2010; Bates, Candès,
        Lei, Romano & Sesia, "Testing for Outliers with Conformal p-values", 2023.

        Args:
            X_kept: normal examples that `fit` has not seen, at least 1 / false_positive_rate - 1.
            false_positive_rate: the share of new normal examples that may be called strange,
                between 0 and 1.

        Returns:
            The detector itself. Its scores stay as they are.

        Raises:
            ValueError: if it is not fitted, or X_kept or the rate will not do; says why.
        """
        if not (_is_number(false_positive_rate) and 0 < false_positive_rate < 1):
            raise ValueError(
                f"false_positive_rate is {false_positive_rate!r}; expected the share of normal "
                "examples that may raise an alarm, between 0 and 1"
            )
        scores = self.score_samples(X_kept)
        self.offset_ = clear_of(conformal_threshold(scores, false_positive_rate), scores)
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """How normal each row of X is: one finite number for each, higher is more normal."""
        check_is_fitted(self, "offset_")
        return self._judge(self._validated(X, reset=False))

    def decision_function(self, X: Any) -> np.ndarray:
        """`score_samples` less the threshold `offset_`: negative for what is strange.

        0 for what differs from the threshold by rounding only.
        """
        scores, offset = self.score_samples(X), float(self.offset_)
        decision = scores - offset
        return np.where(np.abs(decision) <= ROUNDING * max(1.0, abs(offset)), 0.0, decision)

    def predict(self, X: Any) -> np.ndarray:
        """+1 for each row of X that is normal, -1 for each that is strange.

        Each row is judged by itself: the rows beside it make no difference.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def reconstruct(self, X: Any) -> np.ndarray:
        """X as the model draws it again, in the units of X: where they differ is what is strange.

        A variational autoencoder decodes the mean code.
        """
        check_is_fitted(self, "offset_")
        x = self._scaled(self._validated(X, reset=False))
        x_hat = self.model_.reconstruct(x).reshape(len(x), -1).numpy()
        return x_hat * self._scale.spread + self._scale.centre

    def _check_options(self) -> None:
        score = vars(self)["score"]
        if not (_is_number(self.contamination) and 0 < self.contamination <= 0.5):
            raise ValueError(
                f"contamination is {self.contamination!r}; expected the share of strange examples, "
                "more than 0 and at most 0.5"
            )
        if score not in ("reconstruction", "elbo"):
            raise ValueError(f"score is {score!r}; expected 'reconstruction' or 'elbo'")
        if self.values not in ("auto", "table", "pixels"):
            raise ValueError(f"values is {self.values!r}; expected 'auto', 'table' or 'pixels'")
        if not (_is_number(self.noise) and 0 <= self.noise < math.inf):
            raise ValueError(f"noise is {self.noise!r}; expected a standard deviation, 0 or more")
        _check_whole("latent_dim", self.latent_dim, at_least=1)
        _check_whole("steps", self.steps, at_least=1 if self.model is None else 0)
        if not isinstance(self.model, Autoencoder | VAE | None):
            raise ValueError(
                f"model is {a(type(self.model).__name__)}; expected an Autoencoder or a VAE of the "
                "course, or None"
            )
        if score == "elbo" and isinstance(self.model, Autoencoder):
            raise ValueError("an Autoencoder has no ELBO; give a VAE, or score='reconstruction'")

    @property
    def _wants_elbo(self) -> bool:
        return vars(self)["score"] == "elbo"

    def _validated(self, X: Any, *, reset: bool) -> np.ndarray:
        """X as float64, (n, d), finite; else a ValueError of scikit-learn, or of ours."""
        if getattr(X, "ndim", 0) > 2:
            raise ValueError(
                f"X has shape {tuple(X.shape)}; expected a row for each example: "
                "lay pictures flat with X.reshape(len(X), -1)"
            )
        least = 2 if reset else 1
        x = validate_data(self, X, reset=reset, dtype=np.float64, ensure_min_samples=least)
        x = x.clip(-LARGEST, LARGEST)
        shape = None if self.model is None else self.model.input_shape
        if shape is not None and math.prod(shape) != x.shape[1]:
            raise ValueError(
                f"X has {x.shape[1]} features, but the model takes {math.prod(shape)}, "
                f"the numbers of an example of shape {shape}"
            )
        if self.model is not None:
            self._check_range(x)
        return x

    def _check_range(self, x: np.ndarray) -> None:
        """`fit` says the same of what it trains on; it never sees what is only scored."""
        low, high = x.min(), x.max()
        if self.model.output == "sigmoid" and (low < 0 or high > 1):
            raise ValueError(
                f"X has values from {low:.4g} to {high:.4g}; this model draws images in [0, 1]: "
                "rescale, for all X alike, as for its training"
            )
        if self.model.output == "multinomial" and low < 0:
            raise ValueError(f"X has values down to {low:.4g}; this model wants counts, >= 0")

    @OVERFLOWING
    def _learn(self, x: np.ndarray, random: np.random.RandomState, seed: int) -> None:
        """Everything that a score needs."""
        self._scale = Scale(x, self.values, as_they_are=self.model is not None)
        self.values_ = self._scale.values
        self._met: dict[bytes, float] = {}  # training rows, and what they score when met again
        self.model_ = self._build(seed)
        rows = random.permutation(len(x))[: max(self.steps, 1) * BATCH]
        self._train(self._scaled(x[rows]), seed)
        self._learn_usual(x)
        self._epsilon = torch.from_numpy(random.standard_normal((DRAWS, len(self._usual_code))))

    def _scores_unseen(self, x: np.ndarray, random: np.random.RandomState, seed: int) -> np.ndarray:
        """The score of each row by a twin that learned from the other folds."""
        fold = random.permutation(len(x)) % FOLDS
        scores = np.empty(len(x))
        for number in range(FOLDS):
            twin = copy.copy(self)
            twin._learn(x[fold != number], random, seed)
            scores[fold == number] = twin._judge(x[fold == number])
        return scores

    def _cross_validate(self, x: np.ndarray, random: np.random.RandomState, seed: int) -> None:
        """Scores by models that have not seen the row, which place the threshold if they must."""
        names = self._scale.names(x)
        means = means_by_name(names, self._scores_unseen(x, random, seed))
        self.out_of_fold_scores_ = unseen = np.array([means[name] for name in names])
        surplus = np.mean(unseen < self.offset_) - self.contamination
        if surplus > 3 * math.sqrt(self.contamination * (1 - self.contamination) / len(x)):
            self._met = means
            self._place(unseen, 100 * self.contamination)

    def _place(self, scores: np.ndarray, per_cent: float) -> None:
        self.offset_ = clear_of(np.percentile(scores, per_cent), scores)

    def _scaled(self, x: np.ndarray) -> Tensor:
        """Rows as inputs of the model, in float64."""
        rows = torch.from_numpy(self._scale.standardised(x))
        return rows.reshape(len(x), *(self.model_.input_shape or x.shape[1:]))

    def _build(self, seed: int) -> Autoencoder | VAE:
        """A copy of the model given, or a network made to measure."""
        if self.model is not None:
            return copy.deepcopy(self.model)
        options = {"input_shape": (self.n_features_in_,), "output": "linear", "seed": seed}
        if self._wants_elbo:
            return VAE.dense(int(self.latent_dim), hidden=(HIDDEN,), sigma=0.5, **options)
        return Autoencoder.dense(int(self.latent_dim), hidden=(HIDDEN,), **options)

    def _train(self, x: Tensor, seed: int) -> None:
        if self.steps:
            options = {"lr": cosine_decay(5e-3), "precision": "auto", "progress": False}
            options |= {"epochs": self._epochs, "batch_size": BATCH, "seed": seed}
            narrow = x.float()
            if not narrow.isfinite().all():
                raise ValueError(_beyond(x.numpy()))
            try:
                fit(self.model_.float(), self._objective(), narrow, **options)
            except NonFiniteLoss as lost:
                raise ValueError(_beyond(x.numpy())) from lost
        # In float32 the score of a row would depend, in its last digits, on the rows beside it.
        self.model_.double().eval()

    def _objective(self) -> Objective:
        if isinstance(self.model_, VAE):
            return negative_elbo()
        return denoising(gaussian_noise(self.noise)) if self.noise else reconstruction

    def _learn_usual(self, x: np.ndarray) -> None:
        """The mean error and the spread of the codes: the units in which both are measured."""
        error, z = self._errors_and_codes(x)
        self._usual_error = max(error.mean(), self._scale.least_error) or 1.0
        self._usual_code = z.mean(axis=0)
        covariance = np.cov(z, rowvar=False).reshape(z.shape[1], z.shape[1])
        # A number of the code that stands still, or too few examples, would leave no inverse.
        ridge = max(1e-3 * np.trace(covariance) / len(covariance), 1e-9 * np.mean(z**2)) or 1.0
        self._precision = np.linalg.inv(covariance + ridge * np.eye(len(covariance)))

    @OVERFLOWING
    def _judge(self, x: np.ndarray) -> np.ndarray:
        """The score of each row as others see it; of training rows perhaps by another model."""
        scores = settled(self._score(x), x)
        if self._met:
            met = zip(self._scale.names(x), scores, strict=True)
            scores = np.array([self._met.get(name, score) for name, score in met])
        return scores

    def _score(self, x: np.ndarray) -> np.ndarray:
        if self._wants_elbo:
            return in_chunks(self._elbo, self._scaled(x)).numpy()
        error, z = self._errors_and_codes(x)
        away = z - self._usual_code
        code = ((away @ self._precision) * away).sum(axis=1)
        return -0.5 * (x.shape[1] * error / self._usual_error + code)

    def _errors_and_codes(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each row the squared error, by its size if it is a picture, and the code."""
        errors, codes = [], []
        with evaluating(self.model_):
            for piece in self._scaled(x).split(CHUNK):
                logits, z = self._draw_again(piece)
                errors.append(squared_error(self.model_.to_image(logits), piece))
                codes.append(z)
        return torch.cat(errors).numpy() / self._scale.sizes(x), torch.cat(codes).numpy()

    def _draw_again(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of the reconstruction, and the code; of a VAE both belong to the mean."""
        if not isinstance(self.model_, VAE):
            return self.model_(x)
        mu, _ = self.model_.encode(x)
        return self.model_.decode_beside(mu, x), mu

    def _elbo(self, x: Tensor) -> Tensor:
        """The bound, with the same draws of ε for every row: a row's score is its own affair."""
        with evaluating(self.model_):
            mu, log_var = self.model_.encode(x)
            draws = mu + torch.exp(log_var / 2) * self._epsilon[:, None]
            bounds = [
                -self.model_.nll(self.model_.decode_beside(z, x), x)
                - code_cost(self.model_, mu, log_var, z)
                for z in draws
            ]
            return torch.stack(bounds).mean(dim=0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _check_whole(name: str, value: Any, *, at_least: int) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < at_least:
        raise ValueError(f"{name} is {value!r}; expected a whole number, {at_least} or more")


def _beyond(x: np.ndarray) -> str:
    return (
        f"X has values from {x.min():.4g} to {x.max():.4g}, and the model gives no finite numbers "
        "for some of its rows: standardise X, for instance with scikit-learn's StandardScaler in a "
        "pipeline, or leave `model` out"
    )
