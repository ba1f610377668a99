"""Answers to task 3 of the exam; the wrong ones with what is right in them, step by step."""

import torch

# --- right ----------------------------------------------------------------------------------------


def by_means(log_x, log_lower, log_upper, log_q_lower, log_q_upper):
    inner = log_lower.mean(0) + log_upper.mean(0) - log_q_upper.mean(0)
    return log_x.mean(0), inner, log_x.mean(0) + inner - log_q_lower.mean(0)


def bound_first(log_x, log_lower, log_upper, log_q_lower, log_q_upper):
    """All logarithms of the story, less all of the guess; then what is not outside."""
    draws = len(log_x)
    bound = (log_x + log_lower + log_upper - log_q_lower - log_q_upper).sum(0) / draws
    outside = (log_x - log_q_lower).sum(0) / draws
    return log_x.sum(0) / draws, bound - outside, bound


def draw_by_draw(log_x, log_lower, log_upper, log_q_lower, log_q_upper):
    inner = [low + up - q for low, up, q in zip(log_lower, log_upper, log_q_upper, strict=True)]
    inner = sum(inner) / len(inner)
    drawn_again = sum(log_x) / len(log_x)
    return [drawn_again.numpy(), inner.numpy(), (drawn_again + inner - log_q_lower.mean(0)).numpy()]


def plan_by_means(log_x, log_plan, log_mood, log_q_plan, log_q_mood):
    price = log_q_mood.mean(0) - log_mood.mean(0)
    inner = log_x.mean(0) - (log_q_plan.mean(0) - log_plan.mean(0))
    return price, inner, inner - price


def plan_bound_first(log_x, log_plan, log_mood, log_q_plan, log_q_mood):
    bound = (log_x + log_plan + log_mood - log_q_plan - log_q_mood).mean(0)
    price = (log_q_mood - log_mood).mean(0)
    return price, bound + price, bound


def plan_stacked(log_x, log_plan, log_mood, log_q_plan, log_q_mood):
    averages = torch.stack([log_x, log_plan, log_mood, log_q_plan, log_q_mood]).double().mean(1)
    signs = torch.tensor(
        [[0, 0, -1, 0, 1], [1, 1, 0, -1, 0], [1, 1, 1, -1, -1]], dtype=torch.float64
    )
    return tuple(signs @ averages)


# --- wrong ----------------------------------------------------------------------------------------


def lower_code_paid_by_the_upper_guess(log_x, log_lower, log_upper, log_q_lower, log_q_upper):
    inner = (log_lower + log_upper - log_q_lower).mean(0)
    return log_x.mean(0), inner, log_x.mean(0) + inner - log_q_upper.mean(0)


def best_draw(log_x, log_lower, log_upper, log_q_lower, log_q_upper):
    inner = log_lower + log_upper - log_q_upper
    bound = log_x + inner - log_q_lower
    return log_x.amax(0), inner.amax(0), bound.amax(0)


def summed_over_the_draws(log_x, log_lower, log_upper, log_q_lower, log_q_upper):
    return tuple(
        part * len(log_x)
        for part in by_means(log_x, log_lower, log_upper, log_q_lower, log_q_upper)
    )


def upper_code_for_nothing(log_x, log_lower, log_upper, log_q_lower, log_q_upper):
    return log_x.mean(0), log_lower.mean(0), (log_x + log_lower - log_q_lower).mean(0)


def a_loss(log_x, log_lower, log_upper, log_q_lower, log_q_upper):
    drawn_again, inner, bound = by_means(log_x, log_lower, log_upper, log_q_lower, log_q_upper)
    return drawn_again, inner, -bound


def mood_is_a_gain(log_x, log_plan, log_mood, log_q_plan, log_q_mood):
    price, inner, _ = plan_by_means(log_x, log_plan, log_mood, log_q_plan, log_q_mood)
    return -price, inner, inner - price


def plan_for_nothing(log_x, log_plan, log_mood, log_q_plan, log_q_mood):
    price, _, _ = plan_by_means(log_x, log_plan, log_mood, log_q_plan, log_q_mood)
    return price, log_x.mean(0), log_x.mean(0) - price


def guesses_changed_places(log_x, log_plan, log_mood, log_q_plan, log_q_mood):
    return plan_by_means(log_x, log_plan, log_mood, log_q_mood, log_q_plan)


def inner_bound_holds_the_mood(log_x, log_plan, log_mood, log_q_plan, log_q_mood):
    price, inner, bound = plan_by_means(log_x, log_plan, log_mood, log_q_plan, log_q_mood)
    return price, inner + log_mood.mean(0), bound


RIGHT = {
    "a3": [by_means, bound_first, draw_by_draw],
    "b3": [plan_by_means, plan_bound_first, plan_stacked],
}
WRONG = {
    "a3": {
        lower_code_paid_by_the_upper_guess: (True, False, True),
        best_draw: (False, False, False),
        summed_over_the_draws: (False, False, False),
        upper_code_for_nothing: (True, False, False),
        a_loss: (True, True, False),
    },
    "b3": {
        mood_is_a_gain: (False, True, True),
        plan_for_nothing: (True, False, False),
        guesses_changed_places: (False, False, True),
        inner_bound_holds_the_mood: (True, False, True),
    },
}
