"""The parts at work together: one thought (engines), its luck, and the whole system."""
