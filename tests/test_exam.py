"""The exam: what its judge says and does not say, its two papers, and what its items measure."""

import ast
import importlib
import inspect
import math
import re
from pathlib import Path

import nbformat
import pytest
import torch
from scipy import integrate, stats
from torch.distributions import MultivariateNormal

from course_utils import ProbabilisticPCA, hand_in, marks, model_answer
from course_utils.exercises import UnknownTask, exam, progress
from course_utils.exercises.exam import slips
from course_utils.exercises.exam.papers import PAIRS, PAPERS, checked_tasks, open_tasks
from course_utils.exercises.exam.task import agrees, judge
from course_utils.exercises.showing import record
from test_notebooks import (
    PROMISES,
    asks_known_questions,
    assert_ran_well,
    closes_with_findings,
    has_sound_exercises,
    opens_with_goals,
    outputs_to_come_again,
    read,
)
from tools import items, ready
from tools.execute import run

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
CHECKED = checked_tasks()
NAMES = [f"{paper}{number}" for paper in PAPERS for number in range(1, 11)]
OTHER_SEEDS = range(1, 50)  # for `make test-all`
POINTS, MINUTES = 100, 90
# What lessons promise, and an exam has in another form or not at all.
OF_LESSONS = {has_sound_exercises, asks_known_questions, opens_with_goals, closes_with_findings}


def module_of(pair):
    return importlib.import_module(f"answers.exam.{pair}")


RIGHT = [(n, f) for pair in PAIRS for n, found in module_of(pair).RIGHT.items() for f in found]
WRONG = [
    (n, f, left)
    for p in PAIRS
    for n, each in module_of(p).WRONG.items()
    for f, left in each.items()
]


def named(value):
    return getattr(value, "__name__", None)


@pytest.fixture(autouse=True)
def a_kernel_of_its_own(tmp_path, monkeypatch):
    """Nothing is handed in yet, and the record is a file that is not there."""
    monkeypatch.setattr(exam, "_handed_in", {})
    monkeypatch.setattr(exam, "_tries", {})
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))


# --- the judge ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "answer"), RIGHT, ids=named)
def test_a_right_answer_is_right_in_every_step(name, answer):
    assert list(judge(CHECKED[name], answer).right.values()) == [True] * 3


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "answer"), RIGHT, ids=named)
def test_a_right_answer_is_right_over_fifty_seeds(name, answer):
    for seed in OTHER_SEEDS:
        assert all(judge(CHECKED[name], answer, seed=seed).right.values()), seed


@pytest.mark.parametrize(("name", "answer", "left"), WRONG, ids=named)
def test_a_wrong_answer_loses_its_steps_and_no_other(name, answer, left):
    verdict = judge(CHECKED[name], answer)
    assert tuple(verdict.right.values()) == left
    worth = zip(CHECKED[name].steps.values(), left, strict=True)
    assert verdict.points(CHECKED[name]) == sum(points for points, right in worth if right)


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "answer", "left"), WRONG, ids=named)
def test_a_wrong_answer_loses_its_steps_for_other_seeds(name, answer, left):
    for seed in OTHER_SEEDS[:2]:
        assert tuple(judge(CHECKED[name], answer, seed=seed).right.values()) == left


def test_every_checked_task_has_answers():
    for name in CHECKED:
        assert sum(name == each for each, _ in RIGHT) >= 3
        assert sum(name == each for each, *_ in WRONG) >= 4
    folder = Path(__file__).parent / "answers" / "exam"
    assert {path.stem for path in folder.glob("*.py")} == set(PAIRS)


@pytest.mark.parametrize("name", CHECKED)
def test_an_empty_function_is_not_answered(name):
    parameters = ", ".join(inspect.signature(CHECKED[name].solution).parameters)
    for body in ("raise NotImplementedError", "pass", '"""Later."""'):
        space = {}
        exec(f"def stub({parameters}):\n    {body}", space)
        assert not judge(CHECKED[name], space["stub"]).attempted
        assert "not answered yet" in str(hand_in(name, space["stub"]))
    assert "not answered yet" in str(hand_in(name))
    assert "not answered" in str(marks(name[0])).splitlines()[int(name[1])]


def test_it_says_right_or_wrong_and_not_why():
    def cost(mean_q, cov_q, mean_p, cov_p):
        own, other, kl = CHECKED["a1"].solution(mean_q, cov_q, mean_p, cov_p)
        return own, -other, kl

    shown = hand_in("a1", cost)
    assert str(shown).splitlines() == [
        "Task a1: 7 of 10 points",
        "  ✓ right  E_q[log q]",
        "  ✗ wrong  E_q[log p]",
        "  ✓ right  KL(q ‖ p)",
    ]
    html = shown._repr_html_()
    assert html.count("✓ right") == 2 and html.count("✗ wrong") == 1
    assert "expected" not in html


def test_a_step_may_be_left_out():
    right = CHECKED["a4"].solution

    def answer(joint, guess):
        return None, right(joint, guess)[1], None

    assert list(judge(CHECKED["a4"], answer).right.values()) == [False, True, False]


def endless(joint, guess):
    while True:
        pass


def stops(joint, guess):
    return joint.nothing_of_this_name


def one_number(joint, guess):
    return joint.sum()


def two_values(joint, guess):
    return joint.sum(1), guess


def of_another_form(joint):
    return joint, joint, joint


def changes_its_argument(joint, guess):
    joint /= joint.sum(1, keepdim=True)
    return CHECKED["a4"].solution(joint, guess)


class Strange:
    """Hands back what is none of the kinds that are asked for."""

    def __call__(self, joint, guess):
        return "0.3", True, 1j


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (endless, "did not finish within 0.2 seconds"),
        (stops, "AttributeError"),
        (one_number, "expected a tuple of 3 values"),
        (two_values, "a tuple of 2 things; expected a tuple of 3 values"),
        (of_another_form, "is called with (joint, guess)"),
        (changes_its_argument, "changed its argument `joint` in place"),
        ("lamp_states", "without quotes"),
        (7, "You handed in the number 7"),
    ],
)
def test_what_cannot_be_judged_is_told_so(answer, said, monkeypatch):
    monkeypatch.setattr("course_utils.exercises.exam.task.SECONDS", 0.2)
    shown = str(hand_in("a4", answer))
    assert shown.startswith("✗ Task a4: could not be judged")
    assert said in shown
    assert "0 of 10  try 1" in str(marks("a"))


def test_strange_values_are_wrong():
    assert list(judge(CHECKED["a4"], Strange()).right.values()) == [False] * 3


def test_what_agrees():
    assert agrees(0.16667, 1 / 6) and agrees(torch.full((1, 1), 2.0), 2.0)
    assert not agrees(0.1669, 1 / 6)
    assert not agrees(torch.ones(2), torch.ones(3))
    assert not agrees(math.nan, 1.0) and not agrees(torch.tensor(1 + 0j), 1.0)
    assert not agrees(None, 1.0) and not agrees(True, 1.0)


def test_the_learners_stream_of_chance_stays_where_it_was():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    hand_in("a1", CHECKED["a1"].solution)
    assert torch.equal(torch.rand(2), expected)


def test_an_unknown_task_is_one_sentence(unchecked):
    for wrong in ("a6", "c1", "", 3, None):
        with pytest.raises(UnknownTask, match=r'expected a checked task in quotes, "a1" to "a5"'):
            hand_in(wrong, abs)
    for wrong in ("a1", "a11", "", 3):
        with pytest.raises(UnknownTask, match='expected an open task in quotes, "a6" to "a10"'):
            model_answer(wrong)
    for wrong in ("c", "", 1, None, "a1"):
        with pytest.raises(ValueError, match='expected "a" or "b"'):
            marks(wrong)


# --- marks, and the record ------------------------------------------------------------------------


def test_marks_add_up_what_was_handed_in():
    for name in ("a1", "a4", "b4"):
        hand_in(name, CHECKED[name].solution)
    hand_in("a2", lambda x, weight, mean, sigma: (None, None, None))
    hand_in("a2", CHECKED["a2"].solution)
    lines = str(marks("a")).splitlines()
    assert lines[0] == "Paper a: 30 of 50 points"
    assert lines[1:4] == [
        "  a1     10 of 10  try 1",
        "  a2     10 of 10  try 2",
        "  a3      0 of 10  not answered",
    ]
    assert lines[6] == "  a6      – of 10  open"
    assert "Open tasks are worth 50 points more" in lines[11]
    assert str(marks("b")).startswith("Paper b: 10 of 50 points")


def test_marks_add_what_an_examiner_gave():
    hand_in("b1", CHECKED["b1"].solution)
    shown = marks("b", (10, 0, 2.5, 7, 9))
    assert str(shown).startswith("Paper b: 38.5 of 100 points")
    assert "b8    2.5 of 10  marked by hand" in str(shown)
    assert "Open tasks" not in str(shown)
    assert "Paper b: 38.5 of 100 points" in shown._repr_html_()


@pytest.mark.parametrize(
    "points", [(1, 2, 3), (1, 2, 3, 4, 11), (-1, 0, 0, 0, 0), "77777", 7, ("7",) * 5, (True,) * 5]
)
def test_impossible_points_are_one_sentence(unchecked, points):
    with pytest.raises(ValueError, match="expected 5 numbers, from 0 to 10 for each open task"):
        marks("a", points)


def test_the_last_answer_counts():
    hand_in("a5", CHECKED["a5"].solution)
    hand_in("a5", lambda: (24.0, None, None))
    assert "a5      4 of 10  try 2" in str(marks("a"))


def test_an_exam_leaves_the_record_of_the_lessons_alone():
    record.note_attempt("squared_error", True)
    before, table = record.path().read_bytes(), str(progress())
    for name, task in CHECKED.items():
        hand_in(name, task.solution)
    model_answer("a6", now=True), marks("a", (1, 2, 3, 4, 5))
    assert record.path().read_bytes() == before
    assert str(progress()) == table and not set(CHECKED) & set(table.split())


# --- the papers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("paper", PAPERS)
def test_a_paper_has_ten_tasks_a_hundred_points_and_ninety_minutes(paper):
    tasks = [task for name, task in (CHECKED | open_tasks()).items() if name.startswith(paper)]
    assert len(tasks) == 10
    assert sum(task.points for task in tasks) == POINTS
    assert sum(task.minutes for task in tasks) == MINUTES


def test_the_tasks_of_a_pair_are_worth_the_same():
    tasks = CHECKED | open_tasks()
    assert sorted(tasks) == sorted(NAMES)
    for number in range(1, 11):
        one, other = (tasks[f"{paper}{number}"] for paper in PAPERS)
        assert (one.points, one.minutes) == (other.points, other.minutes)
        if number <= 5:
            assert list(one.steps.values()) == list(other.steps.values())
        else:
            assert [i.points for i in one.ideas] == [i.points for i in other.ideas]


@pytest.mark.parametrize("name", open_tasks())
def test_a_model_answer_is_hidden_until_it_is_asked_for(name):
    task = open_tasks()[name]
    asked = model_answer(name)
    for text in (str(asked), asked._repr_html_()):
        assert "First answer" in text and "now=True" in text
        assert task.answer[:40] not in text and task.ideas[0].text[:20] not in text
    shown = model_answer(name, now=True)
    assert task.answer.splitlines()[0] in str(shown)
    for idea in task.ideas:
        assert f"{idea.points}  {idea.text}" in str(shown)
    assert shown._repr_html_().count("<tr>") == 1 + len(task.ideas)


def test_a_model_answer_has_the_parts_that_are_asked_for():
    for name, task in open_tasks().items():
        source = next(
            c.source for c in paper_of(name[0]).cells if f"## Task {name[1:]}." in c.source
        )
        asked = re.findall(r"^\((\w)\) ", source, re.MULTILINE)
        assert asked == re.findall(r"^\((\w)\) ", task.answer, re.MULTILINE) and len(asked) >= 3


# --- their numbers, by other ways -----------------------------------------------------------------


def drawn(name):
    return CHECKED[name].probes(torch.Generator().manual_seed(5))


def test_two_gaussians_agree_with_draws():
    """The averages, of as many draws that six standard errors are small."""
    for mean_q, cov_q, mean_p, cov_p in drawn("a1"):
        own, other, kl = CHECKED["a1"].solution(mean_q, cov_q, mean_p, cov_p)
        q, p = MultivariateNormal(mean_q, cov_q), MultivariateNormal(mean_p, cov_p)
        torch.manual_seed(0)
        z = q.sample((200_000,))
        for expected, each in ((own, q.log_prob(z)), (other, p.log_prob(z))):
            assert abs(each.mean() - expected) < 6 * each.std() / len(z) ** 0.5
        torch.testing.assert_close(
            kl, torch.distributions.kl_divergence(q, p), rtol=1e-3, atol=1e-3
        )


def test_evidence_is_that_of_the_course_and_of_scipy():
    for x, weight, mean, sigma in drawn("a2"):
        log_p = CHECKED["a2"].solution(x, weight, mean, sigma)[2]
        model = ProbabilisticPCA(weight, mean, torch.tensor(sigma**2))
        torch.testing.assert_close(log_p, model.log_prob(x), rtol=1e-4, atol=1e-3)
    for x, tones, loudness, hiss in drawn("b2"):
        cov = tones @ torch.diag(loudness**2) @ tones.T + hiss**2 * torch.eye(len(tones))
        expected = stats.multivariate_normal(cov=cov.double().numpy()).logpdf(x.double().numpy())
        log_p = CHECKED["b2"].solution(x, tones, loudness, hiss)[2]
        torch.testing.assert_close(log_p.double(), torch.as_tensor(expected), rtol=1e-4, atol=1e-3)


def test_a_bound_inside_is_exact_where_the_upper_guess_is():
    """Of a chain of Gaussians: with q(z2|z1) = p(z2|z1) the part inside is log p(z1) itself."""
    z1 = torch.linspace(-2, 2, 5)[:, None].expand(5, 3)
    z2 = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    normal = torch.distributions.Normal
    lower, upper = normal(z2, 0.5).log_prob(z1), normal(0.0, 1.0).log_prob(z2)
    above = normal(z1 / 1.25, (0.25 / 1.25) ** 0.5).log_prob(z2)  # z1 ~ N(0, 1.25)
    inner = CHECKED["a3"].solution(0 * z1, lower, upper, 0 * z1, above)[1]
    torch.testing.assert_close(inner, normal(0.0, 1.25**0.5).log_prob(z1).mean(0))
    inner = CHECKED["b3"].solution(lower, upper, 0 * z1, above, 0 * z1)[1]
    torch.testing.assert_close(inner, normal(0.0, 1.25**0.5).log_prob(z1).mean(0))


def test_jensen_is_exact_at_the_guess_that_is_named():
    for joint, guess in drawn("a4"):
        evidence, exact, gap = CHECKED["a4"].solution(joint, guess)
        assert (gap > 0.001).all()
        torch.testing.assert_close(
            CHECKED["a4"].solution(joint, exact)[2], 0 * gap, atol=1e-6, rtol=0
        )
        torch.testing.assert_close(evidence.exp(), joint.sum(1))


def test_a_loss_with_the_named_weight_is_proportional_to_the_bound():
    """Two losses that are the same function of error and KL, up to a factor."""
    for name, (n, k, weight, wanted) in {
        "a5": (3 * 32 * 32, 64, 1.0, 4.0),
        "b5": (80 * 100, 16, 0.008, 1.0),
    }.items():
        beta, sigma, for_wanted = CHECKED[name].solution()
        error, kl = 310.0, 17.0
        assert error / n + weight * kl / k == pytest.approx(2 / n * (error / 2 + beta * kl))
        bound = error / (2 * sigma**2) + kl
        assert error / n + weight * kl / k == pytest.approx(2 * sigma**2 / n * bound)
        assert for_wanted * kl / k == pytest.approx(2 / n * wanted * kl)


@pytest.mark.parametrize(("power", "sign"), [(-1, -1), (1, 1)])
def test_the_draws_of_task_6_are_right(power, sign):
    """z = u^(∓1/α): its distribution, its derivative, and that of E[log z], by integrals."""
    alpha, h = 1.7, 1e-4

    def draw(u, a=alpha):
        return u ** (power / a)

    u = 0.3
    share = 1 - u if power < 0 else u
    assert (1 - draw(u) ** -alpha if power < 0 else draw(u) ** alpha) == pytest.approx(share)
    slope = (draw(u, alpha + h) - draw(u, alpha - h)) / (2 * h)
    assert slope == pytest.approx(-draw(u) * math.log(draw(u)) / alpha, rel=1e-5)
    mean = [
        integrate.quad(lambda v, a=a: math.log(draw(v, a)), 0, 1)[0] for a in (alpha, alpha + h)
    ]
    assert mean[0] == pytest.approx(-sign / alpha, rel=1e-6)
    assert (mean[1] - mean[0]) / h == pytest.approx(sign / alpha**2, rel=1e-3)


def test_the_tables_of_task_7_say_what_the_answers_say():
    """By haste where speaking pays in all, by price where it costs more than it saves."""
    for paper, saves, verdict in (("a", 5.9, "By haste"), ("b", 4.3, "By price")):
        source = next(c.source for c in paper_of(paper).cells if "## Task 7." in c.source)
        rows = re.findall(r"^\| [^|]+ \| ([\d.]+) \| ([\d.]+) \|$", source, re.MULTILINE)
        (loss, loss_2), (_, kl_2), (alone, alone_2), _ = [[*map(float, row)] for row in rows]
        assert alone == alone_2 == loss
        assert alone - (loss_2 - kl_2) == pytest.approx(saves)
        assert (loss_2 < loss) == (verdict == "By haste")
        assert f"(b) {verdict}" in open_tasks()[f"{paper}7"].answer


@pytest.mark.parametrize(
    ("levels", "slope", "middle"), [((-1.0, 1.0), 1.0, 0.0), ((0.0, 4.0), 4.0, 2.0)]
)
def test_the_denoisers_of_task_8_are_right(levels, slope, middle):
    """Against the average by Bayes, and Tweedie's formula by differences."""
    half = (levels[1] - levels[0]) / 2

    def log_density(y, sigma):
        return math.log(sum(stats.norm.pdf(y, level, sigma) for level in levels) / 2)

    def denoised(y, sigma):
        return middle + half * math.tanh(half * (y - middle) / sigma**2)

    for y, sigma in ((0.3, 0.7), (2.5, 1.9), (-1.0, 3.0)):
        weights = [stats.norm.pdf(y, level, sigma) for level in levels]
        mean = sum(w * x for w, x in zip(weights, levels, strict=True)) / sum(weights)
        assert denoised(y, sigma) == pytest.approx(mean)
        score = (log_density(y + 1e-4, sigma) - log_density(y - 1e-4, sigma)) / 2e-4
        assert score == pytest.approx((denoised(y, sigma) - y) / sigma**2, abs=1e-5)
    for sigma in (0.8 * half, 1.25 * half):
        at = [(denoised(middle + d, sigma) - middle - d) / sigma**2 for d in (-1e-4, 1e-4)]
        expected = (slope / sigma**2 - 1) / sigma**2
        assert (at[1] - at[0]) / 2e-4 == pytest.approx(expected, rel=1e-5)
        assert (expected > 0) == (sigma < half)


@pytest.mark.parametrize(
    ("name", "rate", "caught", "alarms"), [("a9", 1 / 200, 0.9, 0.02), ("b9", 0.01, 0.8, 0.05)]
)
def test_the_shares_of_task_9_are_right(name, rate, caught, alarms):
    share = rate * caught / (rate * caught + (1 - rate) * alarms)
    assert f"= {share:.3f}" in open_tasks()[name].answer
    assert f"= {share:.3f}" in open_tasks()[name].ideas[0].text


# --- what the items measure -----------------------------------------------------------------------


def test_a_learner_without_misconceptions_has_every_point():
    assert all(all(items.answered((), paper)) for paper in PAPERS)


@pytest.mark.parametrize("each", slips.MISCONCEPTIONS, ids=lambda each: each.seen_in)
def test_a_misconception_stands_behind_a_wrong_answer_of_the_lessons(each):
    lesson, exercise, answer = each.seen_in.split(".")
    wrong = importlib.import_module(f"answers.{lesson}.{exercise}").WRONG
    assert answer in {function.__name__ for function in wrong}
    assert set(each.convictions) <= set(slips.TAUGHT)


@pytest.mark.parametrize("paper", PAPERS)
def test_each_misconception_lowers_an_item_and_each_item_is_lowered(paper):
    lowered = items.lowered_by(paper)
    assert all(any(column) for column in zip(*lowered, strict=True))
    assert all(any(row) and not all(row) for row in lowered)


def test_the_papers_ask_for_the_same():
    """What lowers a step of paper a lowers the same step of paper b, and nothing else does."""
    assert items.lowered_by("a") == items.lowered_by("b")


def numbers_of(learner, paper):
    """All that a learner returns in the derivations, tasks 1 to 4."""
    answers = {name: answer for name, answer in learner.answers().items() if name[1] in "1234"}
    return torch.cat(
        [
            part.flatten()
            for name, answer in answers.items()
            if name.startswith(paper)
            for args in drawn(name)
            for part in answer(*args)
        ]
    )


@pytest.mark.parametrize("paper", PAPERS)
def test_the_slips_of_derivations_are_told_apart(paper):
    """By whoever marks, though not by the learner: no two of them give the same numbers."""
    right = numbers_of(slips.Learner(), paper)
    outcomes = [numbers_of(slips.Learner([each]), paper) for each in slips.MISCONCEPTIONS]
    wrong = [found for found in outcomes if not agrees(found, right)]
    assert len(wrong) == len(slips.MISCONCEPTIONS)
    for number, one in enumerate(wrong):
        assert [agrees(other, one) for other in wrong].index(True) == number


def beliefs_of(answers, paper):
    """What is told of each task of a paper that is not wholly right."""
    every = [slips.beliefs_behind(name, answers[name]) for name in CHECKED if name[0] == paper]
    return [beliefs for beliefs in every if beliefs]


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("each", slips.MISCONCEPTIONS, ids=lambda each: each.seen_in)
def test_whoever_marks_is_told_the_slip(paper, each):
    """In each task that shows it, it is among what is told; and together they leave no other."""
    answers = slips.Learner([each]).answers()
    told = beliefs_of(answers, paper)
    lowered = [
        n
        for n in CHECKED
        if n[0] == paper and not all(judge(CHECKED[n], answers[n]).right.values())
    ]
    assert len(told) == len(lowered) > 0
    assert set.intersection(*map(set, told)) == {each.belief}
    assert all(each.belief in slips.in_a_sentence(beliefs) for beliefs in told)


@pytest.mark.parametrize("paper", PAPERS)
def test_of_right_answers_and_of_other_wrong_ones_no_slip_is_told(paper):
    right = slips.Learner().answers()
    other = {name: spoilt(answer, lambda part: part + 1) for name, answer in right.items()}
    left_out = {name: spoilt(answer, lambda part: None) for name, answer in right.items()}
    for answers in (right, other, left_out, dict.fromkeys(right), dict.fromkeys(right, len)):
        assert beliefs_of(answers, paper) == []
    assert slips.in_a_sentence(()) == ""


def spoilt(answer, how):
    """The same answer, with something done to each step of it."""
    return lambda *args: tuple(how(part) for part in answer(*args))


def test_a_step_that_is_right_or_left_out_hides_no_slip():
    wrong = slips.Learner([slips.MISCONCEPTIONS[0]]).answers()["a1"]
    for left in (
        lambda *args: (None, *wrong(*args)[1:]),
        lambda *args: (None, None, wrong(*args)[2]),
    ):
        assert slips.beliefs_behind("a1", left) == (slips.MISCONCEPTIONS[0].belief,)


@pytest.mark.parametrize("name", CHECKED)
def test_a_learner_is_never_told_the_slip(name):
    for each in slips.MISCONCEPTIONS:
        shown = hand_in(name, slips.Learner([each]).answers()[name])
        assert each.belief not in str(shown) + shown._repr_html_() + str(marks(name[0]))


@pytest.mark.parametrize("paper", PAPERS)
def test_the_measures_are_those_of_scipy(paper):
    sheets = items.sheets(paper)
    assert len(sheets) == 1 + len(slips.MISCONCEPTIONS) + math.comb(len(slips.MISCONCEPTIONS), 2)
    points = [item.points for item in items.items(paper)]
    for index, found in enumerate(items.measured(paper)):
        column = [sheet[index] for sheet in sheets]
        rest = [
            sum(
                p for p, right, i in zip(points, s, range(99), strict=False) if right and i != index
            )
            for s in sheets
        ]
        assert found.difficulty == pytest.approx(sum(column) / len(column))
        assert found.discrimination == pytest.approx(stats.pointbiserialr(column, rest).statistic)


def test_the_table_shows_every_item(capsys):
    items.main()
    printed = capsys.readouterr().out
    for paper in PAPERS:
        for item in items.items(paper):
            assert f"{item.task} {item.step}" in printed
    assert printed.count("×") == 2 * sum(map(sum, items.lowered_by("a")))


# --- the notebooks --------------------------------------------------------------------------------


def paper_of(paper):
    return read(NOTEBOOKS / f"exam_{paper}.ipynb")


@pytest.mark.parametrize("promise", [p for p in PROMISES if p not in OF_LESSONS], ids=named)
@pytest.mark.parametrize("paper", PAPERS)
def test_an_exam_keeps_the_promises_of_every_notebook(paper, promise):
    breaches = list(promise(paper_of(paper)))
    assert not breaches, "\n".join(breaches)


@pytest.mark.parametrize("paper", PAPERS)
def test_its_tasks_stand_in_order_with_their_points_and_minutes(paper):
    prose = "\n".join(c.source for c in paper_of(paper).cells if c.cell_type == "markdown")
    heads = re.findall(r"^## Task (\d+)\. .+\n\n\*(\d+) points.*, about (\d+) minutes", prose, re.M)
    tasks = CHECKED | open_tasks()
    expected = [
        (str(number), str(tasks[f"{paper}{number}"].points), str(tasks[f"{paper}{number}"].minutes))
        for number in range(1, 11)
    ]
    assert heads == expected
    assert f"{POINTS} points, {MINUTES} minutes" in prose


@pytest.mark.parametrize("paper", PAPERS)
def test_its_stubs_are_those_of_the_tasks(paper):
    """With the signature and docstring of the reference, and handed in by the cell below."""
    code = paper_of(paper).code
    stubs = [
        index for index, cell in enumerate(code) if "exercise" in cell.metadata.get("tags", ())
    ]
    tasks = [(name, task) for name, task in CHECKED.items() if name.startswith(paper)]
    for index, (name, task) in zip(stubs, tasks, strict=True):
        (stub,) = ast.parse(code[index].source).body
        assert stub.name == task.solution.__name__
        assert ast.get_docstring(stub) == inspect.getdoc(task.solution)
        reference = ast.parse(inspect.getsource(task.solution)).body[0]
        assert ast.unparse(stub.args) == ast.unparse(reference.args)
        assert ast.unparse(stub.returns) == ast.unparse(reference.returns)
        assert ast.unparse(stub.body[1:]) == "raise NotImplementedError"
        assert code[index + 1].source == f'hand_in("{name}", {stub.name})'


@pytest.mark.notebook
@pytest.mark.parametrize("paper", PAPERS)
def test_an_exam_runs_empty_and_answered(paper, tmp_path):
    """In one kernel: as committed, with what it shows there; then every task, and the sum."""
    lesson = paper_of(paper)
    expected = outputs_to_come_again(lesson)
    for name, task in CHECKED.items():
        if name.startswith(paper):
            call = f'hand_in("{name}", {task.solution.__name__})'
            pair = f"from {task.solution.__module__} import {task.solution.__name__} as theirs"
            named_so = f"def {task.solution.__name__}(*args):\n    return theirs(*args)"
            lesson.cells.append(nbformat.v4.new_code_cell(f"{pair}\n\n\n{named_so}\n\n\n{call}"))
    final = nbformat.v4.new_code_cell(f'marks("{paper}", (8, 6, 10, 7, 9))')
    lesson.cells.append(final)
    lesson.__dict__.pop("code", None)  # cached
    record_file = tmp_path / "progress.json"
    environment = {"COURSE_PROGRESS": str(record_file)}
    run(lesson.notebook, NOTEBOOKS, environment, kernel_manager_class=ready.manager())
    assert_ran_well(lesson.code, expected)
    assert final.outputs[0].data["text/plain"].startswith(f"Paper {paper}: 90 of 100 points")
    assert not record_file.exists()
