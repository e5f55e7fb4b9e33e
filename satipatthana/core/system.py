"""SatipatthanaSystem: a thought, the judgement of it, what it looks like, and the answer."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from satipatthana.components.decoders import AuxHead, ConditionalDecoder, make_recon_head
from satipatthana.components.vipassana import FamiliarVipassana, Insight, make_vipassana
from satipatthana.configs import SystemConfig
from satipatthana.core.engines import SamathaEngine, SamathaOutput
from satipatthana.measures import mse, roughness
from satipatthana.santana import SantanaLog


class TrainingStage(IntEnum):
    """The four stages of the curriculum."""

    ADAPTER_PRETRAINING = 0
    SAMATHA_TRAINING = 1
    VIPASSANA_TRAINING = 2
    DECODER_FINETUNING = 3


LEARNS: dict[TrainingStage, tuple[str, ...]] = {
    TrainingStage.ADAPTER_PRETRAINING: ("adapter", "adapter_recon_head"),
    TrainingStage.SAMATHA_TRAINING: ("adapter", "vitakka", "vicara", "samatha_recon_head", "aux_head"),
    TrainingStage.VIPASSANA_TRAINING: ("vipassana",),
    TrainingStage.DECODER_FINETUNING: ("answer",),
}
"""What learns in each stage; everything else is frozen in eval mode."""


@dataclass(frozen=True)
class SystemOutput:
    """A thought, the judgement of it and the answer."""

    samatha: SamathaOutput
    insight: Insight
    logits: Float[Tensor, "B N"]

    @property
    def s_star(self) -> Float[Tensor, "B D"]:
        return self.samatha.s_star

    @property
    def santana(self) -> SantanaLog:
        return self.samatha.santana


def generator_for(*key: int | str) -> torch.Generator:
    """A generator whose stream is a function of ``key`` alone: each part, stage and step has its own."""
    digest = hashlib.blake2b("/".join(map(str, key)).encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)


Parts = Mapping[str, nn.Module | Callable[[SystemConfig], nn.Module]]
"""By name: a component, or the function that makes one of the config."""


class SatipatthanaSystem(nn.Module):
    """The whole network, built from a config; ``parts`` replaces any component by an object of the same interface.

    Every weight is a function of ``config.seed`` and of the component's name. A part may be given as the function that
    makes it of the config: then the network can also be built again as it was before training.
    """

    samatha: SamathaEngine
    adapter_recon_head: nn.Module
    samatha_recon_head: nn.Module
    aux_head: nn.Module
    vipassana: nn.Module
    answer: nn.Module

    COMPONENTS = (
        "adapter",
        "vitakka",
        "vicara",
        "adapter_recon_head",
        "samatha_recon_head",
        "aux_head",
        "vipassana",
        "answer",
    )

    def __init__(self, config: SystemConfig | None = None, parts: Parts | None = None) -> None:
        """``parts`` may name what is in ``COMPONENTS``, augmenter, sati, and the whole engine as ``samatha``, which
        then brings its own. Raises ValueError when it names something else."""
        super().__init__()
        config = SystemConfig() if config is None else config
        known = ("samatha", *SamathaEngine.PARTS, *self.COMPONENTS[3:])
        self.given: Parts = dict(parts or {})
        """The parts as they were passed."""
        unknown = sorted(set(self.given) - set(known))
        if unknown:
            raise ValueError(f"parts names {unknown}; known: {', '.join(known)}.")
        inner = sorted(set(self.given) & set(SamathaEngine.PARTS))
        if "samatha" in self.given and inner:
            raise ValueError(f"parts names samatha and {inner}; give the engine with its parts in it.")
        parts = {name: part if isinstance(part, nn.Module) else part(config) for name, part in self.given.items()}
        self.config = config
        self.stage: TrainingStage | None = None
        """The stage whose components learn now; None: everything is frozen."""
        generators = {name: generator_for("init", config.seed, name) for name in self.COMPONENTS}
        shape, dim, adapter = config.x_shape, config.samatha.vitakka.dim, config.samatha.adapter
        engine = parts.get("samatha")
        if engine is None:
            engine = SamathaEngine(config.samatha, shape, generators, parts)
        assert isinstance(engine, SamathaEngine)
        self.samatha = engine
        context_dim, n_classes = config.vipassana.context_dim, config.n_classes
        made: dict[str, Callable[[torch.Generator], nn.Module]] = {
            "adapter_recon_head": lambda generator: make_recon_head(config.recon, shape, dim, generator, adapter),
            "samatha_recon_head": lambda generator: make_recon_head(config.recon, shape, dim, generator, adapter),
            "aux_head": lambda generator: AuxHead(dim, n_classes, generator),
            "vipassana": lambda generator: make_vipassana(
                config.vipassana, dim, generator, getattr(self.samatha.adapter, "impressions", None), len(shape) == 3
            ),
            "answer": lambda generator: ConditionalDecoder(config.answer, dim, context_dim, n_classes, generator),
        }
        for name, make in made.items():
            setattr(self, name, parts[name] if name in parts else make(generators[name]))
        self.set_stage(None)

    # --- thinking -------------------------------------------------------------------------------------------------

    def think(self, x: Tensor, **mind: Any) -> SamathaOutput:
        """Samatha alone; the arguments are those of ``SamathaEngine.forward``."""
        return self.samatha(x, **mind)

    def judge(
        self, s_star: Tensor, santana: SantanaLog, x_given: Tensor, error: Float[Tensor, " B"] | None = None
    ) -> Insight:
        """Vipassana. ``error`` is the ``drawing_error`` of the same state and input, where it is known already."""
        return self.vipassana(*self.shown_to_vipassana(s_star, santana, x_given, error))

    def shown_to_vipassana(
        self, s_star: Tensor, santana: SantanaLog, x_given: Tensor, error: Float[Tensor, " B"] | None = None
    ) -> tuple[Any, ...]:
        """The arguments with which a vipassana of this kind is called, so that another one can be shown the same."""
        error = self.drawing_error(s_star, x_given) if error is None else error
        if not isinstance(self.vipassana, FamiliarVipassana):
            return s_star, santana, self.probes, error
        return s_star, santana, self.probes, error, self.impression(x_given)

    @torch.no_grad()
    def impression(self, x: Tensor) -> Float[Tensor, "B I"]:
        """What inputs look like to the adapter, which is frozen wherever this is asked for: z if it says no more. Of
        pictures, last, how rough they are."""
        adapter = self.samatha.adapter
        seen = adapter.impression(x) if hasattr(adapter, "impressions") else adapter(x)  # type: ignore[operator]
        return torch.cat([seen, roughness(x)[:, None]], dim=1) if x.dim() == 4 else seen

    def drawing_error(self, s_star: Tensor, x_given: Tensor) -> Float[Tensor, " B"]:
        """How far the state, drawn, is from the input to which it is attributed: on the mismatch path ``s_star`` is
        another sample's than ``x_given``. Mean squared error, x in [-1, 1]."""
        return mse(self.decode(s_star), x_given)

    def forward(self, x: Tensor, **mind: Any) -> SystemOutput:
        """Think, judge, answer; the arguments are those of ``SamathaEngine.forward``."""
        samatha = self.think(x, **mind)
        insight = self.judge(samatha.s_star, samatha.santana, samatha.x_given)
        return SystemOutput(samatha, insight, self.logits(samatha.s_star, insight.v_ctx))

    def forward_stage2(
        self, x: Tensor, noise_level: float | Tensor = 0.0, drunk_mode: bool = False, **mind: Any
    ) -> dict[str, Any]:
        """The founding document's call: a thought and its three scores, as a mapping.

        Chance comes from ``generator=`` or ``luck=``; without either it is a function of the config's seed.
        """
        if mind.get("generator") is None and mind.get("luck") is None:
            mind["generator"] = generator_for("forward_stage2", self.config.seed)
        samatha = self.think(x, noise_level=noise_level, drunk_mode=drunk_mode, **mind)
        insight = self.judge(samatha.s_star, samatha.santana, samatha.x_given)
        return {
            "s_star": samatha.s_star,
            "v_ctx": insight.v_ctx,
            "trust_score": insight.trust,
            "conformity_score": insight.conformity,
            "confidence_score": insight.confidence,
            "santana": samatha.santana,
            "severity": samatha.severity,
        }

    # --- showing and answering ------------------------------------------------------------------------------------

    def decode(self, s: Float[Tensor, "*lead D"]) -> Float[Tensor, "*lead_and_shape"]:
        """Any states as inputs, (..., D) -> (..., *x_shape) in [-1, 1]: this is what makes a thought visible."""
        return self.samatha_recon_head(s.reshape(-1, s.shape[-1])).view(*s.shape[:-1], *self.config.x_shape)

    def reconstruct(self, z: Float[Tensor, "B D"]) -> Float[Tensor, "B *shape"]:
        """z through stage 0's head."""
        return self.adapter_recon_head(z)

    def logits(self, s_star: Float[Tensor, "B D"], v_ctx: Float[Tensor, "B C"]) -> Float[Tensor, "B N"]:
        return self.answer(s_star, v_ctx)

    @property
    def probes(self) -> Float[Tensor, "K D"]:
        return self.samatha.vitakka.probes

    # --- who learns -----------------------------------------------------------------------------------------------

    def components(self) -> dict[str, nn.Module]:
        """Every component that has weights, in the order of flow."""
        engine = {name: getattr(self.samatha, name) for name in self.COMPONENTS[:3]}
        return engine | {name: getattr(self, name) for name in self.COMPONENTS[3:]}

    def set_stage(self, stage: TrainingStage | int | None) -> None:
        """Let the components of ``stage`` learn and freeze the others: no gradient, and eval mode, so that batch-norm
        statistics stay as well. None freezes all."""
        self.stage = None if stage is None else TrainingStage(stage)
        for name, component in self.components().items():
            component.requires_grad_(name in self._learning)
        self.train(stage is not None)

    @property
    def _learning(self) -> tuple[str, ...]:
        return () if self.stage is None else LEARNS[self.stage]

    def train(self, mode: bool = True) -> "SatipatthanaSystem":
        """Training mode, for what learns; what is frozen stays in eval mode."""
        super().train(mode)
        for name, component in self.components().items():
            component.train(mode and name in self._learning)
        return self

    def get_trainable_params(self) -> dict[str, list[str]]:
        """Component -> names of its parameters that learn now. Empty: nothing learns."""
        out: dict[str, list[str]] = {}
        for name, component in self.components().items():
            names = [key for key, parameter in component.named_parameters() if parameter.requires_grad]
            if names:
                out[name] = names
        return out

    def freshly_initialised(self) -> "SatipatthanaSystem":
        """The same network as it was before any training. Raises ValueError where a part was passed as an object, whose
        beginning nobody knows: pass the function that makes it."""
        if not self.begins_again:
            objects = [name for name, part in self.given.items() if isinstance(part, nn.Module)]
            raise ValueError(
                f"This system was built with its own {', '.join(objects)}; pass functions that make such parts instead."
            )
        return SatipatthanaSystem(self.config, self.given)

    @property
    def begins_again(self) -> bool:
        """Whether it can be built again as it was before training."""
        return not any(isinstance(part, nn.Module) for part in self.given.values())
