"""The estimators: scikit-learn's own checks, and its networks beside ours."""

import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

import nn
from tests.extent import some

sklearn = pytest.importorskip("sklearn", minversion="1.6")
from sklearn.base import clone  # noqa: E402
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris  # noqa: E402
from sklearn.model_selection import GridSearchCV, ShuffleSplit, cross_val_score  # noqa: E402
from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
KINDS = [nn.MLPClassifier, nn.MLPRegressor]


@pytest.mark.parametrize("kind", KINDS)
def test_all_checks_of_sklearn_pass(kind):
    check_estimator(kind(hidden_layer_sizes=(10,), max_iter=60, learning_rate_init=0.02))


@pytest.mark.parametrize(("ours", "theirs"), [(nn.MLPClassifier, MLPClassifier), (nn.MLPRegressor, MLPRegressor)])
def test_parameters_are_those_of_sklearn(ours, theirs):
    own, their = ours().get_params(), theirs().get_params()
    assert own.keys() <= their.keys()
    assert {name: their[name] for name in own} == own
    assert set(their) - set(own) == {"max_fun"}


def test_it_classifies_as_well_as_sklearn():
    X, y = load_iris(return_X_y=True)
    scores = [
        cross_val_score(make_pipeline(StandardScaler(), kind((16,), random_state=0, max_iter=150)), X, y, cv=3).mean()
        for kind in (nn.MLPClassifier, MLPClassifier)
    ]
    assert scores[0] > scores[1] - 0.02


def test_it_fits_as_well_as_sklearn():
    X, y = load_diabetes(return_X_y=True)
    y = (y - y.mean()) / y.std()
    scores = [
        kind(hidden_layer_sizes=(16,), random_state=0, max_iter=100, learning_rate_init=0.01).fit(X, y).score(X, y)
        for kind in (nn.MLPRegressor, MLPRegressor)
    ]
    assert scores[0] > scores[1] - 0.05


def test_attributes():
    X, y = load_iris(return_X_y=True)
    names = np.array(["a", "b", "c"])[y]
    model = nn.MLPClassifier((5, 4), max_iter=3, random_state=1).fit(X, names)
    assert [w.shape for w in model.coefs_] == [(4, 5), (5, 4), (4, 3)]
    assert [b.shape for b in model.intercepts_] == [(5,), (4,), (3,)]
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert (model.n_iter_, len(model.loss_curve_), model.n_layers_, model.n_outputs_) == (3, 3, 4, 3)
    assert model.predict_proba(X).sum(axis=1) == pytest.approx(np.ones(len(X)))
    again = pickle.loads(pickle.dumps(model))
    assert again.predict_proba(X).tolist() == model.predict_proba(X).tolist()
    assert clone(model).fit(X, names).loss_curve_ == model.loss_curve_


def test_search_and_partial_fit():
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(nn.MLPClassifier(max_iter=5, random_state=0), {"hidden_layer_sizes": [(3,), (6,)]}, cv=2)
    assert search.fit(X, y).best_params_["hidden_layer_sizes"] in [(3,), (6,)]
    model = nn.MLPClassifier((6,), random_state=0, learning_rate_init=0.02)
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit(X, y)
    for _ in range(40):
        model.partial_fit(X[::2], y[::2], classes=[0, 1, 2])
        model.partial_fit(X[1::2], y[1::2])
    assert model.score(X, y) > 0.9
    assert model.n_iter_ == 80


@pytest.mark.slow
def test_a_search_on_a_cluster_of_two_processes_finds_what_one_process_finds():
    joblib, distributed = pytest.importorskip("joblib"), pytest.importorskip("distributed")
    X, y = load_iris(return_X_y=True)
    network = nn.MLPClassifier(max_iter=5, random_state=0, learning_rate_init=0.02)
    search = GridSearchCV(make_pipeline(StandardScaler(), network), {"mlpclassifier__alpha": [1e-4, 10.0]}, cv=2)
    here = clone(search).fit(X, y)
    options = {"n_workers": 2, "processes": True, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_backend("dask", wait_for_workers_timeout=60),
    ):
        there = clone(search).fit(X, y)
        workers = client.run(lambda: "nn" in sys.modules)
    assert any(workers.values())  # it was they who trained
    assert there.best_params_ == here.best_params_
    assert there.cv_results_["mean_test_score"] == pytest.approx(here.cv_results_["mean_test_score"], abs=0.01)
    assert there.predict(X).tolist() == here.predict(X).tolist()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("load", "kinds", "options"),
    [
        (load_iris, (nn.MLPClassifier, MLPClassifier), {"hidden_layer_sizes": (16,), "max_iter": 200}),
        (load_digits, (nn.MLPClassifier, MLPClassifier), {"hidden_layer_sizes": (32,), "max_iter": 60}),
        (load_breast_cancer, (nn.MLPClassifier, MLPClassifier), {"hidden_layer_sizes": (16,), "max_iter": 100}),
        (load_diabetes, (nn.MLPRegressor, MLPRegressor), {"hidden_layer_sizes": (16,), "max_iter": 100}),
    ],
    ids=["iris", "digits", "breast cancer", "diabetes"],
)
def test_over_several_seeds_it_predicts_as_well_as_sklearn(load, kinds, options):
    X, y = load(return_X_y=True)
    if load is load_diabetes:
        y = (y - y.mean()) / y.std()
    splits = ShuffleSplit(3, test_size=0.3, random_state=0)
    ours, theirs = (
        np.mean(
            [
                cross_val_score(
                    make_pipeline(StandardScaler(), kind(**options, learning_rate_init=0.01, random_state=seed)),
                    X, y, cv=splits,
                ).mean()
                for seed in some(range(3), 3)
            ]
        )
        for kind in kinds
    )  # fmt: skip
    assert ours > theirs - 0.01


@pytest.mark.parametrize(
    "options", [{"solver": "lbfgs"}, {"learning_rate": "falling"}, {"activation": "swish"}, {"max_iter": 0}]
)
def test_what_is_not_offered_is_refused_by_name(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        nn.MLPClassifier(**options).fit([[0.0], [1.0]], [0, 1])


def test_an_adaptive_learning_rate_falls_where_the_loss_does_not():
    X, y = load_iris(return_X_y=True)
    options = {"solver": "sgd", "learning_rate_init": 0.2, "max_iter": 2000, "tol": 1e-3, "n_iter_no_change": 3}
    constant = nn.MLPClassifier((8,), random_state=0, **options).fit(X, y)
    adaptive = nn.MLPClassifier((8,), random_state=0, learning_rate="adaptive", **options).fit(X, y)
    assert constant.loss_curve_ == adaptive.loss_curve_[: constant.n_iter_]
    assert adaptive.n_iter_ > constant.n_iter_
    assert adaptive._optimizer.lr <= 1e-6


def test_without_shuffling_the_examples_come_as_they_are():
    X, y = load_iris(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))

    def run(X, y, seed, shuffle):
        model = nn.MLPClassifier((4,), max_iter=3, random_state=seed, shuffle=shuffle, batch_size=50)
        model.partial_fit(X, y, classes=[0, 1, 2])
        for _ in range(2):
            model.partial_fit(X, y)
        return model.loss_curve_

    assert run(X, y, 0, False) == run(X, y, 0, False) != run(X, y, 0, True)
    assert run(X, y, 0, False) != run(X[rows], y[rows], 0, False)


def test_early_stopping_and_warm_start():
    X, y = load_iris(return_X_y=True)
    model = nn.MLPClassifier((8,), early_stopping=True, max_iter=30, random_state=0, warm_start=True).fit(X, y)
    first = model.n_iter_
    assert len(model.validation_scores_) == first
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.out_activation_ == "softmax"
    assert model.fit(X, y).n_iter_ > first
    with warnings.catch_warnings():
        warnings.simplefilter("error", sklearn.exceptions.ConvergenceWarning)
        with pytest.raises(sklearn.exceptions.ConvergenceWarning, match="max_iter=2"):
            nn.MLPClassifier((8,), max_iter=2).fit(X, y)


def test_nn_works_without_sklearn():
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from nn import *\nimport nn\nassert 'MLPClassifier' in dir(nn)\n"
        "try: nn.MLPClassifier\nexcept ImportError as error: assert 'pip install scikit-learn' in str(error)\n"
        "else: raise AssertionError\nassert 'fit' in globals() and 'MLPClassifier' not in globals()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
