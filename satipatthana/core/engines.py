"""SamathaEngine: one thought, from the augmenter to the stop. Everything in it is per sample."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from satipatthana.components.adapters import make_adapter
from satipatthana.components.augmenters import Augmenter
from satipatthana.components.sati import make_sati
from satipatthana.components.vicara import Vicara, make_vicara
from satipatthana.components.vitakka import Gate, StandardVitakka, VitakkaMeta, make_vitakka
from satipatthana.configs import LocalAdapterConfig, SamathaConfig
from satipatthana.core.luck import BatchLuck, Luck
from satipatthana.santana import SantanaLog


@dataclass(frozen=True)
class SamathaOutput:
    """A settled thought. B samples, D latent width."""

    s_star: Float[Tensor, "B D"]
    santana: SantanaLog
    severity: Float[Tensor, " B"]
    stability_pair: tuple[Tensor, Tensor]
    """(s_T, s_{T-1}) with their gradients: what a loss may read, as the log is detached."""
    z: Float[Tensor, "B D"]
    """What the adapter saw, before the gate."""
    x_given: Tensor
    """(B, ...) the input as the network was given it, noise included."""
    meta: VitakkaMeta
    way_stations: Tensor | None = None
    """(b, D) with gradient: row i's state after ``watch[i]`` steps, if the call asked to watch."""


@dataclass(frozen=True)
class Mind:
    """How a thought is to be thought: the arguments of one call, each with its default in the config."""

    drunk: Bool[Tensor, " B"]
    skip_prob: float
    perturbation_std: float
    n_steps: int
    gate: Gate
    threshold: float | None
    watch: Int[Tensor, " b"] | None


class SamathaEngine(nn.Module):
    """augmenter, adapter, vitakka, vicara and sati at work; x -> SamathaOutput."""

    augmenter: Augmenter
    adapter: nn.Module
    vitakka: StandardVitakka
    vicara: Vicara
    sati: nn.Module

    PARTS = ("augmenter", "adapter", "vitakka", "vicara", "sati")

    def __init__(
        self,
        config: SamathaConfig,
        x_shape: tuple[int, ...],
        generators: dict[str, torch.Generator],
        parts: dict[str, nn.Module],
    ) -> None:
        """``generators`` initialise adapter, vitakka and vicara; ``parts`` replaces any of ``PARTS``."""
        super().__init__()
        self.config = config
        dim = config.vitakka.dim
        grid = config.adapter.grid(x_shape) if isinstance(config.adapter, LocalAdapterConfig) else None
        made: dict[str, Callable[[], nn.Module]] = {
            "augmenter": lambda: Augmenter(config.augmenter),
            "adapter": lambda: make_adapter(config.adapter, x_shape, dim, generators["adapter"]),
            "vitakka": lambda: make_vitakka(config.vitakka, generators["vitakka"]),
            "vicara": lambda: make_vicara(config.vicara, dim, generators["vicara"], grid),
            "sati": lambda: make_sati(config.sati),
        }
        for name in self.PARTS:
            setattr(self, name, parts[name] if name in parts else made[name]())

    def forward(
        self,
        x: Float[Tensor, "B *shape"],
        *,
        noise_level: float | Float[Tensor, " B"] = 0.0,
        drunk_mode: bool | Bool[Tensor, " B"] = False,
        gate: Gate = "inference",
        threshold: float | None = None,
        n_steps: int | None = None,
        drunk_skip_prob: float | None = None,
        drunk_perturbation_std: float | None = None,
        luck: Luck | None = None,
        generator: torch.Generator | None = None,
        watch: Int[Tensor, " b"] | None = None,
    ) -> SamathaOutput:
        """Settle. ``noise_level`` is sigma in units of x, per sample or for all; ``drunk_mode`` a flag or a (B,) mask.

        None takes the config's dial. ``watch`` (b,), b <= B, asks for the states of the first b samples after so many
        steps, with their gradient (the log has none). Noise and drunkenness need ``luck`` (or ``generator``);
        ValueError without.
        """
        batch = len(x)
        sigma = torch.as_tensor(noise_level, dtype=x.dtype, device=x.device).expand(batch)
        drunk = torch.as_tensor(drunk_mode, dtype=torch.bool, device=x.device).expand(batch)
        luck = luck if luck is not None or generator is None else BatchLuck(generator)
        if luck is None and (bool(drunk.any()) or bool((sigma > 0).any())):
            raise ValueError("Noise and drunkenness need chance: pass luck= (LuckBySample) or generator=.")
        noise = luck.noise(tuple(x.shape)).to(x) if luck is not None and bool((sigma > 0).any()) else None
        x_given, severity = (x, sigma.clamp(0, 1)) if noise is None else self.augmenter(x, sigma, noise)
        config = self.config
        mind = Mind(
            drunk=drunk,
            skip_prob=config.drunk_skip_prob if drunk_skip_prob is None else drunk_skip_prob,
            perturbation_std=config.drunk_perturbation_std
            if drunk_perturbation_std is None
            else drunk_perturbation_std,
            n_steps=config.sati.n_steps if n_steps is None else n_steps,
            gate=gate,
            threshold=threshold,
            watch=watch,
        )
        return self._settle(x_given, severity, mind, luck)

    def _settle(self, x_given: Tensor, severity: Tensor, mind: Mind, luck: Luck | None) -> SamathaOutput:
        z = self.adapter(x_given)
        s, meta = self.vitakka(z, gate=mind.gate, threshold=mind.threshold)
        # A shut gate lets nothing in: neither into s0 nor, later, into any step.
        step = self.vicara.begin(meta.gate[:, None] * z)
        santana = SantanaLog(s)
        passed = [s] if mind.watch is not None else []
        before = s
        running = torch.ones(len(s), dtype=torch.bool, device=s.device)
        for t in range(mind.n_steps):
            after = step(s)
            skipped = torch.zeros_like(running)
            if luck is not None and bool(mind.drunk.any()):
                uniform, normal = luck.draw(t, *s.shape)
                skipped = mind.drunk & (uniform.to(s) < mind.skip_prob)
                after = after + mind.perturbation_std * mind.drunk[:, None] * normal.to(s)
            taken = running & ~skipped
            if not bool(taken.all()):
                after = torch.where(taken[:, None], after, s)
                before = torch.where(taken[:, None], s, before)
            else:
                before = s
            santana.add(after, taken, running & skipped)
            running = running & ~self.still(s, after, t + 1, taken)
            s = after
            if mind.watch is not None:
                passed.append(s)
            if not bool(running.any()):
                break
        way_stations = None
        if mind.watch is not None:
            # a sample that stopped earlier rests where it stopped
            reached = mind.watch.clamp_max(len(passed) - 1)
            way_stations = torch.stack(passed)[reached, torch.arange(len(reached), device=s.device)]
        return SamathaOutput(s, santana, severity, (s, before), z, x_given, meta, way_stations)

    def still(
        self, before: Float[Tensor, "B D"], after: Float[Tensor, "B D"], step: int, taken: Bool[Tensor, " B"]
    ) -> Bool[Tensor, " B"]:
        """Who has come to rest with this step, by the word of sati. A skipped step moved nothing: to take that for
        stillness would be fake convergence (failure 13)."""
        return self.sati(before, after, step) & taken
