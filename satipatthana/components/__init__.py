"""The parts of the network, in the order in which data flows; each takes its config, its widths and a generator."""
