"""The lab: a page on which a person sees the network learn and think."""
