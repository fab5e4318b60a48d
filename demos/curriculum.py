"""The curriculum: every lesson with its module, its title and what it shows."""

import re
from typing import NamedTuple

from autograd import messages


class Lesson(NamedTuple):
    """An entry of the list. Its module in the folder `lessons` has a `main(page)` that returns its numbers.

    `words` are key words that neither the title nor the sentence has. `playground` are the settings with which the
    playground shows the same, as its address has them; empty where it cannot.
    """

    id: str
    name: str
    title: str
    sentence: str
    words: str = ""
    playground: str = ""

    @property
    def module(self) -> str:
        """The name of its module: ``l01_gates``."""
        return f"{self.id.lower()}_{self.name}"

    def __str__(self) -> str:
        return f"{self.id} {self.title}"


LESSONS = (
    Lesson("L01", "gates", "the chain rule on gates",
           "Each gate of (x + y)·z multiplies what comes from above by its own derivative.",
           "local derivative graph add multiply max"),
    Lesson("L02", "sigmoid_neuron", "a sigmoid neuron as gates",
           "One fused sigmoid node and its formula in four small gates give the same gradients.",
           "weight bias logistic"),
    Lesson("L03", "backprop_by_hand", "backprop by hand, graded",
           "Printed formulas for a 1-2-1 net are compared with the engine, and two of them are wrong.",
           "delta training step feed forward"),
    Lesson("L04", "sum_over_paths", "sum over paths",
           "A derivative is the sum over every path of the product of the slopes along it."),
    Lesson("L05", "why_topological_order", "why topological order, why +=, why zero_grad",
           "Wrong backward passes beside the right one, on the smallest graphs that notice.",
           "order accumulate reset"),
    Lesson("L06", "numerical_gradients", "numerical gradients and what they cost",
           "Nudging every weight trains as well as backprop, at one forward pass for each weight.",
           "finite differences gradcheck epsilon update_weights feed_forward"),
    Lesson("L07", "learning_rate", "gradient descent and the learning rate",
           "Too small crawls, right converges, too large overshoots and diverges.",
           "step size sgd",
           playground="Hidden layers=&Data=two Gaussians&Optimizer=sgd&Learning rate=1"),
    Lesson("L08", "convex_or_not", "convex and not",
           "Linear regression ends in one place from everywhere, a small network in several.",
           "local minimum optimum"),
    Lesson("L09", "linear_regression", "linear regression",
           "Descent on the squared error finds what the closed form finds, which maximum likelihood asks for.",
           "least squares maximum likelihood normal distribution mse"),
    Lesson("L10", "kinds_of_data", "several kinds of data",
           "One line per kind, joined by indicators, is still one linear model.",
           "features indicator one-hot simpson"),
    Lesson("L11", "overfitting", "capacity and overfitting",
           "With growing capacity the training error only falls, and the test error turns.",
           "polynomial degree test error generalisation",
           playground="Points=60&Noise=0.3&Wrong labels=0.1&Test share=0.5&Hidden layers=20,20&Learning rate=0.03"),
    Lesson("L12", "l2_regularisation", "L2 regularisation",
           "The penalty λ·Σw² (lambda) trades training error for smoothness; far too much of it gives a flat line.",
           "weight decay ridge penalty bias",
           playground="Points=60&Noise=0.3&Wrong labels=0.1&Test share=0.5&Hidden layers=20,20&L2=0.003"),
    Lesson("L13", "regression_as_classifier", "linear regression as a classifier",
           "Points far on the right side drag its boundary off; that of logistic regression stays.",
           "classification outlier threshold",
           playground="Hidden layers=&Data=two Gaussians&Activation=sigmoid&Optimizer=sgd&Learning rate=0.5"),
    Lesson("L14", "zero_one_loss", "the 0/1 loss has no gradient",
           "The loss we mean is flat almost everywhere, so descent does not move; with a surrogate it does.",
           "surrogate hinge perceptron"),
    Lesson("L15", "bayes_to_logistic", "from Bayes to logistic",
           "Two Gaussians with one covariance have a posterior σ(w·x + b), and training finds this w and b.",
           "gaussian posterior probability generative"),
    Lesson("L16", "cross_entropy_or_squared_error", "cross-entropy or squared error",
           "Squared error on a sigmoid is flat far from the goal too; cross-entropy is not.",
           "mse log loss logistic regression"),
    Lesson("L17", "softmax_and_cross_entropy", "softmax and cross-entropy",
           "Outputs become positive and add to 1, and their likelihood is what training raises.",
           "multiclass likelihood kl entropy digits argmax"),
    Lesson("L18", "minibatches", "minibatches",
           "A small batch makes a cheap and noisy step; the noise falls with the root of its size.",
           "stochastic sgd epoch batch size noise",
           playground="Batch size=1&Optimizer=sgd&Learning rate=0.05"),
    Lesson("L19", "vectorisation", "vectorisation",
           "The same scalar graph, example by example and compiled over the batch: same numbers, other times.",
           "numpy compile speed batch vectorise"),
    Lesson("L20", "one_neuron_ten_neurons", "one neuron, ten neurons",
           "Hidden width 1 cuts once, 10 separates; and a network can fit random labels.",
           "decision boundary hidden layer random labels capacity",
           playground="Data=circles&Hidden layers=1&Learning rate=0.03"),
    Lesson("L21", "architecture", "architecture",
           "Shapes of the weights; without activation functions two layers collapse into one.",
           "shapes matrix parameters layers mlp bias",
           playground="Data=circles&Hidden layers=4,4&Activation=linear"),
    Lesson("L22", "activation_functions", "activation functions",
           "Saturated sigmoids kill gradients, and so does a dead ReLU; a leaky one revives.",
           "sigmoid tanh relu vanishing gradient dead",
           playground="Activation=relu&Hidden layers=6,6&Optimizer=sgd&Learning rate=3&Seed=4"),
    Lesson("L23", "preprocessing_and_initialisation", "preprocessing and initialisation",
           "Standardised features and weights of the right size decide whether training starts at all.",
           "standardise scale normalise xavier glorot he weights condition",
           playground="Initialization=zeros&Hidden layers=6,4&Optimizer=sgd&Learning rate=0.3"),
    Lesson("L24", "dropout", "dropout",
           "A fresh mask each step, off in evaluation, narrows the gap between training and test.",
           "regularisation ensemble mask overfitting",
           playground="Points=60&Noise=0.3&Test share=0.5&Hidden layers=20,20&Dropout=0.3"),
    Lesson("L25", "training_loop", "the training loop",
           "Epochs, validation, early stopping, and a run that resumes from its file exactly.",
           "early stopping checkpoint save load validation adam epoch"),
    Lesson("L26", "two_moons", "two moons, end to end",
           "An MLP 2-16-16-1 with max-margin loss separates the two moons in seconds.",
           "mlp svm classification max-margin",
           playground="Hidden layers=16,16&Activation=relu"),
    Lesson("L27", "optimisers", "optimisers",
           "Momentum, Adam, a falling rate and Newton, on the valley and on the moons.",
           "momentum adam nesterov schedule newton sgd learning rate hessian",
           playground="Optimizer=sgd&Momentum=0.9&Learning rate=0.05"),
    Lesson("L28", "training_step", "one training step, and again",
           "Forward, error, backward, update: by hand, then in matrices, a thousand times.",
           "update feed_forward update_weights bias matrix recursion supervised delta"),
    Lesson("L29", "hidden_layer", "what a hidden layer does",
           "It moves the points until one straight line separates the classes.",
           "transformed space neurons width fully connected biological neuron circles",
           playground="Data=circles&Hidden layers=3&Learning rate=0.03"),
    Lesson("L30", "forward_and_reverse_mode", "forward and reverse mode",
           "One pass back gives all slopes of a loss; one pass forward gives one direction.",
           "jvp vjp jacobian hessian automatic differentiation cost"),
)  # fmt: skip


def find(words: str) -> list[Lesson]:
    """The lessons meant by a number, an id, a module's name or words; the best kind of match alone.

    Hyphens, capitals and British or American spelling make no difference. Titles and sentences count in English and in
    the language of the environment.

    >>> [str(lesson) for lesson in find("12")]
    ['L12 L2 regularisation']
    >>> find("lambda") == find("L12") == find("L2-Regularization")
    True
    >>> [lesson.id for lesson in find("cross entropy")]
    ['L16', 'L17']
    """
    wanted = _folded(words.strip().removesuffix(".py"))
    number = wanted.removeprefix("l").lstrip("0")
    kinds = (
        lambda lesson: lesson.id[1:].lstrip("0") == number or wanted in (_folded(lesson.name), _folded(lesson.module)),
        lambda lesson: wanted in _folded(f"{lesson.name} {lesson.title} {messages.word(lesson.title)}"),
        lambda lesson: wanted in _folded(f"{lesson.sentence} {messages.word(lesson.sentence)} {lesson.words}"),
        lambda lesson: all(word in _folded(" ".join(lesson)) for word in wanted.split()),
    )
    for kind in kinds:
        if found := [lesson for lesson in LESSONS if wanted and kind(lesson)]:
            return found
    return []


def _folded(text: str) -> str:
    """The text in the one spelling that is compared: small letters, spaces for hyphens, -ise for -ize."""
    return re.sub(r"(is|iz)(?=e|a|ing)", "is", " ".join(re.split(r"[\s_-]+", text.lower())))
