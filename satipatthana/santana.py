"""Santana, the record of a thought: states, per-sample step sizes, what was taken and what was skipped.

The log stands beside the gradient path: no loss is ever computed from it. It stands at the bottom of the package
because components read it.
"""

import torch
from torch import Tensor


class SantanaLog:
    """The trajectory of a batch of thoughts.

    ``states`` holds s_0 ... s_T, both ends; after a sample's stop its states repeat s*. Shapes: B samples, D latent
    width, T steps.
    """

    def __init__(self, s0: Tensor | None = None) -> None:
        self._states: list[Tensor] = []
        self._taken: list[Tensor] = []
        self._skipped: list[Tensor] = []
        self._shape: torch.Size | None = None
        if s0 is not None:
            self.add(s0)

    def add(self, state: Tensor, taken: Tensor | None = None, skipped: Tensor | None = None) -> None:
        """Append a state (B, D). The first is s_0; each later one is the end of a step.

        ``taken`` (B,) bool: the step was really taken, neither skipped nor after the stop (default: all).
        ``skipped`` (B,) bool: the step was skipped, drunk (default: none). Raises ValueError on another shape.
        """
        if state.shape != self._shape:
            self._check(state)
        # Only the log detaches: it is a record, kept for pictures and for stage 2, which needs no gradient into
        # Samatha. A loss that read it would silently get none (failure 1), so losses take `stability_pair` instead.
        self._states.append(state.detach())
        if len(self._states) > 1:
            # masks are boolean and carry no gradient; the engine always gives both
            self._taken.append(torch.ones_like(state[:, 0], dtype=torch.bool) if taken is None else taken)
            self._skipped.append(torch.zeros_like(state[:, 0], dtype=torch.bool) if skipped is None else skipped)

    def _check(self, state: Tensor) -> None:
        if state.dim() != 2:
            raise ValueError(f"A state has shape (B, D); got {tuple(state.shape)}. Flatten the rest into D.")
        if self._shape is not None:
            raise ValueError(f"This log holds states {tuple(self._shape)}; got {tuple(state.shape)}.")
        self._shape = state.shape

    def __len__(self) -> int:
        """How many states are held, T + 1."""
        return len(self._states)

    @property
    def states(self) -> list[Tensor]:
        """s_0 ... s_T, each (B, D), detached."""
        return self._states

    def to_tensor(self) -> Tensor:
        """All states, (T+1, B, D)."""
        if not self._states:
            raise ValueError("This log is empty; add s_0 first.")
        return torch.stack(self._states)

    @property
    def taken(self) -> Tensor:
        """(T, B) bool: steps that were really taken, neither skipped nor after the stop."""
        return self._stack(self._taken)

    @property
    def skipped(self) -> Tensor:
        """(T, B) bool: steps skipped because the mind was drunk."""
        return self._stack(self._skipped)

    @property
    def steps(self) -> Tensor:
        """(B,) int64: ``states[steps[b], b]`` is s*_b. Skipped steps count: they passed, nothing moved."""
        passed = self.taken | self.skipped
        index = torch.arange(1, len(passed) + 1, device=passed.device)[:, None]
        return (index * passed).amax(dim=0) if len(passed) else torch.zeros_like(passed.sum(dim=0))

    @property
    def energy(self) -> Tensor:
        """(T, B) step sizes ||s_{t+1} - s_t||_2 in latent units, 0 where no step was taken. No Lyapunov function."""
        states = self.to_tensor()
        return (states[1:] - states[:-1]).norm(dim=-1) * self.taken

    def get_total_energy(self) -> Tensor:
        """Sum of squared step sizes over steps and batch (a scalar). Never used per sample (failure 8)."""
        return self.energy.square().sum()

    @property
    def velocity(self) -> Tensor:
        """(B,) size of each sample's last taken step; NaN when it took none."""
        energy, taken = self.energy, self.taken
        index = torch.arange(1, len(taken) + 1, device=taken.device)[:, None]
        last = (index * taken).amax(dim=0) if len(taken) else taken.sum(dim=0)
        picked = energy.gather(0, (last - 1).clamp_min(0)[None])[0] if len(taken) else last.float()
        return torch.where(last > 0, picked, torch.nan)

    @property
    def avg_energy(self) -> Tensor:
        """(B,) mean squared step size over each sample's taken steps; NaN when it took none."""
        count = self.taken.sum(dim=0)
        return torch.where(count > 0, self.energy.square().sum(dim=0) / count.clamp_min(1), torch.nan)

    def upto(self, step: int) -> "SantanaLog":
        """The record as it stood after ``step`` steps (0 to T)."""
        if not 0 <= step < len(self):
            raise ValueError(f"step is {step}; this log holds steps 0 to {len(self) - 1}.")
        return self._part(self._states[: step + 1], self._taken[:step], self._skipped[:step])

    def rows(self, index: Tensor) -> "SantanaLog":
        """The record of some samples: ``index`` is an int or bool tensor over the batch."""
        return self._part(
            [state[index] for state in self._states],
            [row[index] for row in self._taken],
            [row[index] for row in self._skipped],
        )

    @staticmethod
    def _part(states: list[Tensor], taken: list[Tensor], skipped: list[Tensor]) -> "SantanaLog":
        part = SantanaLog()
        part._states, part._taken, part._skipped = states, taken, skipped
        part._shape = states[0].shape if states else None
        return part

    def _stack(self, rows: list[Tensor]) -> Tensor:
        if rows:
            return torch.stack(rows)
        if not self._states:
            raise ValueError("This log is empty; add s_0 first.")
        first = self._states[0]
        return torch.zeros(0, first.shape[0], dtype=torch.bool, device=first.device)
