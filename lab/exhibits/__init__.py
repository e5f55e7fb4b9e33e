"""The failures: every sickness of the founding document and those found since, on demand, broken beside fixed.

A failure has a card (its story, what to predict, its dials: plain data) and an experiment (what is different in the
broken variant: one setting, part, stage or trainer of the real system, never a copy of it).
"""
