"""The page: train the network stage by stage and watch it think."""
