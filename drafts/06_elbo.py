# %% [markdown]
# # 06 · From points to distributions: the ELBO
#
# **Can a network learn a story of how its data came about, if the most important part of the story was
# never seen?**
#
# After this lesson you will be able to
#
# - tell a generative story, and say why the probability it gives to a picture cannot be computed directly;
# - derive the evidence lower bound (ELBO) in two ways, each step with its reason, and say exactly what it
#   leaves out;
# - compute both of its terms by hand and by code, and check them on a model where the truth is known.
#
# You need lessons 01 and 02, the normal distribution, and the idea of an expected value. Reading, predicting
# and three exercises take about 90 minutes; the machine itself needs less than one of them.

# %%
import math

import torch

from course_utils import load_images, plots, quiz

images = load_images()
print(f"{images.name}: {len(images.train):,} images to train on, {len(images.test):,} to test on")

# %% [markdown]
# Lesson 02 ended with a complaint. A plain autoencoder cannot invent a digit, because nobody knows how its codes are
# distributed: choose one at random, and garbage comes out. The cure is to turn the order around. We *begin* with codes whose
# distribution we choose, and ask which decoder, fed with such codes, would have drawn the pictures that we have.

# %% [markdown]
# ## 1. A story with a hidden number
#
# A **generative story** has two sentences. First a code $z$ is drawn from a distribution $p(z)$, the
# **prior**. Then a picture $x$ is drawn from a distribution $p(x\mid z)$ that depends on the code, the
# **likelihood**. Only $x$ is seen. To see every part of the story at once we begin with the
# smallest one there is, a single number for the code and a single number for the picture:
#
# $$z \sim \mathcal N(0, 1), \qquad x \mid z \sim \mathcal N(2z,\; 0.5).$$
#
# $\mathcal N(m, v)$ is the normal distribution with mean $m$ and *variance* $v$. The "decoder" multiplies by 2;
# then noise of variance 0.5 is added. We let the story happen a thousand times.

# %%
generator = torch.Generator().manual_seed(0)
z = torch.randn(1000, generator=generator)
x = 2 * z + math.sqrt(0.5) * torch.randn(1000, generator=generator)
fig, (left, right) = plots.figure(1, 2, width=9)
left.scatter(z, x, s=6, color=plots.BLUE, alpha=0.5)
left.axhline(1.3, color=plots.VERMILION)
left.set(xlabel="code z, never seen", ylabel="x, what is seen")
right.hist(x.numpy(), bins=40, density=True, color=plots.SKY)
right.axvline(1.3, color=plots.VERMILION)
right.set(xlabel="x", ylabel="density p(x)")
plots.show(fig, alt="Points scattered about a rising line, and the bell-shaped histogram of x.")

# %% [markdown]
# Somebody hands us one number, $x = 1.3$ (the red line). Two questions can be asked about it, and everything that follows
# is about these two. *How probable was it?* That is the height of the histogram at the red line, $p(x)$.
# *Which code did it come from?* That is the spread of the points along the red line in the left
# picture: most have $z$ between 0 and 1.

# %% [markdown]
# ## 2. How probable is what we see?
#
# $x$ may have come from any code, so its density is the average of the likelihood over all codes, weighted with the prior:
#
# $$p(x) = \int p(z)\, p(x \mid z)\, dz .$$
#
# This is called the **marginal likelihood**, or the **evidence**. A model is good if it gives a high density to the pictures that
# really exist, so this is the number to maximise in training. In the toy it can be found in
# three ways. With a formula: a sum of independent normal numbers is normal, so $x \sim \mathcal N(0,\, 2^2 + 0.5)$.
# With a fine grid over $z$. And by drawing codes from the prior and averaging the likelihood.

# %% tags=["nbval-check-output"]
def log_normal(value, mean, variance):
    return -0.5 * ((value - mean) ** 2 / variance + math.log(2 * math.pi * variance))


x = torch.tensor(1.3, dtype=torch.float64)
log_p = log_normal(x, 0.0, 2**2 + 0.5)
grid = torch.linspace(-8, 8, 4001, dtype=torch.float64)
joint = torch.exp(log_normal(grid, 0.0, 1.0) + log_normal(x, 2 * grid, 0.5))
by_grid = torch.trapezoid(joint, grid).log()
print(f"log p(1.3) = {log_p:.5f} by the formula, {by_grid:.5f} by the grid")
assert abs(log_p - by_grid) < 1e-9 and abs(log_p + 1.85876) < 1e-5

# %% [markdown]
# Logarithms, because densities of pictures are products of hundreds of factors; the unit of a natural logarithm is the
# **nat**. Why not do the same with digits? A grid of 4,001 points for one number is nothing; for twenty numbers it has
# $4001^{20} \approx 10^{72}$ points. What about the third way, drawing from the prior?

# %% tags=["nbval-check-output"]
quiz("06.prior_draws")

# %% [markdown]
# To know how far off it is, we need a model of digits for which the truth can be computed. There is one, and you have met its
# relative: **probabilistic PCA** (Tipping and Bishop, 1999). Its decoder is linear,
# $z \sim \mathcal N(0, I)$ and $x \mid z \sim \mathcal N(Wz + m,\; s^2 I)$, and so $x \sim \mathcal N(m,\; WW^\top + s^2 I)$: a formula. (Our toy is
# the case $W = 2$, $m = 0$, $s^2 = 0.5$.) We fit one with twenty numbers to the digits.

# %%
from course_utils import ProbabilisticPCA

k = 20
digits = ProbabilisticPCA.fit(images.train.flatten(1).double(), k)
digit = images.test[:1].flatten(1).double()
truth = digits.log_prob(digit).item()
print(f"log p(x) of the first test digit: {truth:.1f} nats, exactly")
for n in (100, 10_000, 100_000):
    z = torch.randn(n, k, generator=generator).double()
    misfit = ((z @ digits.weight.T + digits.mean - digit) ** 2).sum(1)
    log_lik = -0.5 * (misfit / digits.variance + 784 * torch.log(2 * math.pi * digits.variance))
    print(f"{n:7,} codes from the prior:         {log_lik.logsumexp(0) - math.log(n):.1f} nats")

# %% [markdown]
# A hundred thousand codes, and the estimate is still more than a hundred nats too small: it claims that the digit is $e^{100}$ times less
# probable than it is. Hardly any code drawn blindly has anything to do with this digit; the average is ruled by a handful
# of codes that nobody happened to draw. (A density may be larger than 1, so its logarithm may be positive.) This is what is meant when
# the evidence is called **intractable**: not that it has no definition, but that the sum has too many terms and nearly all are empty.
# One would have to know where to look.

# %%
if images.name == "mnist":
    assert log_lik.logsumexp(0).item() - math.log(n) < truth - 100

# %% [markdown]
# ## 3. Which code did it come from?
#
# Bayes' rule answers the second question, and with it the question where to look:
#
# $$p(z \mid x) = \frac{p(z)\, p(x \mid z)}{p(x)} .$$
#
# This is the **posterior**: what is known about the code once the picture has been seen. In the denominator stands the number that we
# could not compute. In the toy we can, so let us look at it.

# %%
posterior = joint / by_grid.exp()
fig, ax = plots.figure(height=3.6)
curves = {
    "prior p(z)": log_normal(grid, 0.0, 1.0).exp(),
    "likelihood p(1.3 | z), as a function of z": log_normal(x, 2 * grid, 0.5).exp(),
    "posterior p(z | 1.3)": posterior,
}
plots.lines({name: (grid, y) for name, y in curves.items()}, xlabel="code z", ylabel="density", ax=ax)
ax.set_xlim(-3, 3)
plots.show(fig, alt="A wide prior, a likelihood with its peak at 0.65, a narrow posterior between.")
print(f"mean of the posterior {torch.trapezoid(grid * posterior, grid):.4f}")

# %% [markdown]
# The prior says that codes lie about 0, the picture says about $1.3/2 = 0.65$; the posterior is their compromise and narrower than
# either. It is the right answer, and for a deep decoder we cannot have it, since we cannot divide by $p(x)$.

# %% [markdown]
# ## 4. A family of guesses, and how wrong a guess is
#
# So we shall guess. We choose a family of simple distributions, and look in it for the one that is closest to the posterior. The usual
# family are Gaussians in which each dimension of the code has a mean and a variance of its own, and nothing ties
# the dimensions together:
#
# $$q(z \mid x) = \mathcal N\bigl(\mu,\ \mathrm{diag}(\sigma_1^2, \dots, \sigma_d^2)\bigr).$$
#
# How wrong is a guess? The measure is the **Kullback–Leibler divergence**, the average of the log ratio of two densities, taken
# over draws from the first:
#
# $$\mathrm{KL}(q \,\|\, p) = \int q(z)\, \log \frac{q(z)}{p(z)}\, dz = \mathbb E_{z\sim q}\bigl[\log q(z) - \log p(z)\bigr] .$$
#
# It is never negative, and zero only if the two are the same. Why? The logarithm lies below each of its tangents, $\log t \le t - 1$, so
# $-\mathrm{KL} = \mathbb E_q[\log (p/q)] \le \mathbb E_q[p/q - 1] = \int p\,dz - 1 = 0$. It is no distance, since it
# has a direction. Here is a Gaussian $q$ beside a Gaussian $p$, and below them the function whose area is the divergence, once
# in each direction.

# %%
p = log_normal(grid, 0.0, 1.0)
q = log_normal(grid, 1.0, 0.25)
fig = plots.kl_areas(grid, q, p)
plots.show(fig, alt="Two bell curves, and two filled curves: the areas under them are the two KL.")
forward = torch.trapezoid(q.exp() * (q - p), grid)
backward = torch.trapezoid(p.exp() * (p - q), grid)
print(f"KL(q‖p) = {forward:.4f} nats, KL(p‖q) = {backward:.4f} nats")
assert abs(forward - (0.5 + math.log(2) - 0.375)) < 1e-6

# %% [markdown]
# The picture moves. Drag $q$ about with the two sliders, and find out: where must $q$ be for *both* areas to vanish? What happens to each
# when $q$ is very narrow, and what when it is very wide? Which of the two punishes a $q$ that says "impossible" where $p$ says "it happens"?

# %%
from course_utils.widgets import compare_gaussians

compare_gaussians()

# %% [markdown]
# $\mathrm{KL}(q\|p)$ is an average over draws from $q$. It does not care about places where $q$ never goes, but it is expensive to go where $p$ is
# nearly zero. $\mathrm{KL}(p\|q)$ averages over $p$, so $q$ must cover all that $p$ covers. What does that do to a guess that cannot be right? We take
# a $p$ with two humps, and look for the best single Gaussian in either sense.

# %% tags=["nbval-check-output"]
quiz("06.direction")

# %%
humps = torch.stack([log_normal(grid, -2.0, 0.36), log_normal(grid, 2.0, 0.36)])
p = humps.logsumexp(0) - math.log(2)
best = {}
for mean in torch.linspace(-3, 3, 61):
    for sigma in torch.linspace(0.3, 3, 55):
        q = log_normal(grid, mean.item(), sigma.item() ** 2)
        for name, kl in {"KL(q‖p)": q.exp() * (q - p), "KL(p‖q)": p.exp() * (p - q)}.items():
            value = torch.trapezoid(kl, grid).item()
            best[name] = min(best.get(name, (math.inf,)), (value, mean.item(), sigma.item()))
for name, (value, mean, sigma) in best.items():
    print(f"smallest {name}: {value:.3f} nats at mean {mean:+.1f}, standard deviation {sigma:.2f}")

# %%
fig, ax = plots.figure(height=3.6)
curves = {"p, two humps": p}
for name, (_, mean, sigma) in best.items():
    curves[f"q with the smallest {name}"] = log_normal(grid, mean, sigma**2)
plots.lines({n: (grid, y.exp()) for n, y in curves.items()}, xlabel="z", ylabel="density", ax=ax)
ax.set_xlim(-6, 6)
plots.show(fig, alt="One fitted bell sits on the left hump alone; the other is wide, over both.")
assert abs(best["KL(q‖p)"][1]) > 1.8 and abs(best["KL(p‖q)"][1]) < 0.1

# %% [markdown]
# The first settles on *one* hump and ignores the other (it is called **mode-seeking**; the two humps are equally good, and which one is found is chance). The
# second spreads over both and puts its summit where nothing ever happens (**mass-covering**). The ELBO will turn out to contain
# $\mathrm{KL}(q \| p)$, the direction that one can compute, as its average is over our own guess. Its habit of saying too little rather than too
# much is the price.

# %% [markdown]
# ## 5. The bound, first derivation: Jensen
#
# Back to the number that we could not compute. We draw codes from the guess $q(z\mid x)$ instead of the prior, and correct for it:
#
# $$\log p(x) = \log \int p(x, z)\, dz = \log \int q(z\mid x)\, \frac{p(x, z)}{q(z\mid x)}\, dz
# = \log \mathbb E_{q}\!\left[\frac{p(x, z)}{q(z\mid x)}\right]
# \;\ge\; \mathbb E_{q}\!\left[\log \frac{p(x, z)}{q(z\mid x)}\right] =: \mathrm{ELBO}(x).$$
#
# Each step has a reason. First: the definition of the marginal, with $p(x, z) = p(z)\,p(x\mid z)$. Second: multiply and
# divide by $q$, which is allowed where $q > 0$ (a Gaussian is positive everywhere). Third: that is what an expected value is. The fourth is **Jensen's inequality**:
# the logarithm bends downwards, so the logarithm of an average is at least the average of the logarithms. The right-hand side is
# the **evidence lower bound**. In it the logarithm has gone inside, and inside it meets a single code at a time. That can
# be estimated well with a few draws, where the average of the ratios itself cannot.
#
# A number, for the toy and the guess $q = \mathcal N(0.3,\ 0.36)$:

# %% tags=["nbval-check-output"]
def elbo_by_grid(mean, variance):
    log_q = log_normal(grid, mean, variance)
    log_joint = log_normal(grid, 0.0, 1.0) + log_normal(x, 2 * grid, 0.5)
    return torch.trapezoid(log_q.exp() * (log_joint - log_q), grid)


bound = elbo_by_grid(0.3, 0.36)
print(f"ELBO {bound:.5f} ≤ log p(x) {log_p:.5f}")
assert abs(bound + 2.73819) < 1e-5

# %% [markdown]
# Below, as promised. But by how much, and what is in the gap? Jensen does not say.

# %% [markdown]
# ## 6. The bound, second derivation: exactly
#
# Start again, with Bayes' rule read backwards: $p(x) = p(x, z) / p(z\mid x)$, for *every* $z$. Take logarithms, and put in $q$ twice:
#
# $$\log p(x) = \log \frac{p(x, z)}{q(z\mid x)} + \log\frac{q(z\mid x)}{p(z\mid x)} .$$
#
# This holds for every $z$, so it holds on average over $z \sim q(z\mid x)$. The left side does not contain $z$ and stays what it is. On
# the right stand two averages that we know:
#
# $$\boxed{\;\log p(x) = \mathrm{ELBO}(x) + \mathrm{KL}\bigl(q(z\mid x)\,\|\,p(z\mid x)\bigr)\;}$$
#
# No inequality was used. The gap *is* the divergence between the guess and the true posterior. It is never negative, so the ELBO is a lower bound;
# it is zero when the guess is right. Before you see it in numbers:

# %% tags=["nbval-check-output"]
quiz("06.three_bars")

# %% tags=["nbval-check-output"]
guesses = {"q = N(0.3, 0.36)": (0.3, 0.36), "q = N(1, 0.04)": (1.0, 0.04)}
mean = torch.trapezoid(grid * posterior, grid).item()
variance = torch.trapezoid((grid - mean) ** 2 * posterior, grid).item()
guesses["the posterior"] = (mean, variance)
parts = {}
for name, (m, v) in guesses.items():
    log_q = log_normal(grid, m, v)
    gap = torch.trapezoid(log_q.exp() * (log_q - posterior.log()), grid)
    parts[name] = (elbo_by_grid(m, v).item(), gap.item())
    print(f"{name:17} ELBO {parts[name][0]:8.5f} + KL {gap:.5f} = {sum(parts[name]):.5f}")
    assert abs(sum(parts[name]) - log_p) < 1e-8

# %%
fig, ax = plots.figure(height=3.8)
floor = -3.5
for place, (bound, gap) in enumerate(parts.values()):
    first = place == 0
    ax.bar(place, bound - floor, bottom=floor, color=plots.BLUE, label="ELBO" if first else None)
    ax.bar(place, gap, bottom=bound, color=plots.ORANGE, label="KL(q ‖ posterior)" if first else None)
ax.axhline(log_p.item(), color=plots.INK, label="log p(x)")
ax.set(xticks=range(3), xticklabels=parts, ylabel="nats", ylim=(floor, -1.0))
ax.legend(frameon=False, ncols=3, loc="upper left")
plots.show(fig, alt="Three bars of two parts that all end at the same line; the last has no gap.")

# %% [markdown]
# Three guesses, three bounds, and each time the orange piece fills exactly what is missing. So there are two ways of
# pushing the blue bar up. Improve the guess: the orange piece shrinks. Improve the model: the line itself rises. Maximising the ELBO
# does both at once, and it cannot tell you which of the two it has done. Keep this in mind whenever someone reports an ELBO as if it were a likelihood.

# %% [markdown]
# ## 7. The two terms that one trains
#
# In the form above the bound still looks like nothing that a network could compute. Split the joint, $p(x,z) = p(x\mid z)\,p(z)$:
#
# $$\mathrm{ELBO}(x) = \mathbb E_q\bigl[\log p(x\mid z)\bigr] + \mathbb E_q\!\left[\log\frac{p(z)}{q(z\mid x)}\right]
# = \underbrace{\mathbb E_q\bigl[\log p(x\mid z)\bigr]}_{\text{reconstruction}} \;-\; \underbrace{\mathrm{KL}\bigl(q(z\mid x)\,\|\,p(z)\bigr)}_{\text{the price of the code}} .$$
#
# Now everything is within reach. The first term asks the decoder to draw $x$ from a code that the guess proposes. The second asks the guess not to
# stray from the prior, without a reason. **It is the prior that stands here, and not the posterior**: this divergence is a price, the one in section 6 was an error. (The
# ELBO is to be *maximised*. What a training loop minimises is the negative ELBO; do not be put off by texts that call it "the ELBO loss".)
#
# An autoencoder has appeared out of a probability: the guess $q(z\mid x)$, computed by a network from $x$, is an encoder that answers with a
# cloud instead of a point, and $p(x\mid z)$ is a decoder.

# %% [markdown]
# ## 8. The price of a Gaussian, in closed form
#
# For a diagonal Gaussian and the prior $\mathcal N(0, I)$ the price needs no drawing. Both densities are products over the dimensions, so the log ratio
# is a sum, and it is enough to do one dimension. With $z \sim \mathcal N(\mu, \sigma^2)$:
#
# $$\log q(z) - \log p(z) = -\tfrac12 \log(2\pi\sigma^2) - \tfrac{(z-\mu)^2}{2\sigma^2} + \tfrac12\log(2\pi) + \tfrac{z^2}{2} .$$
#
# Average over $z \sim q$. The constants with $2\pi$ cancel. $\mathbb E[(z-\mu)^2] = \sigma^2$, by the definition of the variance, so that the second term becomes $-\tfrac12$. And
# $\mathbb E[z^2] = \mu^2 + \sigma^2$. What remains, summed over the dimensions $j$:
#
# $$\mathrm{KL}\bigl(q \,\|\, \mathcal N(0, I)\bigr) = \tfrac12 \sum_j \bigl(\mu_j^2 + \sigma_j^2 - \log\sigma_j^2 - 1\bigr).$$
#
# **By hand.** Take two dimensions, $\mu = (1,\, -0.5)$ and $\log\sigma^2 = (-1,\, 0.2)$. The variances are $e^{-1} = 0.3679$ and
# $e^{0.2} = 1.2214$.
#
# | | $\mu^2$ | $+\,\sigma^2$ | $-\log\sigma^2$ | $-1$ | half of the sum |
# |---|---|---|---|---|---|
# | first | 1 | 0.3679 | +1 | −1 | 0.6839 |
# | second | 0.25 | 1.2214 | −0.2 | −1 | 0.1357 |
#
# Together 0.8196 nats. A cell confirms it, and so does a million draws, which know nothing of our algebra.

# %% tags=["nbval-check-output"]
mu, log_var = torch.tensor([1.0, -0.5]), torch.tensor([-1.0, 0.2])
per_dimension = 0.5 * (mu**2 + log_var.exp() - log_var - 1)
print("by the formula", per_dimension, f"together {per_dimension.sum():.4f}")
assert abs(per_dimension.sum() - 0.8196) < 1e-4

# %%
from course_utils import gaussian_log_density, reparameterize

million = (1_000_000, 2)
z = reparameterize(mu.expand(million), log_var.expand(million), generator)
log_ratio = gaussian_log_density(z, mu, log_var) - gaussian_log_density(z)
error = log_ratio.std() / 1000
print(f"by a million draws {log_ratio.mean():.4f} ± {error:.4f}")
assert abs(log_ratio.mean() - per_dimension.sum()) < 6 * error

# %% [markdown]
# (`reparameterize` draws $z$ from the Gaussian with these means and log-variances. Lesson 07 is about why it has a name of its own.)
#
# **Why the logarithm?** A network may output any real number, and a variance must be positive. So we let it output
# $\log \sigma^2$, and the code calls it `log_var`, never `sigma`.
#
# **Exercise 1** (difficulty 2 of 5, 10 minutes). Now write it for a batch.

# %%
from jaxtyping import Float
from torch import Tensor

from course_utils import check


# %% tags=["exercise"]
def gaussian_kl(
    mu: Float[Tensor, "batch latent"], log_var: Float[Tensor, "batch latent"]
) -> Float[Tensor, " batch"]:
    """KL(N(μ, diag σ²) ‖ N(0, I)) of each example: summed over the dimensions of the code, in nats.

    log_var is the logarithm of the variance, log σ².
    """
    raise NotImplementedError


# %% tags=["nbval-check-output"]
check("gaussian_kl", gaussian_kl)

# %% [markdown]
# **Broken on purpose.** The most copied mistake in this formula reads the network's output as $\log\sigma$ when it means $\log\sigma^2$, or
# the other way round. Let us commit it, once far from $\sigma = 1$ and once where every network begins, near it.

# %% tags=["nbval-check-output"]
from course_utils import gaussian_kl


def kl_of_log_sigma(mu, log_sigma):
    return 0.5 * (mu**2 + (2 * log_sigma).exp() - 2 * log_sigma - 1).sum(1)


for value in (-2.0, 0.0, 0.02):
    mu, log_var = torch.tensor([[1.0]]), torch.tensor([[value]])
    right, wrong = gaussian_kl(mu, log_var), kl_of_log_sigma(mu, log_var)
    print(f"log σ² = {value:5.2f}: right {right.item():.4f}, mistaken {wrong.item():.4f}")

# %% [markdown]
# At $\sigma = 1$ the two agree exactly, and close to it to three digits. A freshly initialised network has log-variances near 0, so whoever
# tests there, tests nothing. (A well-known check of this formula does, and accepted the mistake in 19 runs of 40.) **Test a formula
# where a wrong one would show.** That is why our checks draw log-variances from −2 to 2.

# %% [markdown]
# ## 9. The reconstruction: what is a pixel?
#
# The other term is the log-likelihood of the picture under what the decoder says, and so one has to say what kind of random number a pixel is.
# Two answers are usual.
#
# **Bernoulli.** The pixel is ink or no ink, and the decoder gives the probability of ink, $p_i = \mathrm{sigmoid}(\text{logit}_i)$:
#
# $$\log p(x\mid z) = \sum_i \bigl[x_i \log p_i + (1 - x_i)\log(1 - p_i)\bigr].$$
#
# It is the binary cross-entropy of lesson 01 with the sign turned round, and nothing may be dropped from it. For a grey pixel it is
# not the logarithm of a probability any more, but it is still largest at $p_i = x_i$, so that one trains with it all the same. Only, the number then
# contains a part that no model can remove, the entropy of the grey levels:

# %%
grey = images.test.flatten(1).double()
entropy = -(torch.xlogy(grey, grey) + torch.xlogy(1 - grey, 1 - grey)).sum(1).mean().item()
print(f"{entropy:.2f} nats per image, however good the decoder")
if images.name == "mnist":
    assert abs(entropy - 45.53) < 0.01

# %% [markdown]
# **Gaussian.** The pixel is any real number, the decoder gives its mean $\hat x_i$, and all pixels share one variance $\sigma_x^2$:
#
# $$-\log p(x\mid z) = \frac{1}{2\sigma_x^2}\sum_i (x_i - \hat x_i)^2 + \frac D2 \log\bigl(2\pi\sigma_x^2\bigr), \qquad D = 784 .$$
#
# It is the squared error, divided by $2\sigma_x^2$, and a constant. *May the constant be dropped?* In training with a fixed $\sigma_x$, yes, since its
# gradient is zero. When a number is reported or two values of $\sigma_x$ are compared, no. *May the factor be dropped?* Never, in a bound: it is the rate of
# exchange between squared pixels and nats. Writing "squared error + KL" has chosen $2\sigma_x^2 = 1$ without saying so. And if $\sigma_x$ may be chosen too, the best choice
# is the one that matches the errors really made: setting the derivative to zero gives $\sigma_x^2 = $ the mean squared error per pixel.

# %%
from course_utils import gaussian_nll

x_hat = digits.mean.expand_as(grey)
mse = ((x_hat - grey) ** 2).mean().item()
sigmas = torch.linspace(0.15, 1.2, 300)
nll = torch.stack([gaussian_nll(x_hat[:500], grey[:500], s.item()).mean() for s in sigmas])
best = sigmas[nll.argmin()].item()
wanted = ((x_hat[:500] - grey[:500]) ** 2).mean().sqrt().item()
print(f"the best standard deviation {best:.3f}, root mean squared error {wanted:.3f}")
print(f"σ = 1 costs {nll[(sigmas - 1).abs().argmin()] - nll.min():.0f} nats more per image")
assert abs(best - wanted) < 0.005

# %% [markdown]
# (The reconstruction here is the mean picture for everyone; the statement does not depend on the decoder.) The convenient $\sigma_x = 1$ believes that pixels
# between 0 and 1 have errors of size 1, and pays hundreds of nats for that. What it does to the code we shall see in lesson 09: it kills dimensions.
#
# **Exercise 2** (difficulty 2 of 5, 10 minutes). The Bernoulli log-likelihood, from logits. It must survive logits of 200.

# %% tags=["exercise"]
def bernoulli_log_likelihood(
    logits: Float[Tensor, "batch *features"], x: Float[Tensor, "batch *features"]
) -> Float[Tensor, " batch"]:
    """log p(x | z) of each example: independent Bernoulli pixels with probability sigmoid(logits).

    Summed over all axes but the first; in nats, at most 0, higher is better.
    """
    raise NotImplementedError


# %% tags=["nbval-check-output"]
check("bernoulli_log_likelihood", bernoulli_log_likelihood)

# %% [markdown]
# **Exercise 3** (difficulty 2 of 5, 10 minutes). Put the two together. One draw of $z$ has been made and decoded already, and what came out are the `logits`; one draw gives an estimate of the
# reconstruction term that is right on average, and the price is exact.

# %% tags=["exercise"]
def elbo(
    logits: Float[Tensor, "batch *features"],
    x: Float[Tensor, "batch *features"],
    mu: Float[Tensor, "batch latent"],
    log_var: Float[Tensor, "batch latent"],
) -> Float[Tensor, " batch"]:
    """The evidence lower bound of each example, in nats, estimated with the one z that was decoded.

    Bernoulli likelihood from logits; q(z|x) = N(μ, diag σ²) with log_var = log σ²; prior N(0, I).
    A bound on log p(x), so higher is better.
    """
    raise NotImplementedError


# %% tags=["nbval-check-output"]
check("elbo", elbo)

# %% [markdown]
# ## 10. The exam: a model in which everything is known
#
# In probabilistic PCA the evidence and the posterior both have formulas. With $M = W^\top W + s^2 I$,
#
# $$p(z\mid x) = \mathcal N\bigl(M^{-1}W^\top(x - m),\; s^2 M^{-1}\bigr).$$
#
# So our bound can be examined on real digits: it must not exceed the truth for any guess, and must reach it for the right one. Here is the ELBO for guesses
# that move from the prior to the posterior.

# %%
ten = images.test[:10].flatten(1).double()
mu, covariance = digits.posterior(ten)
for share in (0.0, 0.5, 0.9, 1.0):
    guess = share * covariance + (1 - share) * torch.eye(k).double()
    bound = digits.elbo(ten, share * mu, guess)
    gap = (digits.log_prob(ten) - bound).mean().item()
    print(f"{share:4.0%} of the way to the posterior: the bound lies {gap:10.4f} nats below log p(x)")
assert abs(gap) < 1e-8

# %% [markdown]
# At the posterior nothing is missing, to eight digits after the point, on all ten pictures. But was the posterior in our *family*? Its covariance $s^2M^{-1}$ would have to
# be diagonal, and it is: the columns of this $W$ are principal directions and stand at right angles, so $M$ is diagonal. Now a little mischief. We rotate the codes: $W$ becomes $WR$ with a
# rotation $R$. The model of the pictures does not change at all, since $WR(WR)^\top = WW^\top$. What happens to the best diagonal guess?

# %% tags=["nbval-check-output"]
quiz("06.rotation")

# %%
rotation, _ = torch.linalg.qr(torch.randn(k, k, generator=generator).double())
rotated = digits._replace(weight=digits.weight @ rotation)
mu, covariance = rotated.posterior(ten)
best_diagonal = torch.diag(1 / torch.linalg.inv(covariance).diagonal())
gap = rotated.log_prob(ten) - rotated.elbo(ten, mu, best_diagonal)
print(f"log p(x) has changed by {(rotated.log_prob(ten) - digits.log_prob(ten)).abs().max():.0e}")
print(f"the best diagonal guess now lies {gap.mean():.2f} nats below")
assert gap.min() > 0.1

# %% [markdown]
# The same model of the pictures, and a bound that is lower by a fixed amount (the best diagonal guess for a Gaussian takes the inverse of the diagonal of the inverse covariance; all ten
# pictures have the same gap, because the posterior's covariance does not depend on $x$). The family cannot say "these two dimensions belong together". So a
# VAE prefers axes along which its guesses can be diagonal. That is an accident of our choice in section 4, and it is where the hope of lesson 10, of dimensions that mean
# something, comes from.

# %% [markdown]
# ## 11. One guess for every picture
#
# Every picture has a posterior of its own, so every picture needs a $\mu$ and a $\sigma$ of its own. One could optimise them picture by picture. The idea of
# Kingma and Welling was to let a network do it: an **encoder** takes $x$ and returns $\mu(x)$ and $\log\sigma^2(x)$, and is trained, together with the decoder, to make the ELBO large *on average over
# the pictures*. This is called **amortised inference**: the work is paid once, in training. In the linear model a linear encoder is enough, as the posterior's mean is linear in $x$; with a deep decoder
# it is one more approximation, and its gap comes on top of the family's.
#
# One thing is still missing. The reconstruction term is an average over draws of $z$, and the encoder decides from which distribution they are drawn. To train it we
# need the gradient of an average *with respect to the distribution that is averaged over*, and a draw has no derivative. Lesson 07 is about this one problem.

# %% [markdown]
# ## What you found
#
# - A generative story draws a code from a prior and a picture from a likelihood. The probability of a picture sums over all codes, and drawing codes blindly missed it by more than a
#   hundred nats with a hundred thousand draws.
# - The evidence lower bound follows from Jensen's inequality, and exactly: $\log p(x) = \mathrm{ELBO} + \mathrm{KL}(q\,\|\,\text{posterior})$. What it leaves out is the error of the guess, and three bars
#   added up to the same line.
# - Both of its terms can be computed: 0.8196 nats by hand, by code and by a million draws. On probabilistic PCA, where the truth is known, the bound reached it
#   with the true posterior and never passed it.
#
# What the bound cannot do: tell a poor model from a poor guess. A low ELBO may mean either, and the family of diagonal Gaussians may hide it. Nor do we know yet how to train its encoder.
#
# **Sources.** Kingma and Welling, *Auto-Encoding Variational Bayes* (2014), equations 1 to 3 and appendix B; Rezende, Mohamed and Wierstra, *Stochastic Backpropagation and Approximate
# Inference in Deep Generative Models* (2014); Jordan, Ghahramani, Jaakkola and Saul, *An Introduction to Variational Methods for Graphical Models* (1999), for the bound; Tipping and Bishop,
# *Probabilistic Principal Component Analysis* (1999), equations 2 to 8.
#
# **Next:** lesson 07, reparameterisation, is being written; the [map](README.md) says what will be in it.
