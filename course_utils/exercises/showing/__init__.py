"""How reports, questions, cards and progress look, and what is remembered of a learner."""
