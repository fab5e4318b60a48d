"""The moons by hand in C++, gradient and training, for the race: what an expert writes with a compiler at hand.

Examples lie side by side in vectors as wide as the processor's (the vector extension of g++), layers are templates
whose loops the compiler unrolls, and gradients are added up in the cache, a vector for each parameter.
"""

import ctypes
import functools
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

NAME = "C++ by hand (-O3, SIMD)"

SOURCE = r"""
#include <cstring>

#if defined(__AVX512F__)
constexpr int W = 8;
#elif defined(__AVX__)
constexpr int W = 4;
#else
constexpr int W = 2;
#endif
typedef double V __attribute__((vector_size(W * 8)));
typedef long long M __attribute__((vector_size(W * 8)));

constexpr int I = 2, H = 16;
constexpr int P = H * (I + 1) + H * (H + 1) + (H + 1);
static V sums[P];

static inline V splat(double x) { V v; for (int l = 0; l < W; l++) v[l] = x; return v; }
static inline V relu(V x) { return x > 0 ? x : splat(0); }

template <int N> static inline V dot(const double* w, const V* x) {
    V z = splat(w[N]);
    #pragma GCC unroll 32
    for (int i = 0; i < N; i++) z += splat(w[i]) * x[i];
    return z;
}

template <int N> static inline void add(V* g, V upstream, const V* x) {
    #pragma GCC unroll 32
    for (int i = 0; i < N; i++) g[i] += upstream * x[i];
    g[N] += upstream;
}

// Mean of the hinge loss, plus strength times the sum of the squared weights, and the gradient; n examples.
extern "C" double gradient(const double* w, const double* X, const double* t, long n, double strength, double* g) {
    memset(sums, 0, sizeof sums);
    const double *w1 = w, *w2 = w1 + H * (I + 1), *w3 = w2 + H * (H + 1);
    V *s1 = sums, *s2 = s1 + H * (I + 1), *s3 = s2 + H * (H + 1);
    V total = splat(0);
    for (long start = 0; start < n; start += W) {
        asm volatile("" ::: "memory");  // weights are read at each use: g++ would run out of registers
        V x[I], h1[H], h2[H], d1[H], target, seed;
        for (int l = 0; l < W; l++) {
            long row = start + l < n ? start + l : n - 1;
            x[0][l] = X[2 * row];
            x[1][l] = X[2 * row + 1];
            target[l] = t[row];
            seed[l] = start + l < n;
        }
        #pragma GCC unroll 16
        for (int j = 0; j < H; j++) h1[j] = relu(dot<I>(w1 + j * (I + 1), x));
        #pragma GCC unroll 16
        for (int j = 0; j < H; j++) h2[j] = relu(dot<H>(w2 + j * (H + 1), h1));
        V margin = 1.0 - target * dot<H>(w3, h2);
        total += seed * relu(margin);
        V upstream = margin > 0 ? -target * seed : splat(0);
        add<H>(s3, upstream, h2);
        #pragma GCC unroll 16
        for (int i = 0; i < H; i++) d1[i] = splat(0);
        #pragma GCC unroll 16
        for (int j = 0; j < H; j++) {
            V d2 = h2[j] > 0 ? upstream * splat(w3[j]) : splat(0);
            add<H>(s2 + j * (H + 1), d2, h1);
            #pragma GCC unroll 16
            for (int i = 0; i < H; i++) d1[i] += d2 * splat(w2[j * (H + 1) + i]);
        }
        #pragma GCC unroll 16
        for (int j = 0; j < H; j++) add<I>(s1 + j * (I + 1), h1[j] > 0 ? d1[j] : splat(0), x);
    }
    double value = 0;
    for (int l = 0; l < W; l++) value += total[l];
    value /= n;
    for (int p = 0; p < P; p++) {
        double s = 0;
        for (int l = 0; l < W; l++) s += sums[p][l];
        g[p] = s / n;
    }
    double squares = 0;
    auto decay = [&](const double* v, double* slope, int rows, int columns) {
        for (int j = 0; j < rows; j++)
            for (int i = 0; i < columns; i++) {
                int at = j * (columns + 1) + i;
                squares += v[at] * v[at];
                slope[at] += 2 * strength * v[at];
            }
    };
    decay(w1, g, H, I);
    decay(w2, g + H * (I + 1), H, H);
    decay(w3, g + H * (I + 1) + H * (H + 1), 1, H);
    return value + strength * squares;
}

// So many rounds of 10 independent multiply-adds of vectors, which fill the units of one core.
template <class T> static T multiply_add(long rounds) {
    typedef T Vector __attribute__((vector_size(W * 8)));
    Vector factor = {}, term = {};
    for (int l = 0; l < int(W * 8 / sizeof(T)); l++) factor[l] = T(0.5), term[l] = T(l + 1);
    Vector a = term, b = term, c = term, d = term, e = term, f = term, g = term, h = term, i = term, j = term;
    for (long k = 0; k < rounds; k++) {
        a = a * factor + term, b = b * factor + term, c = c * factor + term, d = d * factor + term;
        e = e * factor + term, f = f * factor + term, g = g * factor + term, h = h * factor + term;
        i = i * factor + term, j = j * factor + term;
        asm volatile("" : "+x"(a), "+x"(b), "+x"(c), "+x"(d), "+x"(e), "+x"(f), "+x"(g), "+x"(h), "+x"(i), "+x"(j));
    }
    Vector sums = a + b + c + d + e + f + g + h + i + j;
    T total = 0;
    for (int l = 0; l < int(W * 8 / sizeof(T)); l++) total += sums[l];
    return total;
}
extern "C" double peak_float64(long rounds) { return multiply_add<double>(rounds); }
extern "C" double peak_float32(long rounds) { return multiply_add<float>(rounds); }
extern "C" long vector_bytes() { return W * 8; }

// Steps of gradient descent on that, in place.
extern "C" void train(double* w, const double* X, const double* t, long n, double strength, double rate, long steps) {
    double g[P];
    for (long step = 0; step < steps; step++) {
        gradient(w, X, t, n, strength, g);
        for (int p = 0; p < P; p++) w[p] -= rate * g[p];
    }
}
"""


def moons_gradient(X: Any, y: Any, theta: Any, strength: float) -> dict[str, Callable[[], Any]]:
    """The contestant, a function of nothing that gives value and gradient; none where no C++ compiler is found."""
    library = _compiled()
    if library is None:
        return {}
    function = library.gradient
    function.restype = ctypes.c_double
    X, y, theta = _contiguous(X, y, theta)
    gradient = np.empty(len(theta))
    arguments = *_addresses(theta, X, y), ctypes.c_long(len(X)), ctypes.c_double(strength), *_addresses(gradient)

    def work() -> Any:
        return function(*arguments), gradient

    work.keep = X, y, theta  # type: ignore[attr-defined]  # as long as the addresses are used
    return {NAME: work}


def moons_training(
    X: Any,
    y: Any,
    theta: Any,
    strength: float,
    rate: float,
    steps: int,
) -> dict[str, Callable[[], Any]]:
    """The contestant, a function of nothing that descends from `theta` and gives the last parameters."""
    library = _compiled()
    if library is None:
        return {}
    library.train.restype = None
    X, y, theta = _contiguous(X, y, theta)
    numbers = ctypes.c_long(len(X)), ctypes.c_double(strength), ctypes.c_double(rate), ctypes.c_long(steps)

    def work() -> Any:
        trained = theta.copy()
        library.train(*_addresses(trained, X, y), *numbers)
        return trained

    return {NAME: work}


def peak(dtype: str, rounds: int = 200_000) -> float:
    """Additions and multiplications a second of one core in numbers of this type; 0 where no C++ compiler is found."""
    library = _compiled()
    if library is None:
        return 0.0
    function = getattr(library, f"peak_{dtype}")
    function.restype = ctypes.c_double
    best = float("inf")
    for _ in range(50):
        start = time.perf_counter()
        function(ctypes.c_long(rounds))
        best = min(best, time.perf_counter() - start)
    lanes = library.vector_bytes() // (8 if dtype == "float64" else 4)
    return 2 * 10 * lanes * rounds / best


def _contiguous(*arrays: Any) -> list[Any]:
    return [np.ascontiguousarray(a, float) for a in arrays]


def _addresses(*arrays: Any) -> list[ctypes.c_void_p]:
    return [ctypes.c_void_p(a.ctypes.data) for a in arrays]


@functools.cache
def _compiled() -> ctypes.CDLL | None:
    """The library, compiled once; None, and a line says why, where the compiler fails."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, code, library = (Path(folder, f"gradient.{suffix}") for suffix in ("cpp", "o", "so"))
        source.write_text(SOURCE)
        # Linked without -ffast-math: with it, loading the library would flush tiny numbers to 0 in the whole process.
        compiling = ["-O3", "-march=native", "-ffast-math", "-fPIC", "-c", "-o", str(code), str(source)]
        try:
            subprocess.run([compiler, *compiling], check=True)  # noqa: S603
            subprocess.run([compiler, "-shared", "-o", str(library), str(code)], check=True)  # noqa: S603
            return ctypes.CDLL(str(library))
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"left out: {NAME}: {error}")
            return None
